-- What is not attached by itself.
\set SHOW_CONTEXT never
CREATE SCHEMA policy_auto_not;
SET search_path = policy_auto_not;
CREATE VIEW walls AS
SELECT relation::text FROM tenancy.attached_tables
 WHERE relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'policy_auto_not'::regnamespace)
 ORDER BY relation::text COLLATE "C";

-- Temporary tables, tables without the column, and anything while the setting is off.
CREATE TEMPORARY TABLE a_temp (tenant_id text);
CREATE TABLE no_column (id int);
SET tenancy.auto_attach = off;
CREATE TABLE off_new (tenant_id text);
ALTER TABLE no_column ADD COLUMN tenant_id text;
RESET tenancy.auto_attach;
TABLE walls;

-- A table that has deliberately been left or taken out stays out when something else changes,
-- but not when its tenant column does.
ALTER TABLE off_new ADD COLUMN note text;
CREATE TABLE taken_out (tenant_id text);
SELECT tenancy.detach('taken_out');
ALTER TABLE taken_out ADD COLUMN note text;
TABLE walls;
ALTER TABLE taken_out ALTER COLUMN tenant_id TYPE uuid USING NULL;
TABLE walls;

-- A shared table, and its partitions.
CREATE TABLE all_tenants (id int) PARTITION BY LIST (id);
SELECT tenancy.share('all_tenants', 'a directory of tenants');
ALTER TABLE all_tenants ADD COLUMN tenant_id text;
CREATE TABLE all_tenants_1 PARTITION OF all_tenants DEFAULT;
TABLE walls;

-- What pg_dump writes: its scripts bring the policies with them.
BEGIN;
SET LOCAL check_function_bodies = false;
SET LOCAL row_security = off;
CREATE TABLE restored (tenant_id text DEFAULT tenancy.current_tenant_text() NOT NULL);
ALTER TABLE ONLY restored FORCE ROW LEVEL SECURITY;
CREATE POLICY tenancy_access ON restored USING (tenant_id = tenancy.current_tenant_text());
CREATE POLICY tenancy_isolation ON restored AS RESTRICTIVE
    USING (tenant_id = tenancy.current_tenant_text())
    WITH CHECK (tenant_id = tenancy.current_tenant_text());
ALTER TABLE restored ENABLE ROW LEVEL SECURITY;
COMMIT;
TABLE walls;

-- Nor is the wall doubled under replication's settings, which switch ordinary triggers off.
SET session_replication_role = replica;
CREATE TABLE in_replica (tenant_id text);
RESET session_replication_role;
TABLE walls;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA policy_auto_not CASCADE;
DROP TABLE pg_temp.a_temp;
