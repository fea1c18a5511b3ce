-- Usage that comes after its month's invoice changes neither the invoice nor its check; late_usage shows it.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-10 00:00:00';
SELECT tenancy.create_plan('il_plan'), tenancy.create_metric('il.calls'), tenancy.create_metric('il.mails'), tenancy.set_price('il_plan', 'il.calls', 0.25), tenancy.create_tenant('il_acme', 'il_plan');
SET tenancy.tenant_id = 'il_acme';
SELECT tenancy.record_usage('il.calls', 100);
SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenancy.record_usage('il.calls', 7);
SELECT tenancy.issue_invoice('il_acme', '2026-03-15') IS NOT NULL AS issued;
SELECT count(*) FROM tenancy.late_usage WHERE tenant_id = 'il_acme';
SELECT tenancy.record_usage('il.calls', 11, 'late', '2026-03-31 23:59:59+00'), tenancy.record_usage('il.calls', 2, at => '2026-03-05 00:00+00'),
    tenancy.record_usage('il.mails', 5, at => '2026-03-05 00:00+00'), tenancy.record_usage('il.calls', 3, at => '2026-02-28 00:00+00'), tenancy.record_usage('il.calls', 17);
SELECT tenant_id, metric, invoiced, used FROM tenancy.late_usage WHERE tenant_id = 'il_acme' ORDER BY metric;
SELECT watermark_to >= watermark_from AS rolled FROM tenancy.rollup();
SELECT tenant_id, metric, invoiced, used FROM tenancy.late_usage WHERE tenant_id = 'il_acme' ORDER BY metric;
SELECT v.*, tenancy.used('il_acme', 'il.calls') FROM tenancy.invoices i, tenancy.verify_invoice(i.id) v WHERE i.tenant_id = 'il_acme' ORDER BY line_no;
-- on time for its own month
SET tenancy.clock = '2026-05-01 00:00:00';
SELECT tenancy.issue_invoice('il_acme', '2026-04-15') > tenancy.issue_invoice('il_acme', '2026-03-15') AS another;
SELECT period_start, total FROM tenancy.invoices WHERE tenant_id = 'il_acme' ORDER BY period_start;
RESET tenancy.tenant_id;
DELETE FROM tenancy.tenants WHERE id = 'il_acme';
RESET tenancy.clock;
