-- The tenant in pg_stat_activity and in plans; tests/labels has the log.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('lb_acme'), tenancy.create_tenant('lb_bond');
CREATE FUNCTION lb_shown() RETURNS TABLE (application_name text, setting text) LANGUAGE sql AS
$$ SELECT application_name, current_setting('application_name') FROM pg_stat_activity WHERE pid = pg_backend_pid() $$;
CREATE FUNCTION lb_settings(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (SETTINGS, FORMAT JSON) ' || query INTO plan;
    RETURN plan -> 0 -> 'Settings' ->> 'tenancy.tenant_id';
END $$;
SET application_name = 'lb';
SET tenancy.tenant_id = 'lb_acme';
SELECT * FROM lb_shown();
SET tenancy.application_name_suffix = on;
SELECT * FROM lb_shown();
SET tenancy.tenant_id = 'lb_bond';
SELECT * FROM lb_shown();
BEGIN;
SET LOCAL tenancy.tenant_id = 'lb_acme';
SELECT * FROM lb_shown();
ROLLBACK;
SELECT * FROM lb_shown();
-- the tenant is shown whole
SET application_name = 'a name that leaves no room for anything that stands behind it...';
SELECT * FROM lb_shown();
SET application_name = '';
SELECT * FROM lb_shown();
SET application_name = 'lb';
RESET tenancy.tenant_id;
SELECT * FROM lb_shown();
SET tenancy.tenant_id = 'lb_acme';
SET tenancy.application_name_suffix = off;
SELECT * FROM lb_shown();
SET tenancy.application_name_suffix = on;
DISCARD ALL;
SELECT application_name LIKE 'pg_regress%' AS discarded, application_name LIKE '%lb%' AS labelled FROM lb_shown();
-- from the session's start
\setenv PGOPTIONS '-c tenancy.tenant_id=lb_acme -c tenancy.application_name_suffix=on'
\set here 'dbname=' :DBNAME
\c -reuse-previous=off :here
SELECT application_name LIKE '% [lb_acme]' AS labelled FROM lb_shown();
\setenv PGOPTIONS
\c -reuse-previous=off :here
-- plans
SELECT lb_settings('SELECT 1');
SET tenancy.tenant_id = 'lb_acme';
SELECT lb_settings('SELECT 1');
-- clients get errors as they are
SET tenancy.log_tenant = on;
SELECT 1 / 0;
RESET tenancy.tenant_id;
-- what everybody sees is not for everybody to switch on
CREATE ROLE regress_lb_app;
SET ROLE regress_lb_app;
SET tenancy.application_name_suffix = on;
SET tenancy.log_tenant = off;
RESET ROLE;
DROP ROLE regress_lb_app;
DROP FUNCTION lb_shown, lb_settings;
DELETE FROM tenancy.tenants WHERE id LIKE 'lb\_%';
