-- reconcile(): nothing to report of good books, and exactly what was corrupted of bad ones.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-01 00:00:00';
SELECT tenancy.create_plan('bk_plan'), tenancy.create_metric('bk.calls'), tenancy.create_metric('bk.level', aggregation => 'time_weighted'),
    tenancy.set_price('bk_plan', 'bk.calls', 0.25), tenancy.set_price('bk_plan', 'bk.level', 0.01), tenancy.set_fee('bk_plan', 'base', 10, timing => 'advance'),
    tenancy.create_tenant('bk_acme', 'bk_plan', time_zone => 'Asia/Kathmandu'), tenancy.create_tenant('bk_beta', 'bk_plan'),
    tenancy.set_tax('bk_acme', 'VAT', 20), tenancy.grant_credit('bk_acme', 5) > 0 AS credit;
SELECT cardinality(tenancy.open_accounts('bk_acme')), cardinality(tenancy.open_accounts('bk_beta'));
SET tenancy.tenant_id = 'bk_acme';
SELECT tenancy.record_usage('bk.calls', 10, 'first', attributes => '{"a": 1}'), tenancy.record_usage('bk.level', 7);
SET tenancy.clock = '2026-03-20 12:00:00';
SELECT tenancy.record_usage('bk.calls', 100, at => '2026-03-05 10:20+00');
SET tenancy.tenant_id = 'bk_beta';
SELECT tenancy.record_usage('bk.calls', 4);
RESET tenancy.tenant_id;
SET tenancy.clock = '2026-04-02 00:00:00';
SELECT tenancy.issue_invoice('bk_acme', '2026-03-15') AS acme, tenancy.issue_invoice('bk_beta', '2026-03-15') AS beta \gset
SELECT tenancy.issue_credit_note(:acme, '[{"line": 1, "amount": "1"}]') AS note \gset
CREATE TEMPORARY VIEW differences AS SELECT r.part, r.tenant_id, regexp_replace(r.object, '(INV|CN)-[0-9]+|(grant )[0-9]+', '\1\2', 'g') AS object, r.expected, r.actual, r.detail
    FROM tenancy.reconcile('2026-02-01', '2026-05-01') r WHERE r.tenant_id ~ '^(bk_.*|)$';
SELECT * FROM differences;
-- a changed zone moves no hours that are kept
BEGIN;
UPDATE tenancy.tenants SET time_zone = 'UTC' WHERE id = 'bk_acme';
SELECT * FROM differences;
ROLLBACK;
\echo hours
BEGIN;
UPDATE tenancy.usage_hourly SET quantity = quantity + 1 WHERE tenant_id = 'bk_acme' AND quantity = 100;
SELECT * FROM differences;
ROLLBACK;
BEGIN;
DELETE FROM tenancy.usage_hourly WHERE tenant_id = 'bk_beta';
SELECT * FROM differences;
ROLLBACK;
\echo ledger
BEGIN;
DELETE FROM tenancy.usage_ledger WHERE tenant_id = 'bk_beta';
SELECT * FROM differences;
ROLLBACK;
BEGIN;
INSERT INTO tenancy.usage_ledger (tenant_id, metric, amount, at, stamp, key, attributes) SELECT tenant_id, metric, amount, at, stamp, key, attributes FROM tenancy.usage_ledger WHERE key = 'first' AND tenant_id = 'bk_acme';
SELECT * FROM differences WHERE part <> 'line';
ROLLBACK;
BEGIN;
UPDATE tenancy.usage_keys SET attributes = '{"a": 2}' WHERE tenant_id = 'bk_acme';
SELECT * FROM differences;
ROLLBACK;
\echo prices, subscriptions
BEGIN;
UPDATE tenancy.prices SET params = '{"unit": "0.26"}' WHERE plan = 'bk_plan' AND metric = 'bk.calls';
SELECT * FROM differences;
ROLLBACK;
BEGIN;
-- not kept, as a change would be
ALTER TABLE tenancy.subscriptions DISABLE TRIGGER history;
UPDATE tenancy.subscriptions SET starts_at = '2026-03-02', trial_end = '2026-03-03' WHERE tenant_id = 'bk_beta';
SELECT part, tenant_id FROM differences GROUP BY 1, 2 ORDER BY 1, 2;
ROLLBACK;
\echo invoices
BEGIN;
ALTER TABLE tenancy.invoice_lines DISABLE TRIGGER ALL;
UPDATE tenancy.invoice_lines SET amount = amount + 0.01 WHERE invoice_id = :beta AND line_no = 1;
SELECT * FROM differences;
ROLLBACK;
BEGIN;
ALTER TABLE tenancy.invoices DISABLE TRIGGER ALL;
UPDATE tenancy.invoices SET total = total + 1, tax = tax + 1 WHERE id = :acme;
SELECT * FROM differences;
CREATE TEMPORARY TABLE gone AS SELECT issue_no FROM tenancy.invoices WHERE id = :beta;
DELETE FROM tenancy.invoices WHERE id = :beta;
SELECT part, expected - actual = 1 AS one_less, object = 'invoice ' || (SELECT issue_no FROM gone) AS named FROM differences WHERE part = 'number' ORDER BY named;
ROLLBACK;
BEGIN;
ALTER TABLE tenancy.invoice_lines DISABLE TRIGGER ALL;
ALTER TABLE tenancy.invoices DISABLE TRIGGER ALL;
UPDATE tenancy.invoice_lines SET amount = -1000, exact_amount = -1000 WHERE invoice_id = :note AND kind = 'adjustment';
UPDATE tenancy.invoices SET subtotal = -1000, total = total - 999 WHERE id = :note;
SELECT * FROM differences;
ROLLBACK;
\echo credits
BEGIN;
UPDATE tenancy.credit_grants SET balance = 3 WHERE tenant_id = 'bk_acme';
SELECT * FROM differences;
ROLLBACK;
BEGIN;
DELETE FROM tenancy.credit_entries WHERE kind = 'draw' AND grant_id IN (SELECT id FROM tenancy.credit_grants WHERE tenant_id = 'bk_acme');
SELECT * FROM differences;
ROLLBACK;
-- voided and made again: the credit has come back and gone again
SELECT tenancy.void_invoice(:beta, 'test'), tenancy.issue_invoice('bk_beta', '2026-03-15') <> :beta AS again;
SELECT * FROM differences;
SELECT count(*) FROM tenancy.reconcile('-infinity', 'infinity', 'BK_beta');
SELECT * FROM tenancy.reconcile('2026-05-01', '2026-05-01');
DELETE FROM tenancy.tenants WHERE id LIKE 'bk\_%';
RESET tenancy.clock;
