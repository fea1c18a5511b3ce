-- Gauges: what is released can be had again once the release has committed, never twice, and never below nothing.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_plan('qg_basic'), tenancy.create_metric('qg.seats'), tenancy.create_metric('qg.level', aggregation => 'time_weighted'),
    tenancy.create_tenant('qg_acme', 'qg_basic'), tenancy.set_limit('qg_basic', 'qg.seats', 5, 'total'), tenancy.set_limit('qg_basic', 'qg.seats', 8, 'month');
SET tenancy.tenant_id = 'qg_acme';
SELECT tenancy.release('qg.seats');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.consume('qg.seats', 5);
SELECT tenancy.release('qg.seats', 6);
SELECT tenancy.release('qg.seats', 2);
SELECT period, used, remaining FROM tenancy.check_quota('qg.seats');
-- rolled back, it stays used; within a transaction it can be taken again at once
BEGIN;
SELECT tenancy.release('qg.seats', 3);
SELECT tenancy.release('qg.seats', 1);
ROLLBACK;
BEGIN;
SELECT tenancy.consume('qg.seats', 2);
SELECT tenancy.try_consume('qg.seats');
SAVEPOINT s;
SELECT tenancy.release('qg.seats', 1);
SELECT tenancy.consume('qg.seats', 1);
ROLLBACK TO s;
SELECT tenancy.try_consume('qg.seats');
SELECT tenancy.release('qg.seats', 5);
SELECT tenancy.release('qg.seats', 1);
ROLLBACK;
BEGIN;
SELECT tenancy.release('qg.seats', 1);
SAVEPOINT s;
SELECT tenancy.release('qg.seats', 1);
RELEASE s;
SELECT tenancy.consume('qg.seats', 3);
COMMIT;
-- limits of the calendar count what was used, however long it was kept
SELECT period, used, remaining FROM tenancy.check_quota('qg.seats');
SELECT tenancy.release('qg.seats', 4);
SELECT tenancy.consume('qg.seats');
-- with a key it counts once, and a key of a use is another event
SELECT tenancy.override_limit('qg_acme', 'qg.seats', NULL, 'month');
SELECT tenancy.consume('qg.seats', 2, key => 'in');
SELECT tenancy.release('qg.seats', 1, key => 'out'), tenancy.release('qg.seats', 1, key => 'out');
SELECT tenancy.release('qg.seats', 2, key => 'in');
\echo :LAST_ERROR_SQLSTATE
-- the ledger says the same, rolled up or not, and bills count what was used
SELECT amount, key FROM tenancy.usage_ledger WHERE tenant_id = 'qg_acme' ORDER BY id;
SELECT tenancy.used('qg_acme', 'qg.seats'), tenancy.used('qg_acme', 'qg.seats', '2026-03-01');
RESET tenancy.tenant_id;
SELECT rows_rolled > 0 AS rolled FROM tenancy.rollup('5 seconds');
SELECT quantity, released FROM tenancy.usage_hourly WHERE tenant_id = 'qg_acme';
SELECT tenancy.measure_usage('qg_acme', 'qg.seats', '2026-03-01', '2026-04-01', NULL) AS billed,
    tenancy.measure_usage('qg_acme', 'qg.seats', '2026-03-15 11:59', '2026-03-15 12:01', NULL) AS billed_by_rows;
-- amounts that are levels have no sum
SET tenancy.tenant_id = 'qg_acme';
SELECT tenancy.release('qg.level');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.release('qg.seats', -1);
BEGIN READ ONLY;
SELECT tenancy.release('qg.seats');
ROLLBACK;
RESET tenancy.tenant_id;
