-- Settings of a plan or a tenant hold while the tenant is set, whatever the session sets, and are taken back with it.
\set SHOW_CONTEXT never
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_plan('gs_small'), tenancy.create_tenant('gs_acme', 'gs_small'), tenancy.create_tenant('gs_free');
SELECT tenancy.set_plan_setting('gs_small', 'WORK_MEM', '8MB'), tenancy.set_plan_setting('gs_small', 'work_mem', '8MB'),
       tenancy.set_plan_setting('gs_small', 'enable_seqscan', 'off'), tenancy.set_plan_setting('gs_small', 'temp_file_limit', '10MB'),
       tenancy.set_plan_setting('gs_small', 'random_page_cost', '7');
SELECT tenancy.set_plan_setting('gs_small', 'temp_tablespaces', 'pg_default');
CREATE FUNCTION gs_show(OUT work_mem text, OUT seqscan text, OUT temp_files text, OUT page_cost text, OUT spaces text) LANGUAGE sql VOLATILE AS
$$ SELECT current_setting('work_mem'), current_setting('enable_seqscan'), current_setting('temp_file_limit'), current_setting('random_page_cost'), current_setting('temp_tablespaces') $$;
SELECT * FROM gs_show();
CREATE ROLE regress_gs_app;
GRANT ALL ON SCHEMA public TO regress_gs_app;
SET ROLE regress_gs_app;
SET tenancy.tenant_id = 'gs_acme';
SELECT * FROM gs_show();
SHOW enable_seqscan;
-- ceilings: less is the session's affair; other settings have the value
SET work_mem = '1GB';
SET enable_seqscan = on;
SET random_page_cost = 1;
SELECT * FROM gs_show();
SET work_mem = '64kB';
SELECT * FROM gs_show();
BEGIN;
SELECT 1 AS one;
SET LOCAL work_mem = '1GB';
SELECT set_config('enable_seqscan', 'on', true);
SELECT * FROM gs_show();
DO $$ BEGIN SET LOCAL work_mem = '1GB'; PERFORM FROM gs_show() s WHERE s.work_mem <> '8MB'; IF FOUND THEN RAISE 'raised'; END IF; END $$;
COMMIT;
-- within a transaction the settings go with the tenant, and come back with it
BEGIN;
SELECT * FROM gs_show();
SAVEPOINT s;
SET LOCAL tenancy.tenant_id = 'gs_free';
SELECT * FROM gs_show();
ROLLBACK TO s;
SELECT * FROM gs_show();
SET tenancy.tenant_id = 'gs_free';
SELECT * FROM gs_show();
SET tenancy.tenant_id = 'gs_acme';
SELECT * FROM gs_show();
RESET tenancy.tenant_id;
SELECT * FROM gs_show();
ROLLBACK;
SELECT * FROM gs_show();
BEGIN;
SET LOCAL tenancy.tenant_id = 'gs_free';
COMMIT;
SELECT * FROM gs_show();
-- the session's own are as it set them
RESET tenancy.tenant_id;
SELECT * FROM gs_show();
DISCARD ALL;
SELECT * FROM gs_show();
-- a tenant's own replace its plan's, until they end
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.set_tenant_setting('gs_acme', 'work_mem', '32MB', '2026-03-16 00:00:00+00', 'goodwill'), tenancy.set_tenant_setting('gs_acme', 'lock_timeout', '1min');
SELECT name, value, source, until AT TIME ZONE 'UTC' AS until, reason FROM tenancy.explain_settings('GS_acme');
SET work_mem = '1GB';
SET tenancy.tenant_id = 'gs_acme';
SHOW work_mem;
SET tenancy.clock = '2026-03-16 00:00:00';
SHOW work_mem;
SHOW lock_timeout;
-- what an operator changes holds from a session's next statement on
SELECT tenancy.set_plan_setting('gs_small', 'work_mem', '2MB');
SHOW work_mem;
SELECT tenancy.remove_plan_setting('gs_small', 'work_mem'), tenancy.remove_plan_setting('gs_small', 'work_mem'), tenancy.remove_tenant_setting('gs_acme', 'lock_timeout');
SHOW work_mem;
SHOW lock_timeout;
-- a timeout holds for the very statement that it is applied by
SELECT tenancy.set_plan_setting('gs_small', 'statement_timeout', '50ms');
SELECT pg_sleep(60);
BEGIN;
SELECT 1 AS one;
SET LOCAL statement_timeout = 0;
SELECT pg_sleep(60);
ROLLBACK;
-- a setting of a library that has no value of its own
LOAD 'postgres_fdw';
SELECT tenancy.set_plan_setting('gs_small', 'postgres_fdw.application_name', 'tenant');
SHOW postgres_fdw.application_name;
RESET tenancy.tenant_id;
SHOW postgres_fdw.application_name;
SET tenancy.tenant_id = 'gs_acme';
-- texts are kept once, and not once a transaction
SELECT sum(used_bytes) AS used FROM pg_backend_memory_contexts WHERE name = 'tenancy governor' \gset
DO $$
BEGIN
    FOR n IN 1 .. 200 LOOP
        PERFORM FROM pg_am;
        COMMIT;
    END LOOP;
END $$;
SELECT sum(used_bytes) - :used AS growth FROM pg_backend_memory_contexts WHERE name = 'tenancy governor';
SELECT tenancy.remove_plan_setting('gs_small', 'postgres_fdw.application_name');
-- reading a tenant's settings does not stand for asking whether it may be used
SELECT tenancy.current_tenant();
SELECT tenancy.suspend_tenant('gs_acme', 'test');
SELECT tenancy.current_tenant();
RESET tenancy.tenant_id;
SHOW statement_timeout;
SELECT action, object, before -> 'value' AS before, after -> 'value' AS after FROM tenancy.audit_log WHERE object LIKE 'gs\_%/%' ORDER BY id;
REVOKE ALL ON SCHEMA public FROM regress_gs_app;
DROP ROLE regress_gs_app;
DROP FUNCTION gs_show();
