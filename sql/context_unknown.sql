-- That a tenant is unknown, or known only to a transaction that rolls back, is not remembered.
\set SHOW_CONTEXT never
SET tenancy.tenant_id = 'cu_new';
SELECT tenancy.current_tenant();
SELECT tenancy.create_tenant('cu_new');
SELECT tenancy.current_tenant();
RESET tenancy.tenant_id;
SELECT tenancy.create_metric('cu.calls');
BEGIN;
SELECT tenancy.create_tenant('cu_ghost');
SELECT tenancy.set_tenant('cu_ghost');
SELECT tenancy.current_tenant(), tenancy.consume('cu.calls') IS NULL AS consumed;
ROLLBACK;
SET tenancy.tenant_id = 'cu_ghost';
SELECT tenancy.current_tenant();
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.consume('cu.calls');
RESET tenancy.tenant_id;
SELECT count(*) FROM tenancy.usage_ledger WHERE tenant_id = 'cu_ghost';
DELETE FROM tenancy.tenants WHERE id = 'cu_new';
