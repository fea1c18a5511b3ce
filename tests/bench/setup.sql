-- What all measurements share: databases, the application's role, a plan, a metric, 1,000 tenants.
-- SPDX-License-Identifier: PostgreSQL
CREATE ROLE bench_app LOGIN;
CREATE DATABASE bench;
\c bench
CREATE EXTENSION tenancy;
SELECT tenancy.create_plan('bench'), tenancy.create_metric('calls'),
    tenancy.set_limit('bench', 'calls', 1000000000000000) \g /dev/null
SELECT count(*) FROM tenancy.create_tenants((
    SELECT jsonb_agg(jsonb_build_object('plan', 'bench',
        'id', format('00000000-0000-4000-8000-%s', lpad(i::text, 12, '0'))))
    FROM generate_series(1, 1000) i)) \g /dev/null
-- Twins: tables of the schema wall are attached, those of bare are not; they hold the same rows in
-- the same order and have the same indexes.
CREATE SCHEMA wall;
CREATE SCHEMA bare;
GRANT USAGE ON SCHEMA wall, bare TO bench_app;
ALTER DATABASE bench SET tenancy.auto_attach = off;
