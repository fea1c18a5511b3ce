-- Terms of plans: years, anchor days that months do not have, trials, proration by day, minimums, rounding.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT d::date AS day, p.* FROM generate_series(timestamptz '2027-01-30', '2027-03-31', '20 days') d, tenancy.billing_period('month', 1, 31, 'UTC', d) p;
SELECT * FROM tenancy.billing_period('year', 2, 29, 'UTC', '2027-06-01');
-- every instant is in exactly one period, wherever clocks change
SELECT count(*) FROM (
    SELECT z, t, p.*, lag(p.period_end) OVER (PARTITION BY z ORDER BY t) AS last_end, lag(p.period_start) OVER (PARTITION BY z ORDER BY t) AS last_start
    FROM unnest('{UTC,America/Havana,Australia/Lord_Howe,Asia/Kathmandu}'::text[]) z, generate_series(timestamptz '2020-01-15', '2020-12-15', '6 hours') t, tenancy.billing_period('month', 1, 1, z, t) p) x
WHERE NOT (period_start <= t AND t < period_end) OR (period_start <> last_start AND period_start <> last_end);
SET tenancy.clock = '2026-01-31 12:00:00';
SELECT tenancy.create_plan('st_day'), tenancy.set_plan_terms('st_day', anchor_day => 0, proration => 'day', trial_days => 10, rounding => 'half_even'), tenancy.set_plan_terms('st_day', anchor_day => 0);
SELECT tenancy.create_plan('st_year'), tenancy.set_plan_terms('st_year', period => 'year');
SELECT tenancy.set_fee('st_day', 'base', 28), tenancy.set_minimum('st_day', 50), tenancy.set_fee('st_year', 'base', 365, timing => 'advance'), tenancy.create_metric('st.calls'), tenancy.set_price('st_day', 'st.calls', 0.125);
SELECT tenancy.create_tenant('st_a', 'st_day'), tenancy.create_tenant('st_b', 'st_year');
SELECT tenant_id, period, anchor_month, anchor_day, trial_end, is_new FROM tenancy.subscriptions WHERE tenant_id LIKE 'st\_%' ORDER BY 1;
SET tenancy.tenant_id = 'st_a';
SELECT tenancy.record_usage('st.calls', 1000, at => '2026-02-01 00:00+00'), tenancy.record_usage('st.calls', 1);
SET tenancy.clock = '2026-02-20 00:00:00';
SELECT tenancy.record_usage('st.calls', 1);
RESET tenancy.tenant_id;
SELECT kind, component, quantity, exact_amount FROM tenancy.preview_invoice('st_a');
SET tenancy.clock = '2026-03-01 00:00:00';
SELECT tenant_id, total, error FROM tenancy.issue_due_invoices() WHERE tenant_id LIKE 'st\_%' ORDER BY 1;
SELECT tenant_id, total, error FROM tenancy.issue_due_invoices() WHERE tenant_id LIKE 'st\_%' ORDER BY 1;
SELECT i.tenant_id, i.period_start, i.period_end, l.kind, l.component, l.numerator, l.denominator, l.quantity, round(l.exact_amount, 4) AS exact, l.amount
FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id WHERE i.tenant_id LIKE 'st\_%' ORDER BY 1, l.line_no;
SELECT kind, component, tier, units, unit_amount, amount, part, calculation FROM tenancy.explain_invoice((SELECT id FROM tenancy.invoices WHERE tenant_id = 'st_a'));
SELECT tenancy.set_plan_terms('st_day', anchor_day => 32);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_plan_terms('st_none');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.create_plan('st_euro', currency => 'EUR'), tenancy.change_plan('st_a', 'st_euro');
\echo :LAST_ERROR_SQLSTATE
DELETE FROM tenancy.tenants WHERE id LIKE 'st\_%';
RESET tenancy.clock;
