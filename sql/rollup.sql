-- The rollup: every row once, in the hour of the tenant's zone, however often it runs.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-15 12:10:00';
SELECT tenancy.create_metric('ru.calls'), tenancy.create_tenant('ru_utc'), tenancy.create_tenant('ru_nepal', time_zone => 'Asia/Kathmandu');
SET tenancy.tenant_id = 'ru_utc';
SELECT tenancy.record_usage('ru.calls', 1), tenancy.record_usage('ru.calls', 2, at => '2026-03-15 11:59:59.999+00'), tenancy.record_usage('ru.calls', 4, at => '2026-03-15 11:00:00+00');
SET tenancy.tenant_id = 'ru_nepal';
SELECT tenancy.record_usage('ru.calls', 8), tenancy.record_usage('ru.calls', 16, at => '2026-03-15 12:14:59+00'), tenancy.record_usage('ru.calls', 32, at => '2026-03-15 11:14:59+00');
RESET tenancy.tenant_id;
SELECT tenancy.used('ru_utc', 'ru.calls'), tenancy.used('ru_utc', 'ru.calls', '2026-03-15 12:00+00');
SELECT tenancy.used('ru_none', 'ru.calls');
SELECT tenancy.used('RU_utc', 'ru.none');
\echo :LAST_ERROR_SQLSTATE
SELECT rows_rolled >= 6 AS rolled, tenants >= 2 AS tenants, watermark_to > watermark_from AS moved, pending FROM tenancy.rollup(max_wait => '30 s');
SELECT rows_rolled, pending FROM tenancy.rollup();
SELECT * FROM tenancy.usage_hourly WHERE metric = 'ru.calls' ORDER BY tenant_id, hour;
-- late rows join their hour
SET tenancy.tenant_id = 'ru_utc';
SELECT tenancy.record_usage('ru.calls', 64, at => '2026-03-15 11:30:00+00');
SELECT tenancy.used('ru_utc', 'ru.calls');
SELECT rows_rolled FROM tenancy.rollup(max_wait => '30 s');
SELECT hour, quantity, events FROM tenancy.usage_hourly WHERE tenant_id = 'ru_utc' ORDER BY hour;
SELECT tenancy.used('ru_utc', 'ru.calls');
-- what this very transaction wrote waits for the next rollup
BEGIN;
SELECT tenancy.record_usage('ru.calls', 128, 'key');
SELECT rows_rolled, pending FROM tenancy.rollup();
COMMIT;
SELECT rows_rolled, pending FROM tenancy.rollup(max_wait => '30 s');
SELECT sum(quantity) = (SELECT sum(amount) FROM tenancy.usage_ledger WHERE metric = 'ru.calls') AS complete FROM tenancy.usage_hourly WHERE metric = 'ru.calls';
RESET tenancy.tenant_id;
