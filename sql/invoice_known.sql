-- An invoice recomputes as things were known when it was made: prices and terms that come later do not make it wrong, but the next one adjusts it.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE TEMPORARY VIEW lines AS SELECT i.tenant_id, i.period_start::date AS since, l.kind, l.component, l.item_start::date, l.exact_amount, l.amount
FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id WHERE i.tenant_id LIKE 'in\_%' ORDER BY i.tenant_id, i.id, l.line_no;
CREATE TEMPORARY VIEW books AS SELECT r.part, r.tenant_id, r.expected, r.actual, r.detail FROM tenancy.reconcile('2030-01-01', '2031-01-01') r WHERE r.tenant_id LIKE 'in\_%';
\echo a fee in advance that changes, and one that is new, after it was billed for the month
SET tenancy.clock = '2030-01-01 00:00:00';
SELECT tenancy.create_plan('in_plan'), tenancy.set_fee('in_plan', 'base', 10, timing => 'advance'), tenancy.set_setup_fee('in_plan', 7), tenancy.create_tenant('in_acme', 'in_plan');
SELECT cardinality(tenancy.open_accounts('in_acme'));
SET tenancy.clock = '2030-02-01 01:00:00';
SELECT count(tenancy.issue_invoice('in_acme', '2030-01-15'));
SET tenancy.clock = '2030-02-02 00:00:00';
SELECT tenancy.set_fee('in_plan', 'base', 12, '2030-02-01 00:00+00', timing => 'advance'), tenancy.set_fee('in_plan', 'extra', 3, timing => 'advance');
SELECT * FROM books;
SET tenancy.clock = '2030-03-01 00:00:00';
SELECT count(tenancy.issue_invoice('in_acme', '2030-02-15'));
SELECT * FROM lines;
SELECT * FROM books;
\echo other terms of the plan: rounding, and how late usage may come
SET tenancy.clock = '2030-04-01 00:00:00';
SELECT tenancy.create_plan('in_round'), tenancy.create_metric('in.calls'), tenancy.set_fee('in_round', 'base', 0.125), tenancy.set_price('in_round', 'in.calls', 1),
    tenancy.create_tenant('in_round', 'in_round'), tenancy.set_tax('in_round', 'VAT', 4);
SET tenancy.clock = '2030-05-01 00:00:00';
SELECT count(tenancy.issue_invoice('in_round', '2030-04-15'));
SET tenancy.tenant_id = 'in_round';
SELECT tenancy.record_usage('in.calls', 5, at => '2030-04-20 00:00+00');
RESET tenancy.tenant_id;
SET tenancy.clock = '2030-06-01 00:00:00';
SELECT count(tenancy.issue_invoice('in_round', '2030-05-15')), count(tenancy.draft_invoice('in_round', '2030-05-15')), tenancy.set_plan_terms('in_round', rounding => 'half_even', late_days => 0);
SELECT * FROM books;
SET tenancy.clock = '2030-07-01 00:00:00';
SELECT count(tenancy.issue_invoice('in_round', '2030-06-15'));
SELECT * FROM lines WHERE tenant_id = 'in_round';
SELECT * FROM books;
\echo a price that changes within a month: who is there keeps the old one for it, also after a pause; who comes then has the new one
SET tenancy.clock = '2030-09-01 00:00:00';
SELECT tenancy.create_plan('in_price'), tenancy.set_fee('in_price', 'base', 30), tenancy.create_tenant('in_there', 'in_price'), tenancy.create_tenant('in_pause', 'in_price');
SET tenancy.clock = '2030-09-06 00:00:00';
SELECT tenancy.set_fee('in_price', 'base', 60), tenancy.pause_subscription('in_pause') IS NOT NULL AS paused;
SET tenancy.clock = '2030-09-16 00:00:00';
SELECT tenancy.resume_subscription('in_pause') IS NOT NULL AS resumed, tenancy.create_tenant('in_new', 'in_price'), tenancy.change_plan('in_round', 'in_price') IS NOT NULL AS moved;
SET tenancy.clock = '2030-10-02 00:00:00';
SELECT count(*), count(error) FROM tenancy.issue_due_invoices() WHERE tenant_id LIKE 'in\_%';
SELECT tenant_id, since, component, item_start, amount FROM lines WHERE tenant_id IN ('in_there', 'in_pause', 'in_new', 'in_round') AND since = '2030-09-01' ORDER BY tenant_id, item_start;
SELECT tenancy.set_fee('in_price', 'base', 45, '2030-09-10 00:00+00');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM books;
SELECT tenancy.open_accounts('in_nobody');
\echo a change and a cancellation that were planned when a month in advance was billed up to them, and then taken back or overtaken
SET tenancy.clock = '2030-11-01 00:00:00';
SELECT tenancy.create_plan('in_undo'), tenancy.set_fee('in_undo', 'base', 31, timing => 'advance'), tenancy.create_plan('in_other'), tenancy.create_tenant('in_undo', 'in_undo'), tenancy.create_tenant('in_stay', 'in_undo');
SELECT cardinality(tenancy.open_accounts('in_undo')), cardinality(tenancy.open_accounts('in_stay'));
SET tenancy.clock = '2030-11-20 00:00:00';
SELECT tenancy.change_plan('in_undo', 'in_other', '2030-12-11 00:00+00'), tenancy.cancel_subscription('in_stay', '2030-12-21 00:00+00');
SET tenancy.clock = '2030-12-01 00:00:00';
SELECT count(tenancy.issue_invoice('in_undo', '2030-11-15')), count(tenancy.issue_invoice('in_stay', '2030-11-15'));
SET tenancy.clock = '2030-12-05 00:00:00';
SELECT tenancy.undo_subscription_change('in_undo'), tenancy.set_plan('in_stay', 'in_other');
SELECT * FROM books;
SET tenancy.clock = '2031-01-01 00:00:00';
SELECT count(tenancy.issue_invoice('in_undo', '2030-12-15')), count(tenancy.issue_invoice('in_stay', '2030-12-15'));
SELECT * FROM lines WHERE tenant_id IN ('in_undo', 'in_stay');
SELECT * FROM books;
DELETE FROM tenancy.tenants WHERE id LIKE 'in\_%';
RESET tenancy.clock;
