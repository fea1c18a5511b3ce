-- Inside a larger transaction: its own uncommitted rows wait, and what is rolled back was not rolled up.
\set SHOW_CONTEXT never
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_metric('rt.calls'), tenancy.create_tenant('rt_acme');
SET tenancy.tenant_id = 'rt_acme';
SELECT tenancy.record_usage('rt.calls', 1, 'before');
BEGIN;
SELECT tenancy.record_usage('rt.calls', 10, 'own');
SELECT pending >= 1 AS own_row_waits FROM tenancy.rollup();
SELECT coalesce(sum(quantity), 0) < 10 AS not_rolled_up, tenancy.used('rt_acme', 'rt.calls') FROM tenancy.usage_hourly WHERE tenant_id = 'rt_acme';
COMMIT;
SELECT tenancy.used('rt_acme', 'rt.calls');
-- undone with the savepoint: hours and watermark together
BEGIN;
SAVEPOINT s;
SELECT watermark_to >= watermark_from AS rolled FROM tenancy.rollup();
ROLLBACK TO s;
SELECT tenancy.used('rt_acme', 'rt.calls');
COMMIT;
-- the same in the other isolation levels
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT tenancy.record_usage('rt.calls', 100, 'repeatable');
SELECT pending >= 1 AS own_row_waits FROM tenancy.rollup();
SELECT tenancy.used('rt_acme', 'rt.calls');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT watermark_to >= watermark_from AS rolled FROM tenancy.rollup();
SELECT tenancy.used('rt_acme', 'rt.calls');
COMMIT;
SELECT watermark_to >= watermark_from AS rolled FROM tenancy.rollup();
SELECT tenancy.used('rt_acme', 'rt.calls');
RESET tenancy.tenant_id;
-- not for a reader
BEGIN READ ONLY;
SELECT * FROM tenancy.rollup();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
DELETE FROM tenancy.tenants WHERE id = 'rt_acme';
RESET tenancy.clock;
