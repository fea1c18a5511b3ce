-- New tables with the tenant column, and tables that get it, are attached by themselves.
\set SHOW_CONTEXT never
CREATE ROLE regress_auto_owner;
CREATE SCHEMA policy_auto AUTHORIZATION regress_auto_owner;
SET ROLE regress_auto_owner;
SET search_path = policy_auto;
CREATE TABLE created (tenant_id uuid, id bigint, PRIMARY KEY (tenant_id, id));
CREATE TABLE copied AS SELECT 'policy-auto-a'::text AS tenant_id, 1 AS id;
SELECT 'policy-auto-a'::varchar AS tenant_id, 1 AS id INTO selected;
CREATE TABLE alike (LIKE copied);
CREATE TABLE heir (extra int) INHERITS (copied);
CREATE TABLE parted (tenant_id int) PARTITION BY LIST (tenant_id);
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
CREATE UNLOGGED TABLE unlogged (tenant_id bigint);
CREATE TYPE row_type AS (tenant_id text, id int);
CREATE TABLE typed OF row_type;
CREATE TABLE added (id int);
ALTER TABLE added ADD COLUMN tenant_id text;
CREATE TABLE renamed (id int, org text);
ALTER TABLE renamed RENAME COLUMN org TO tenant_id;
CREATE TABLE filled (id int);
INSERT INTO filled VALUES (1), (2);
ALTER TABLE filled ADD COLUMN tenant_id text NOT NULL DEFAULT 'policy-auto-a';
DO 'BEGIN CREATE TABLE nested (tenant_id text); END';
RESET ROLE;
CREATE SCHEMA AUTHORIZATION regress_auto_owner CREATE TABLE in_schema (tenant_id text);
SELECT relation, column_type, forced FROM tenancy.attached_tables
 WHERE relation::text !~ '\.' OR relation::text LIKE 'regress_auto_owner.%'
 ORDER BY relation::text COLLATE "C";
-- Whole: there is nothing left for attach() to do.
SELECT relation FROM tenancy.attached_tables
 WHERE relation::text !~ '\.' AND tenancy.attach(relation);

-- Rows that would be left without a tenant: the statement is refused.
SET ROLE regress_auto_owner;
CREATE TABLE orphans AS SELECT NULL::text AS tenant_id, 1 AS id;
\echo :SQLSTATE
SELECT to_regclass('orphans');
CREATE TABLE late (id int);
INSERT INTO late VALUES (1);
ALTER TABLE late ADD COLUMN tenant_id text;
\echo :SQLSTATE
SELECT column_name FROM information_schema.columns WHERE table_name = 'late' AND table_schema = 'policy_auto';

-- EXPLAIN makes what it explains, and no event trigger sees that.
EXPLAIN ANALYZE CREATE TABLE explained AS SELECT 'policy-auto-a'::text AS tenant_id;
\echo :SQLSTATE
EXPLAIN (ANALYZE) SELECT 'policy-auto-a'::text AS tenant_id INTO explained;
PREPARE a_row AS SELECT 'policy-auto-a'::text AS tenant_id;
DO 'BEGIN EXECUTE ''EXPLAIN ANALYZE CREATE TABLE explained AS EXECUTE a_row''; END';
SELECT to_regclass('explained');
EXPLAIN (ANALYZE off, COSTS off) CREATE TABLE explained AS SELECT 'policy-auto-a'::text AS tenant_id;
DO 'BEGIN EXECUTE ''EXPLAIN ANALYZE CREATE TEMPORARY TABLE explained AS EXECUTE a_row''; END';
SELECT * FROM explained;
DROP TABLE explained;

-- A column that cannot hold tenants: a warning, and the statement goes through.
CREATE TABLE odd (tenant_id numeric);
SELECT count(*) FROM tenancy.attached_tables WHERE relation = 'odd'::regclass;
RESET ROLE;

-- The column is a setting.
SET tenancy.tenant_column = 'orgId';
CREATE TABLE camel ("orgId" int);
CREATE TABLE not_camel (tenant_id int, orgid int);
SELECT relation, tenant_column FROM tenancy.attached_tables WHERE relation::text LIKE '%camel';
RESET tenancy.tenant_column;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA policy_auto, regress_auto_owner CASCADE;
DROP ROLE regress_auto_owner;
