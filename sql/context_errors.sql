-- What cannot be a tenant fails with SQLSTATE and says why, and leaves the setting alone.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('ce_acme');
SET tenancy.tenant_id = 'ce_acme';
\set VERBOSITY default
SET tenancy.tenant_id = 'it''s';
SET tenancy.tenant_id = 'a"b';
SET tenancy.tenant_id = E'a\nb';
SET tenancy.tenant_id = '%';
SET tenancy.tenant_id = '-a';
SELECT set_config('tenancy.tenant_id', repeat('x', 64), false);
SELECT length(set_config('tenancy.tenant_id', repeat('x', 63), false));
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.current_tenant();
\echo :LAST_ERROR_SQLSTATE
SET tenancy.tenant_id = 'ce_acme';
SELECT tenancy.set_tenant('ce_unknown');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.current_tenant();
SELECT tenancy.set_tenant(NULL::text);
\echo :LAST_ERROR_SQLSTATE
-- set_tenant fails at once, SET at first use
SET tenancy.tenant_id = 'ce_unknown';
SELECT 1 AS not_a_use;
SELECT tenancy.current_tenant();
RESET tenancy.tenant_id;
DELETE FROM tenancy.tenants WHERE id = 'ce_acme';
