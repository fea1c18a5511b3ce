-- After a second move between clusters: what is recorded is rolled up once, above all stamps that came with the dump.
-- SPDX-License-Identifier: PostgreSQL
\set QUIET on
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET timezone = 'UTC';
SET tenancy.clock = '2026-03-05 10:00:00';
SELECT max(stamp) AS last_stamp FROM tenancy.usage_ledger \gset
SELECT sum(quantity) AS last_sum FROM tenancy.usage_hourly \gset
SET tenancy.tenant_id = 'acme';
SELECT 'same event', tenancy.record_usage('calls', 9, key => 'import-3');
SELECT 'new event', tenancy.record_usage('calls', 17);
SELECT 'another', tenancy.record_usage('calls', 1000, key => 'import-4');
SELECT 'later stamps', bool_and(stamp > :last_stamp) FROM tenancy.usage_ledger WHERE at >= '2026-03-05';
SELECT 'rolled up', rows_rolled, pending FROM tenancy.rollup();
SELECT 'again', rows_rolled, pending FROM tenancy.rollup();
SELECT 'more', sum(quantity) - :last_sum FROM tenancy.usage_hourly;
SELECT 'this month', tenancy.used('acme', 'calls', '2026-03-01 UTC');
SELECT 'limits', period, used, limit_amount FROM tenancy.check_quota('calls');
