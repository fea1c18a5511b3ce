-- A change of plan in a period: fees of both for their parts, what was paid in advance credited, usage at the price of its time.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-01 00:00:00';
SELECT tenancy.create_plan('sc_small'), tenancy.create_plan('sc_big'), tenancy.create_metric('sc.calls'),
    tenancy.set_fee('sc_small', 'base', 31, timing => 'advance'), tenancy.set_fee('sc_big', 'base', 62, timing => 'advance'),
    tenancy.set_price('sc_small', 'sc.calls', 1), tenancy.set_price('sc_big', 'sc.calls', 0.5);
SELECT tenancy.set_setup_fee('sc_small', 100), tenancy.create_tenant('sc_acme', 'sc_small');
SELECT cardinality(tenancy.open_accounts('sc_acme'));
SET tenancy.tenant_id = 'sc_acme';
SELECT tenancy.record_usage('sc.calls', 10);
SET tenancy.clock = '2026-03-11 00:00:00';
SELECT tenancy.change_plan('sc_acme', 'sc_big');
SELECT tenancy.record_usage('sc.calls', 4);
RESET tenancy.tenant_id;
SELECT plan FROM tenancy.tenants WHERE id = 'sc_acme';
SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenancy.issue_invoice('sc_acme', '2026-03-15') IS NOT NULL AS issued;
-- at the end of the period, and taken back; overlapping changes are refused
SELECT tenancy.change_plan('sc_acme', 'sc_small', 'period_end');
SELECT tenancy.change_plan('sc_acme', 'sc_small', 'now');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.undo_subscription_change('sc_acme'), tenancy.undo_subscription_change('sc_acme');
SELECT tenancy.change_plan('sc_acme', 'sc_small', '2026-03-31 00:00+00');
\echo :LAST_ERROR_SQLSTATE
-- paused for ten days, then canceled at the end of the period
SET tenancy.clock = '2026-04-11 00:00:00';
SELECT tenancy.pause_subscription('sc_acme');
SET tenancy.clock = '2026-04-21 00:00:00';
SELECT tenancy.resume_subscription('sc_acme'), tenancy.cancel_subscription('sc_acme');
SELECT tenancy.resume_subscription('sc_acme');
SET tenancy.clock = '2026-05-02 00:00:00';
SELECT tenant_id, total, error FROM tenancy.issue_due_invoices() WHERE tenant_id = 'sc_acme';
SELECT tenancy.issue_invoice('sc_acme', '2026-05-15');
SELECT i.period_start::date, i.period_end::date, i.total, l.kind, l.component, l.plan, l.item_start::date, l.item_end::date, l.quantity, round(l.exact_amount, 4) AS exact, round(l.billed_before, 4) AS before, l.amount
FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id WHERE i.tenant_id = 'sc_acme' ORDER BY i.id, l.line_no;
SELECT plan, starts_at, ends_at, end_reason FROM tenancy.subscriptions WHERE tenant_id = 'sc_acme' ORDER BY id;
SELECT count(*) FILTER (WHERE NOT v.ok) AS wrong, count(*) AS lines FROM tenancy.invoices i, tenancy.verify_invoice(i.id) v WHERE i.tenant_id = 'sc_acme';
-- what was paid in all is 10 days of 31 and 21 days of 62 in March, 20 days of 62 in April, the set-up and the usage
SELECT sum(amount) = 100 + 10 + 42 + round(62 * 20 / 30.0, 2) + 10 + 2 AS paid FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id
WHERE i.tenant_id = 'sc_acme' AND l.subscription_id IS NOT NULL;
SELECT grant_id > 0 AS granted, kind, e.amount, g.balance FROM tenancy.credit_entries e JOIN tenancy.credit_grants g ON g.id = e.grant_id WHERE g.tenant_id = 'sc_acme' ORDER BY e.id;
DELETE FROM tenancy.tenants WHERE id = 'sc_acme';
RESET tenancy.clock;
