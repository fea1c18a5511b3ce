-- A final invoice never changes; what comes late is shown and billed to nobody behind his back.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_plan('if_basic'), tenancy.create_metric('if.calls'), tenancy.create_tenant('if_acme', 'if_basic'), tenancy.set_price('if_basic', 'if.calls', 0.5);
SET tenancy.tenant_id = 'if_acme';
SELECT tenancy.record_usage('if.calls', 3);
SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenancy.issue_invoice('if_acme', '2026-03-01') IS NOT NULL AS issued;
UPDATE tenancy.invoices SET total = 0 WHERE tenant_id = 'if_acme';
\echo :LAST_ERROR_SQLSTATE
DELETE FROM tenancy.invoices;
TRUNCATE tenancy.invoices CASCADE;
UPDATE tenancy.invoice_lines SET amount = 0;
DELETE FROM tenancy.invoice_lines;
INSERT INTO tenancy.invoice_lines (invoice_id, line_no, kind, component, quantity, exact_amount, amount)
SELECT id, 99, 'fee', 'more', 1, 5, 5 FROM tenancy.invoices WHERE tenant_id = 'if_acme';
-- nor one that is nothing, nor two that are nothing together
INSERT INTO tenancy.invoice_lines (invoice_id, line_no, kind, component, quantity, exact_amount, amount)
SELECT id, 99 + n, 'fee', 'more', 1, 5 - 10 * n, 5 - 10 * n FROM tenancy.invoices, generate_series(0, 1) n WHERE tenant_id = 'if_acme';
SET session_replication_role = replica;
UPDATE tenancy.invoices SET total = 0 WHERE tenant_id = 'if_acme';
RESET session_replication_role;
-- a later price and a late event leave it as it is
SELECT tenancy.set_price('if_basic', 'if.calls', 0.75);
SELECT tenancy.record_usage('if.calls', 2, at => '2026-03-31 23:00+00');
SELECT rows_rolled >= 1 AS rolled FROM tenancy.rollup(max_wait => '30 s');
SELECT total FROM tenancy.invoices WHERE tenant_id = 'if_acme';
SELECT tenant_id, metric, invoiced, used FROM tenancy.late_usage WHERE tenant_id = 'if_acme';
SELECT v.component, v.expected, v.actual, v.ok FROM tenancy.invoices i, tenancy.verify_invoice(i.id) v WHERE i.tenant_id = 'if_acme' AND v.line_no IS NOT NULL;
-- the next month has the new price
SELECT tenancy.record_usage('if.calls', 10);
SET tenancy.clock = '2026-05-01 00:00:00';
SELECT tenancy.issue_invoice('if_acme', '2026-04-01') IS NOT NULL AS issued;
SELECT period_start, total FROM tenancy.invoices WHERE tenant_id = 'if_acme' ORDER BY period_start;
RESET tenancy.tenant_id;
