-- Twin tables for measuring with few and with many tenants; scale_fill.sql fills them.
-- SPDX-License-Identifier: PostgreSQL
CREATE EXTENSION tenancy;
SELECT tenancy.create_plan('bench'), tenancy.create_metric('calls'),
    tenancy.set_limit('bench', 'calls', 1000000000000000) \g /dev/null
CREATE SCHEMA wall;
CREATE SCHEMA bare;
GRANT USAGE ON SCHEMA wall, bare TO bench_app;
ALTER DATABASE scale SET tenancy.auto_attach = off;
CREATE TABLE bare.notes (tenant_id text COLLATE "C", id int, body text, PRIMARY KEY (tenant_id, id));
CREATE TABLE wall.notes (LIKE bare.notes INCLUDING ALL);
CREATE TABLE bare.used (tenant_id text COLLATE "C" PRIMARY KEY, used bigint NOT NULL) WITH (fillfactor = 50);
SELECT tenancy.attach('wall.notes') \g /dev/null
GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA wall, bare TO bench_app;
