-- Invoices: a month of the tenant's zone, exact lines, one rounding, once a tenant and month.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_plan('iv_basic', currency => 'EUR'), tenancy.create_plan('iv_yen', currency => 'JPY'), tenancy.create_metric('iv.calls'), tenancy.create_metric('iv.mb');
SELECT tenancy.create_tenant('iv_kolkata', 'iv_basic', time_zone => 'Asia/Kolkata'), tenancy.create_tenant('iv_idle', 'iv_basic'), tenancy.create_tenant('iv_tokyo', 'iv_yen'), tenancy.create_tenant('iv_free');
SELECT tenancy.set_fee('iv_basic', 'base', 9.99), tenancy.set_price('iv_basic', 'iv.calls', 0.0033), tenancy.set_price('iv_basic', 'iv.mb', 0.0101), tenancy.set_price('iv_yen', 'iv.calls', 1.4);
SET tenancy.tenant_id = 'iv_kolkata';
SELECT tenancy.record_usage('iv.calls', 101), tenancy.record_usage('iv.mb', 33), tenancy.record_usage('iv.calls', 5, at => '2026-03-10 00:00+00');
-- March begins at 18:30 UTC there
SELECT tenancy.record_usage('iv.calls', 1000, at => '2026-02-28 18:30+00'), tenancy.record_usage('iv.calls', 10000, at => '2026-02-28 18:29:59+00');
SET tenancy.tenant_id = 'iv_tokyo';
SELECT tenancy.record_usage('iv.calls', 1);
RESET tenancy.tenant_id;
SELECT tenancy.issue_invoice('iv_kolkata', '2026-03-05');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.issue_invoice('iv_free', '2026-02-05');
SELECT tenancy.issue_invoice('iv_none', '2026-02-05');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.issue_invoice('iv_kolkata', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM tenancy.invoices WHERE tenant_id LIKE 'iv\_%';
SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenant_id, total, currency, created, error FROM tenancy.issue_invoices('2026-03-31') WHERE tenant_id LIKE 'iv\_%';
SELECT tenant_id, total, currency, created, error FROM tenancy.issue_invoices('2026-03-01') WHERE tenant_id LIKE 'iv\_%';
SELECT tenancy.issue_invoice('IV_Kolkata', '2026-03-20') = (SELECT id FROM tenancy.invoices WHERE tenant_id = 'iv_kolkata') AS the_same;
SELECT i.tenant_id, l.line_no, l.component, l.quantity, l.unit_amount, l.exact_amount, l.amount
FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id WHERE i.tenant_id LIKE 'iv\_%' ORDER BY i.tenant_id, l.line_no;
SELECT i.tenant_id, i.period_start, i.period_end, i.total, sum(l.amount) AS lines
FROM tenancy.invoices i LEFT JOIN tenancy.invoice_lines l ON l.invoice_id = i.id WHERE i.tenant_id LIKE 'iv\_%' GROUP BY i.id ORDER BY i.tenant_id;
SELECT i.tenant_id, v.component, v.expected, v.actual, v.ok FROM tenancy.invoices i, tenancy.verify_invoice(i.id) v WHERE i.tenant_id LIKE 'iv\_%' ORDER BY i.tenant_id, v.line_no;
SELECT * FROM tenancy.verify_invoice(-1);
