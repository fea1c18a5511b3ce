-- A period in advance that a pause has cut short is settled when it is over, also where shorter periods of another plan were invoiced since: what
-- was not used is credited, and what was used is charged, once. The figures are worked out by hand.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE TEMPORARY VIEW lines AS SELECT i.tenant_id, i.period_start::date AS since, i.period_end::date AS until, l.kind, l.component, l.item_start::date, l.item_end::date, l.amount
FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id WHERE i.tenant_id LIKE 'sg\_%' AND i.status <> 'void' ORDER BY i.tenant_id, i.id, l.line_no;
SET tenancy.clock = '2029-01-01 00:00:00';
SELECT tenancy.create_metric('sg.calls'), tenancy.create_plan('sg_year'), tenancy.set_plan_terms('sg_year', period => 'year'), tenancy.set_fee('sg_year', 'base', 365, timing => 'advance'),
    tenancy.set_price('sg_year', 'sg.calls', 1), tenancy.create_plan('sg_month'), tenancy.set_fee('sg_month', 'base', 31);
-- one pauses and comes back on another plan, one changes the plan at once, one pauses and stays away
SELECT tenancy.create_tenant('sg_gap', 'sg_year'), tenancy.create_tenant('sg_next', 'sg_year'), tenancy.create_tenant('sg_stop', 'sg_year'), cardinality(tenancy.open_accounts('sg_gap')),
    cardinality(tenancy.open_accounts('sg_next')), cardinality(tenancy.open_accounts('sg_stop'));
SET tenancy.clock = '2029-01-20 00:00:00';
SET tenancy.tenant_id = 'sg_gap';
SELECT tenancy.record_usage('sg.calls', 9);
RESET tenancy.tenant_id;
-- 60 of 365 days
SET tenancy.clock = '2029-03-02 00:00:00';
SELECT tenancy.pause_subscription('sg_gap'), tenancy.change_plan('sg_next', 'sg_month'), tenancy.pause_subscription('sg_stop');
SET tenancy.clock = '2029-04-01 00:00:00';
SELECT tenant_id, total, error FROM tenancy.issue_due_invoices() WHERE tenant_id LIKE 'sg\_%' ORDER BY 1;
SET tenancy.clock = '2029-10-01 00:00:00';
SELECT tenancy.change_plan('sg_gap', 'sg_month');
SET tenancy.clock = '2029-12-01 00:00:00';
SELECT tenant_id, count(*), sum(total), count(error) FROM tenancy.issue_due_invoices() WHERE tenant_id LIKE 'sg\_%' GROUP BY 1 ORDER BY 1;
-- the year is over: 9 for use, 305 too much in advance, 296 go to December's 31 and what comes
SET tenancy.clock = '2030-01-01 00:00:00';
SELECT tenant_id, period_start::date, period_end::date, day FROM tenancy.due_invoices WHERE tenant_id LIKE 'sg\_%' ORDER BY 1, 2;
SELECT count(*) > 0 AS some FROM tenancy.issue_due_invoices();
SELECT * FROM lines WHERE tenant_id <> 'sg_next';
-- the fee of March is 31 x 30 / 31, less 305; nothing more of the year
SELECT since, until, sum(amount) AS amount FROM lines WHERE tenant_id = 'sg_next' AND kind NOT IN ('credit', 'carried') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) FROM tenancy.due_invoices WHERE tenant_id LIKE 'sg\_%';
SELECT tenant_id, sum(balance) FROM tenancy.credit_grants WHERE tenant_id LIKE 'sg\_%' GROUP BY 1 ORDER BY 1;
SELECT r.* FROM tenancy.reconcile('2029-01-01', '2030-02-01') r WHERE r.tenant_id LIKE 'sg\_%';
DELETE FROM tenancy.tenants WHERE id LIKE 'sg\_%';
RESET tenancy.clock;
