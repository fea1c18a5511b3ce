-- verify_invoice() finds what was changed behind the extension's back: ledger, price, line or total.
\set SHOW_CONTEXT never
SET tenancy.clock = '2026-03-10 00:00:00';
SELECT tenancy.create_plan('iy_plan'), tenancy.create_metric('iy.calls'), tenancy.set_price('iy_plan', 'iy.calls', 0.335), tenancy.set_fee('iy_plan', 'base', 0.33),
    tenancy.create_tenant('iy_acme', 'iy_plan');
SET tenancy.tenant_id = 'iy_acme';
SELECT tenancy.record_usage('iy.calls', 1);
RESET tenancy.tenant_id;
SET tenancy.clock = '2026-04-10 00:00:00';
SELECT tenancy.issue_invoice('iy_acme', '2026-03-15') AS id \gset
SELECT * FROM tenancy.verify_invoice(:id);
BEGIN;
UPDATE tenancy.usage_ledger SET amount = 2 WHERE tenant_id = 'iy_acme';
SELECT * FROM tenancy.verify_invoice(:id);
ROLLBACK;
BEGIN;
UPDATE tenancy.prices SET params = '{"unit": "0.331"}' WHERE plan = 'iy_plan' AND metric IS NOT NULL;
SELECT * FROM tenancy.verify_invoice(:id);
ROLLBACK;
BEGIN;
ALTER TABLE tenancy.invoice_lines DISABLE TRIGGER ALL;
UPDATE tenancy.invoice_lines SET quantity = 2 WHERE invoice_id = :id AND metric IS NOT NULL;
SELECT * FROM tenancy.verify_invoice(:id);
DELETE FROM tenancy.invoice_lines WHERE invoice_id = :id AND metric IS NULL;
SELECT * FROM tenancy.verify_invoice(:id);
ROLLBACK;
BEGIN;
ALTER TABLE tenancy.invoices DISABLE TRIGGER ALL;
UPDATE tenancy.invoices SET total = 0.66, subtotal = 0.66 WHERE id = :id;
SELECT * FROM tenancy.verify_invoice(:id);
ROLLBACK;
SELECT * FROM tenancy.verify_invoice(:id);
DELETE FROM tenancy.tenants WHERE id = 'iy_acme';
RESET tenancy.clock;
