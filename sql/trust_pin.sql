-- A pinned session acts for its tenant or none, whatever is undone.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('tp_acme'), tenancy.create_tenant('tp_beta'), tenancy.create_tenant('42');
SELECT tenancy.set_tenant('', pin => true);
SELECT tenancy.set_tenant('tp_nobody', pin => true);
SHOW tenancy.pinned_tenant;
-- it cannot be had by any other way
SET tenancy.pinned_tenant = 'tp_acme';
SET LOCAL tenancy.pinned_tenant = '';
SELECT set_config('tenancy.pinned_tenant', 'tp_acme', false);
ALTER ROLE CURRENT_USER SET tenancy.pinned_tenant = 'tp_acme';
\set connection 'dbname=' :DBNAME ' options=''-c tenancy.tenant_id=tp_beta'''
\c :connection
\set SHOW_CONTEXT never
SELECT tenancy.current_tenant();
-- the pin outlives its transaction, and the tenant before it does not come back
SET tenancy.tenant_id = 'tp_beta';
BEGIN;
SELECT tenancy.set_tenant('TP_Acme', pin => true);
SELECT tenancy.current_tenant();
ROLLBACK;
SHOW tenancy.pinned_tenant;
SELECT tenancy.current_tenant() IS NULL AS none;
SELECT tenancy.set_tenant('tp_beta');
SET tenancy.tenant_id = 'tp_beta';
SELECT set_config('tenancy.tenant_id', 'tp_beta', true);
SELECT tenancy.set_tenant('tp_acme');
SELECT tenancy.current_tenant();
-- savepoints and errors
BEGIN;
SAVEPOINT s;
SELECT tenancy.set_tenant(42);
ROLLBACK TO s;
SELECT tenancy.current_tenant();
COMMIT;
-- leaving is always possible; what the connection began with is not what comes then
RESET tenancy.tenant_id;
SELECT tenancy.current_tenant() IS NULL AS none;
SELECT tenancy.set_tenant('tp_acme');
SET tenancy.tenant_id = '';
SELECT tenancy.current_tenant() IS NULL AS none;
SELECT tenancy.set_tenant('tp_acme');
DISCARD ALL;
SELECT tenancy.current_tenant() IS NULL AS none;
RESET tenancy.pinned_tenant;
RESET ALL;
SHOW tenancy.pinned_tenant;
SELECT tenancy.set_tenant('tp_beta', pin => true);
SELECT tenancy.set_tenant('tp_acme', pin => true);
-- a function's own setting is no way around
SET check_function_bodies = off;
CREATE FUNCTION tp_other() RETURNS text LANGUAGE sql SET tenancy.tenant_id = 'tp_beta' AS 'SELECT tenancy.current_tenant()';
SELECT tp_other();
DROP FUNCTION tp_other();
SELECT tenancy.reset_tenant();
SELECT tenancy.current_tenant() IS NULL AS none;
-- the workers of a parallel query are pinned as well
RESET tenancy.tenant_id;
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('debug_parallel_query', 'force_parallel_mode');
SELECT tenancy.current_tenant() IS NULL AS none;
\set connection 'dbname=' :DBNAME
\c :connection
DELETE FROM tenancy.tenants WHERE id IN ('tp_acme', 'tp_beta', '42');
