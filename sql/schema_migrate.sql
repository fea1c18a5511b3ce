-- for_each_tenant() migrates the template and one tenant after another; errors are recorded, and a run is taken up again.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET tenancy.clock = '2026-03-01 12:00:00';
CREATE SCHEMA sm_app;
CREATE TABLE sm_app.notes (id int PRIMARY KEY, body text);
SELECT tenancy.set_template_schema('sm_app');
SELECT tenancy.create_plan('sm_basic');
SELECT count(*) FROM tenancy.create_tenants('[{"id": "sm_a", "isolation": "schema"}, {"id": "sm_b", "isolation": "schema", "plan": "sm_basic"}, {"id": "sm_c", "isolation": "schema"}, {"id": "sm_rows", "plan": "sm_basic"}]');
SELECT tenancy.suspend_tenant('sm_c');
INSERT INTO tenant_sm_b.notes VALUES (1, NULL);
CALL tenancy.for_each_tenant('ALTER TABLE notes ALTER body SET NOT NULL; COMMENT ON TABLE notes IS ''migrated''') \gset
SELECT total, done, failed, pending, errors, finished_at FROM tenancy.run_progress WHERE run = :run;
SELECT relnamespace::regnamespace, obj_description(oid, 'pg_class') FROM pg_class WHERE relname = 'notes' ORDER BY relnamespace::regnamespace::text COLLATE "C";
SELECT current_setting('tenancy.tenant_id') AS tenant, current_schemas(false);
-- mend, and go on: only what failed is run again
UPDATE tenant_sm_b.notes SET body = 'x';
CALL tenancy.for_each_tenant('another statement', run => :run);
CALL tenancy.for_each_tenant('ALTER TABLE notes ALTER body SET NOT NULL; COMMENT ON TABLE notes IS ''migrated''', run => :run) \gset
SELECT total, done, failed, pending FROM tenancy.run_progress WHERE run = :run;
SELECT tenancy.schema_drift();
-- what the template does not take is not tried on tenants
CALL tenancy.for_each_tenant('ALTER TABLE missing ADD x int') \gset
SELECT total, done, failed, pending, errors FROM tenancy.run_progress WHERE run = :run;
-- stop at the first error; errors that come at the end of a transaction, too
CREATE TABLE sm_seen (tenant text, path name[]);
SELECT tenancy.share('sm_seen', 'test');
CALL tenancy.for_each_tenant('INSERT INTO public.sm_seen VALUES (current_setting(''tenancy.tenant_id''), current_schemas(false)); SELECT 1 / (current_setting(''tenancy.tenant_id'') <> ''sm_b'')::int', template => false, stop_at_error => true) \gset
SELECT total, done, failed, pending, errors -> 0 ->> 'sqlstate' AS sqlstate FROM tenancy.run_progress WHERE run = :run;
TABLE sm_seen;
TRUNCATE sm_seen;
-- which tenants: all, of a plan, in a status
CALL tenancy.for_each_tenant('INSERT INTO public.sm_seen VALUES (tenancy.current_tenant(), current_schemas(false))', isolation => 'all', plan => 'sm_basic', template => false) \gset
CALL tenancy.for_each_tenant('INSERT INTO public.sm_seen VALUES (''suspended'', current_schemas(false))', statuses => '{suspended}', template => false) \gset
TABLE sm_seen;
-- bad arguments; no transaction around it
CALL tenancy.for_each_tenant('');
CALL tenancy.for_each_tenant('SELECT 1', isolation => 'x');
CALL tenancy.for_each_tenant('SELECT 1', statuses => '{asleep}');
CALL tenancy.for_each_tenant('SELECT 1', run => -1);
BEGIN; CALL tenancy.for_each_tenant('SELECT 1'); ROLLBACK;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 29777;
-- an operator runs it with the rights it has
CREATE ROLE regress_sm_operator;
SELECT tenancy.grant_operator('regress_sm_operator');
SET ROLE regress_sm_operator;
CALL tenancy.for_each_tenant('ALTER TABLE notes ADD x int', template => false, statuses => '{active}') \gset
SELECT errors FROM tenancy.run_progress WHERE run = :run;
RESET ROLE;
SELECT tenancy.revoke_operator('regress_sm_operator');
DROP ROLE regress_sm_operator;
SELECT action, after - 'sql' AS after FROM tenancy.audit_log WHERE action = 'for_each_tenant' ORDER BY id LIMIT 1;
SET client_min_messages = error;
SELECT count(*) FROM (SELECT tenancy.close_tenant(tenant), tenancy.drop_tenant_schema(tenant, tenant) FROM tenancy.tenant_schemas WHERE tenant IS NOT NULL) gone;
SELECT tenancy.set_template_schema(NULL);
DROP SCHEMA sm_app CASCADE;
SELECT tenancy.unshare('sm_seen');
DROP TABLE sm_seen;
DELETE FROM tenancy.tenants WHERE id LIKE 'sm\_%';
DELETE FROM tenancy.plans WHERE id = 'sm_basic';
DELETE FROM tenancy.run_items; DELETE FROM tenancy.runs;
RESET tenancy.clock;
