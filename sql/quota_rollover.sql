-- A transaction that runs over the end of a window counts in both, and within both limits.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-31 23:50:00';
SELECT tenancy.create_plan('qr_basic'), tenancy.create_metric('qr.calls'), tenancy.create_tenant('qr_acme', 'qr_basic'),
    tenancy.set_limit('qr_basic', 'qr.calls', 10, 'day'), tenancy.set_limit('qr_basic', 'qr.calls', 15, 'year');
SET tenancy.tenant_id = 'qr_acme';
BEGIN;
SELECT tenancy.consume('qr.calls', 8);
SET tenancy.clock = '2026-04-01 00:01:00';
SELECT tenancy.try_consume('qr.calls', 8), tenancy.try_consume('qr.calls', 7), tenancy.try_consume('qr.calls', 1);
SAVEPOINT s;
SET tenancy.clock = '2026-04-01 01:00:00';
SELECT tenancy.try_consume('qr.calls', 1);
ROLLBACK TO s;
SELECT period, used FROM tenancy.check_quota('qr.calls');
COMMIT;
SELECT amount, at FROM tenancy.usage_ledger WHERE tenant_id = 'qr_acme' ORDER BY at;
BEGIN;
SET LOCAL tenancy.clock = '2026-04-02 00:01:00';
SELECT tenancy.try_consume('qr.calls', 1);
ROLLBACK;
SELECT period, used FROM tenancy.check_quota('qr.calls');
-- only looking moves nothing: a session may have a clock of its own
SET tenancy.clock = '2031-01-01 00:00:00';
SELECT period, used FROM tenancy.check_quota('qr.calls');
SET tenancy.clock = '2026-04-02 12:00:00';
SELECT period, used FROM tenancy.check_quota('qr.calls');
RESET tenancy.tenant_id;
