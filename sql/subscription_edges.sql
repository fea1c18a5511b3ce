-- The edges of periods: changes exactly at a boundary and between months and years, moved zones, trials with fees in advance, invoices made again.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-01-01 00:00:00';
SELECT tenancy.create_plan('se_month'), tenancy.create_plan('se_big'), tenancy.create_plan('se_year'), tenancy.create_plan('se_trial'), tenancy.set_plan_terms('se_year', period => 'year', late_days => 366),
    tenancy.set_plan_terms('se_trial', trial_days => 14), tenancy.create_metric('se.calls');
SELECT tenancy.set_fee('se_month', 'base', 31), tenancy.set_fee('se_big', 'base', 62), tenancy.set_fee('se_year', 'base', 365), tenancy.set_fee('se_trial', 'base', 31, timing => 'advance'),
    tenancy.set_setup_fee('se_trial', 5), tenancy.set_price('se_month', 'se.calls', 1), tenancy.set_price('se_big', 'se.calls', 2), tenancy.set_price('se_year', 'se.calls', 3);
CREATE TEMPORARY VIEW lines AS SELECT i.tenant_id, i.period_start::date AS since, i.period_end::date AS until, i.plan AS of, l.kind, l.component, l.plan, l.item_start::timestamptz(0), l.item_end, l.quantity, l.amount
FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id WHERE i.tenant_id LIKE 'se\_%' AND i.status <> 'void' ORDER BY i.tenant_id, i.id, l.line_no;
CREATE TEMPORARY VIEW books AS SELECT r.part, r.tenant_id, r.object, r.expected, r.actual, r.detail FROM tenancy.reconcile('2025-01-01', '2030-01-01') r WHERE r.tenant_id LIKE 'se\_%';
\echo a change exactly where one period ends and the next begins: each plan has whole fees and its own usage
SELECT tenancy.create_tenant('se_edge', 'se_month');
SET tenancy.tenant_id = 'se_edge';
SET tenancy.clock = '2026-02-01 00:00:00';
SELECT tenancy.record_usage('se.calls', 10, at => '2026-01-31 23:59:59.999999+00'), tenancy.change_plan('se_edge', 'se_big'), tenancy.record_usage('se.calls', 7);
RESET tenancy.tenant_id;
SET tenancy.clock = '2026-03-01 00:00:00';
SELECT tenancy.issue_invoice('se_edge', '2026-02-10') < tenancy.issue_invoice('se_edge', '2026-01-10') AS february_first;
SELECT * FROM lines WHERE tenant_id = 'se_edge';
SELECT * FROM books;
\echo from months to years within a month: the month is billed by itself, although the year begins in it
SET tenancy.clock = '2026-03-01 00:00:00';
SELECT tenancy.create_tenant('se_grow', 'se_month');
SET tenancy.tenant_id = 'se_grow';
SELECT tenancy.record_usage('se.calls', 3);
SET tenancy.clock = '2026-03-15 00:00:00';
SELECT tenancy.change_plan('se_grow', 'se_year'), tenancy.record_usage('se.calls', 4);
RESET tenancy.tenant_id;
SET tenancy.clock = '2026-04-02 00:00:00';
SELECT period_start, period_end, day FROM tenancy.due_invoices WHERE tenant_id = 'se_grow';
SELECT count(*), count(error) FROM tenancy.issue_due_invoices() WHERE tenant_id = 'se_grow';
SELECT * FROM lines WHERE tenant_id = 'se_grow';
SELECT tenancy.issue_invoice('se_grow', '2026-03-20');
\echo late usage of the first weeks, within the late days of the yearly plan
SET tenancy.tenant_id = 'se_grow';
SELECT tenancy.record_usage('se.calls', 2, at => '2026-03-02 00:00+00');
RESET tenancy.tenant_id;
SET tenancy.clock = '2027-03-02 00:00:00';
SELECT count(*), count(error) FROM tenancy.issue_due_invoices() WHERE tenant_id = 'se_grow';
SELECT since, until, kind, component, plan, item_start, item_end, quantity, round(amount, 2) AS amount FROM lines WHERE tenant_id = 'se_grow';
SELECT * FROM books;
\echo a moved time zone: the running subscription keeps its own, and no usage is lost or billed twice
SET tenancy.clock = '2027-04-01 00:00:00';
SELECT tenancy.create_tenant('se_zone', 'se_month', time_zone => 'Asia/Kathmandu');
SET tenancy.tenant_id = 'se_zone';
SELECT tenancy.record_usage('se.calls', 1);
SET tenancy.clock = '2027-04-30 20:00:00';
SELECT tenancy.record_usage('se.calls', 10, at => '2027-04-30 18:14:59+00'), tenancy.record_usage('se.calls', 100, at => '2027-04-30 18:15:00+00'), tenancy.record_usage('se.calls', 1000, at => '2027-04-30 18:40+00');
RESET tenancy.tenant_id;
SELECT pending FROM tenancy.rollup('5 s');
UPDATE tenancy.tenants SET time_zone = 'America/New_York' WHERE id = 'se_zone';
SET tenancy.tenant_id = 'se_zone';
SELECT tenancy.record_usage('se.calls', 10000, at => '2027-04-30 18:30+00'), tenancy.record_usage('se.calls', 20000, at => '2027-04-30 18:10+00');
RESET tenancy.tenant_id;
SET tenancy.clock = '2027-06-02 00:00:00';
SELECT count(*), count(error) FROM tenancy.issue_due_invoices() WHERE tenant_id = 'se_zone';
SELECT item_start, item_end, kind, quantity, amount FROM lines WHERE tenant_id = 'se_zone' AND kind <> 'fee';
SELECT * FROM books;
\echo a trial before a fee in advance: the set-up and the rest of the month when it ends, then whole months ahead
SET tenancy.clock = '2027-07-01 00:00:00';
SELECT tenancy.create_tenant('se_trial', 'se_trial'), cardinality(tenancy.open_accounts('se_trial')) AS too_early;
SET tenancy.clock = '2027-08-02 00:00:00';
SELECT count(*), count(error) FROM tenancy.issue_due_invoices() WHERE tenant_id = 'se_trial';
SELECT since, until, kind, component, item_start, item_end, amount FROM lines WHERE tenant_id = 'se_trial';
SET tenancy.clock = '2027-09-01 00:00:00';
SELECT tenancy.create_tenant('se_try', 'se_trial');
SET tenancy.clock = '2027-09-15 00:00:00';
SELECT cardinality(tenancy.open_accounts('se_try'));
SELECT since, until, kind, component, item_start, item_end, amount FROM lines WHERE tenant_id = 'se_try';
\echo canceled within the trial: nothing is due
SELECT tenancy.create_tenant('se_left', 'se_trial'), tenancy.cancel_subscription('se_left', 'now') IS NOT NULL AS canceled;
SET tenancy.clock = '2027-11-02 00:00:00';
SELECT total, error FROM tenancy.issue_due_invoices() WHERE tenant_id = 'se_left';
SELECT sum(amount) FROM lines WHERE tenant_id = 'se_left';
SELECT * FROM books;
\echo a trial beyond the first period, without proration: nothing of that period, one whole fee of the next, also where the plan changed in the trial
SET tenancy.clock = '2027-12-01 00:00:00';
SELECT tenancy.create_plan('se_long'), tenancy.create_plan('se_longer'), tenancy.set_plan_terms('se_long', trial_days => 45, proration => 'none'), tenancy.set_plan_terms('se_longer', proration => 'none');
SELECT tenancy.set_fee('se_long', 'base', 10), tenancy.set_fee('se_long', 'ahead', 20, timing => 'advance'), tenancy.set_minimum('se_long', 50), tenancy.set_fee('se_longer', 'ahead', 200, timing => 'advance'),
    tenancy.create_tenant('se_long', 'se_long'), tenancy.create_tenant('se_longer', 'se_long'), tenancy.create_tenant('se_quit', 'se_long');
