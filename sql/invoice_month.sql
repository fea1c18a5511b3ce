-- All invoices of a month: who gets one, who not yet, and the same again when repeated.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
-- so long ago that no other test's tenants existed
SET tenancy.clock = '2001-03-10 00:00:00';
SELECT tenancy.create_plan('im_plan', currency => 'CHF'), tenancy.create_metric('im.calls'), tenancy.set_fee('im_plan', 'base', 10), tenancy.set_price('im_plan', 'im.calls', 0.25);
SELECT count(*) FROM tenancy.create_tenants('[{"id": "im_a", "plan": "im_plan"}, {"id": "im_b", "plan": "im_plan", "time_zone": "America/Los_Angeles"}, {"id": "im_closed", "plan": "im_plan"},
    {"id": "im_suspended", "plan": "im_plan"}, {"id": "im_none"}]');
SET tenancy.tenant_id = 'im_a';
SELECT tenancy.record_usage('im.calls', 3);
SET tenancy.tenant_id = 'im_closed';
SELECT tenancy.record_usage('im.calls', 5);
RESET tenancy.tenant_id;
SELECT tenancy.close_tenant('im_closed'), tenancy.suspend_tenant('im_suspended');
SET tenancy.clock = '2001-04-01 00:00:00';
SELECT tenancy.create_tenant('im_later', 'im_plan');
SELECT tenant_id, total, currency, created, error FROM tenancy.issue_invoices('2001-03-15');
SELECT tenant_id, total, currency, created, error FROM tenancy.issue_invoices('2001-03-15');
SET tenancy.clock = '2001-05-01 07:00:00';
SELECT tenant_id, total, currency, created, error FROM tenancy.issue_invoices('2001-03-15');
SELECT tenant_id, total, currency, created, error FROM tenancy.issue_invoices('2001-04-15');
SELECT * FROM tenancy.issue_invoices('2001-02-15');
SELECT tenant_id, period_start, total FROM tenancy.invoices WHERE tenant_id LIKE 'im\_%' ORDER BY period_start, tenant_id;
SELECT count(*) FILTER (WHERE NOT v.ok) AS wrong FROM tenancy.invoices i, tenancy.verify_invoice(i.id) v WHERE i.tenant_id LIKE 'im\_%';
DELETE FROM tenancy.tenants WHERE id LIKE 'im\_%';
RESET tenancy.clock;
