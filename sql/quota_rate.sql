-- Rate limits: a burst, then evenly; what is refused or over another limit takes nothing, what is rolled back is not given back.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_plan('qt_basic'), tenancy.create_plan('qt_fast'), tenancy.create_metric('qt.calls'), tenancy.create_tenant('qt_acme', 'qt_basic');
SELECT tenancy.set_rate_limit('qt_basic', 'qt.calls', 7, '1 minute', 3), tenancy.set_rate_limit('qt_basic', 'qt.calls', 7, '1 minute', 3);
SET tenancy.tenant_id = 'qt_acme';
SELECT tenancy.consume('qt.calls'), tenancy.consume('qt.calls', 2);
SELECT tenancy.consume('qt.calls');
\echo :LAST_ERROR_SQLSTATE
-- more than the burst never fits
SELECT tenancy.consume('qt.calls', 4);
-- seven a minute is one every 8.57 seconds
SET tenancy.clock = '2026-03-15 12:00:08';
SELECT tenancy.try_consume('qt.calls');
SET tenancy.clock = '2026-03-15 12:00:09';
SELECT tenancy.try_consume('qt.calls'), tenancy.try_consume('qt.calls');
-- what is rolled back was requested, and is not given back
SET tenancy.clock = '2026-03-15 12:10:00';
BEGIN;
SELECT tenancy.try_consume('qt.calls', 3);
ROLLBACK;
SELECT tenancy.try_consume('qt.calls');
-- looking, and refusals, take nothing
SET tenancy.clock = '2026-03-15 12:20:00';
SELECT * FROM tenancy.check_quota('qt.calls', 3);
SELECT tenancy.try_consume('qt.calls', 4), tenancy.try_consume('qt.calls', 3);
SELECT * FROM tenancy.check_quota('qt.calls', 3);
-- a request that another limit refuses takes nothing, and comes again when all would let it pass
SET tenancy.clock = '2026-03-15 12:30:00';
SELECT tenancy.set_limit('qt_basic', 'qt.calls', 9, 'day');
SELECT tenancy.consume('qt.calls', 3);
SELECT period, allowed, used, remaining, retry_after_seconds FROM tenancy.check_quota('qt.calls');
SELECT tenancy.remove_limit('qt_basic', 'qt.calls', 'day');
SELECT tenancy.consume('qt.calls', 3);
-- recorded use takes what there is, and leaves no debt
SET tenancy.clock = '2026-03-15 12:40:00';
SELECT tenancy.record_usage('qt.calls', 1000);
SELECT used, remaining, retry_after_seconds, resets_at FROM tenancy.check_quota('qt.calls');
-- another rate takes effect at once, and grants no burst
SELECT tenancy.set_rate_limit('qt_fast', 'qt.calls', 10, '1 second', 100), tenancy.set_plan('qt_acme', 'qt_fast');
SELECT tenancy.try_consume('qt.calls');
SET tenancy.clock = '2026-03-15 12:40:01';
SELECT tenancy.try_consume('qt.calls', 11), tenancy.try_consume('qt.calls', 10);
SELECT tenancy.set_plan('qt_acme', 'qt_basic');
SELECT tenancy.try_consume('qt.calls');
-- nor does a limit that is taken away and set again
SELECT tenancy.remove_limit('qt_basic', 'qt.calls', 'rate');
SELECT tenancy.consume('qt.calls', 1000) IS NULL AS unlimited;
SELECT tenancy.set_rate_limit('qt_basic', 'qt.calls', 7, '1 minute', 3);
SELECT tenancy.try_consume('qt.calls');
-- a tenant's own rate, until it expires
SELECT tenancy.override_rate_limit('qt_acme', 'qt.calls', 1000, '1 second', reason => 'migration', until => '2026-03-15 12:45:00');
SELECT tenancy.try_consume('qt.calls');
SET tenancy.clock = '2026-03-15 12:44:59';
SELECT tenancy.consume('qt.calls', 900);
SET tenancy.clock = '2026-03-15 12:45:00';
SELECT used, limit_amount, remaining FROM tenancy.check_quota('qt.calls');
SELECT tenancy.override_rate_limit('qt_acme', 'qt.calls', NULL);
SELECT tenancy.consume('qt.calls', 1000000) IS NULL AS unlimited;
SELECT tenancy.remove_override('qt_acme', 'qt.calls', 'rate');
-- bad input
SELECT tenancy.set_rate_limit('qt_basic', 'qt.calls', 0);
SELECT tenancy.set_rate_limit('qt_basic', 'qt.calls', 1, '1 month');
SELECT tenancy.set_rate_limit('qt_basic', 'qt.calls', 1, '0 seconds');
SELECT tenancy.set_rate_limit('qt_basic', 'qt.calls', 1, '1 second', 0);
SELECT tenancy.set_rate_limit('qt_basic', 'qt.calls', 1, '1 day', 9223372036854775807);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_rate_limit('qt_none', 'qt.calls', 1);
SELECT tenancy.set_limit('qt_basic', 'qt.calls', 1, 'rate');
RESET tenancy.tenant_id;