SET tenancy.clock = '2027-12-20 00:00:00';
SELECT tenancy.change_plan('se_longer', 'se_longer') IS NOT NULL AS changed, tenancy.cancel_subscription('se_quit', '2028-01-10 00:00+00');
SET tenancy.clock = '2028-01-20 00:00:00';
SELECT count(*), count(error) FROM tenancy.issue_due_invoices() WHERE tenant_id ~ '^se_(long|quit)';
SET tenancy.clock = '2028-02-02 00:00:00';
SELECT count(*), count(error) FROM tenancy.issue_due_invoices() WHERE tenant_id ~ '^se_(long|quit)';
SELECT tenant_id, since, until, kind, component, item_start, item_end, amount FROM lines WHERE tenant_id ~ '^se_(long|quit)';
SELECT * FROM books;
\echo another currency: when the last period in the old one is over, on invoices of its own
SELECT tenancy.create_plan('se_euro', currency => 'EUR'), tenancy.set_fee('se_euro', 'base', 29, timing => 'advance'), tenancy.create_tenant('se_money', 'se_month');
SET tenancy.clock = '2028-02-10 00:00:00';
SELECT tenancy.set_plan('se_money', 'se_euro');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.cancel_subscription('se_money', 'now');
SELECT tenancy.change_plan('se_money', 'se_euro');
SELECT tenancy.set_plan('se_money', 'se_euro');
SELECT tenancy.change_plan('se_money', 'se_euro', '2028-03-01 00:00+00');
SET tenancy.clock = '2028-03-01 00:00:00';
SELECT total, currency, error FROM tenancy.issue_due_invoices() WHERE tenant_id = 'se_money';
SET tenancy.clock = '2028-04-01 00:00:00';
SELECT total, currency, error FROM tenancy.issue_due_invoices() WHERE tenant_id = 'se_money';
SELECT since, until, of, kind, plan, item_start, item_end, amount FROM lines WHERE tenant_id = 'se_money';
SELECT * FROM books;
\echo an invoice voided after a later one: neither becomes wrong, and it is made again once
SET tenancy.clock = '2028-01-01 00:00:00';
SELECT tenancy.create_tenant('se_void', 'se_month');
SET tenancy.clock = '2028-02-01 00:00:00';
SELECT tenancy.issue_invoice('se_void', '2028-01-10') AS january \gset
SET tenancy.clock = '2028-03-01 00:00:00';
SELECT tenancy.issue_invoice('se_void', '2028-02-10') > :january AS february;
SET tenancy.clock = '2028-03-02 00:00:00';
SELECT tenancy.void_invoice(:january, 'test'), tenancy.void_invoice(:january, 'test') AS again;
SELECT * FROM books;
SELECT tenancy.issue_invoice('se_void', '2028-01-10') > :january AS again, tenancy.issue_invoice('se_void', '2028-01-10') = tenancy.issue_invoice('se_void', '2028-01-20') AS once;
SELECT since, sum(amount) FROM lines WHERE tenant_id = 'se_void' GROUP BY since ORDER BY since;
SELECT * FROM books;
DELETE FROM tenancy.tenants WHERE id LIKE 'se\_%';
RESET tenancy.clock;
