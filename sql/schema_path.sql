-- Setting the tenant, in whatever way, sets the search path; and it goes back by itself.
\set SHOW_CONTEXT never
CREATE SCHEMA sp_app;
CREATE TABLE sp_app.me (name text);
SELECT tenancy.set_template_schema('sp_app');
SELECT count(*) FROM tenancy.create_tenants('[{"id": "sp_a", "isolation": "schema"}, {"id": "sp_b", "isolation": "schema"}, {"id": "sp_rows"}]');
INSERT INTO tenant_sp_a.me VALUES ('a');
INSERT INTO tenant_sp_b.me VALUES ('b');
INSERT INTO sp_app.me VALUES ('template');
CREATE FUNCTION sp_me() RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT name FROM me); EXCEPTION WHEN undefined_table THEN RETURN 'none'; END$$;
SET tenancy.tenant_id = 'sp_a';
SELECT sp_me(), current_schemas(false), current_setting('search_path') AS the_applications;
SET tenancy.tenant_id = 'SP_B';
SELECT sp_me();
SET tenancy.tenant_id = 'sp_rows';
SELECT sp_me(), current_schemas(false);
RESET tenancy.tenant_id;
SELECT sp_me(), current_schemas(false);
-- functions
SELECT tenancy.set_tenant('sp_a');
SELECT sp_me();
SELECT set_config('tenancy.tenant_id', 'sp_b', false);
SELECT sp_me();
SELECT tenancy.reset_tenant();
SELECT sp_me();
-- in one string of statements
SELECT tenancy.set_tenant('sp_a')\; SELECT sp_me()\; SET tenancy.tenant_id = 'sp_b'\; SELECT sp_me();
SET tenancy.tenant_id = '';
SELECT sp_me();
-- transactions and savepoints
BEGIN;
SET LOCAL tenancy.tenant_id = 'sp_a';
SELECT sp_me();
SAVEPOINT one;
SELECT tenancy.set_tenant('sp_b', local => true);
SELECT sp_me();
ROLLBACK TO one;
SELECT sp_me();
COMMIT;
SELECT sp_me();
BEGIN;
SET tenancy.tenant_id = 'sp_a';
SELECT sp_me();
ROLLBACK;
SELECT sp_me();
BEGIN;
SET tenancy.tenant_id = 'sp_b';
SET LOCAL search_path = pg_catalog;
SELECT current_schemas(false);
COMMIT;
SELECT sp_me();
DISCARD ALL;
SELECT sp_me();
-- clauses of functions: of the tenant, and of the path
CREATE FUNCTION sp_of_b() RETURNS text LANGUAGE plpgsql SET tenancy.tenant_id = 'sp_b' AS $$BEGIN RETURN sp_me(); END$$;
CREATE FUNCTION sp_pinned() RETURNS name[] LANGUAGE sql SET search_path = pg_catalog, pg_temp RETURN current_schemas(false);
CREATE FUNCTION sp_names_template() RETURNS name[] LANGUAGE sql SET search_path = sp_app, pg_temp RETURN current_schemas(false);
SET tenancy.tenant_id = 'sp_a';
SELECT sp_of_b(), sp_me(), sp_pinned(), sp_names_template();
-- the application's own path: the template's place is the tenant's
SET search_path = pg_catalog, SP_App, public;
SELECT current_schemas(false);
SET search_path = "$user";
SELECT current_schemas(false);
SET search_path = '';
SELECT current_schemas(false);
-- and another tenant's schema has none in it
SET search_path = tenant_sp_b, public;
SELECT current_schemas(false), public.sp_me();
RESET tenancy.tenant_id;
SELECT current_schemas(false);
RESET search_path;
-- a schema that only looks like a tenant's is not put before others
CREATE SCHEMA tenant_sp_rows;
CREATE TABLE tenant_sp_rows.me (name text);
SET tenancy.tenant_id = 'sp_rows';
SELECT current_schemas(false), sp_me();
RESET tenancy.tenant_id;
DROP SCHEMA tenant_sp_rows CASCADE;
-- from the start of a session
\c -reuse-previous=on "options='-c tenancy.tenant_id=sp_a'"
SELECT name FROM me;
RESET tenancy.tenant_id;
SELECT name FROM me;
SELECT tenancy.reset_tenant();
SELECT sp_me();
DISCARD ALL;
SELECT sp_me();
\c -reuse-previous=on "options=''"
\set ECHO none
SELECT format('ALTER DATABASE %I SET tenancy.tenant_id = ''sp_b''', current_database()) \gexec
\set ECHO all
\c -
SELECT name FROM me;
SET tenancy.tenant_id = 'sp_a';
SELECT name FROM me;
RESET ALL;
SELECT name FROM me;
\set ECHO none
SELECT format('ALTER DATABASE %I RESET tenancy.tenant_id', current_database()) \gexec
\set ECHO all
\c -
SELECT sp_me();
-- parallel workers
CREATE FUNCTION sp_now() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$BEGIN RETURN (SELECT name FROM me); END$$;
CREATE TABLE sp_many AS SELECT 1 AS x FROM generate_series(1, 2000);
SET tenancy.tenant_id = 'sp_b';
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;
SELECT DISTINCT public.sp_now() FROM sp_many;
RESET ALL;
-- another template from now on: its place
CREATE SCHEMA sp_other;
SELECT tenancy.set_template_schema('sp_other');
SET search_path = pg_catalog, sp_other;
SET tenancy.tenant_id = 'sp_a';
SELECT current_schemas(false);
RESET ALL;
SET client_min_messages = warning;
SELECT count(*) FROM (SELECT tenancy.close_tenant(tenant), tenancy.drop_tenant_schema(tenant, tenant) FROM tenancy.tenant_schemas WHERE tenant IS NOT NULL) gone;
SELECT tenancy.set_template_schema(NULL);
DROP SCHEMA sp_app CASCADE; DROP SCHEMA sp_other;
DROP TABLE sp_many;
DROP FUNCTION sp_me, sp_of_b, sp_pinned, sp_names_template, sp_now;
DELETE FROM tenancy.tenants WHERE id LIKE 'sp\_%';
