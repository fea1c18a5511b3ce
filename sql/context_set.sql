-- Naming the tenant: SET, the functions, and leaving again.
SELECT tenancy.create_tenant('cs_acme'), tenancy.create_tenant('CS_Globex');

SHOW tenancy.tenant_id;
SELECT tenancy.current_tenant() IS NULL AS none;
SET tenancy.tenant_id = 'cs_acme';
SELECT tenancy.current_tenant();
-- ids are found without regard to case and shown as registered
SET tenancy.tenant_id = 'CS_ACME';
SELECT tenancy.current_tenant();
SELECT tenancy.set_tenant('cs_globex');
SELECT tenancy.current_tenant(), tenancy.current_tenant_text();
SELECT tenancy.reset_tenant();
SELECT tenancy.current_tenant() IS NULL AS none;
-- empty, RESET, DISCARD ALL: no tenant, and no error
SET tenancy.tenant_id = '';
SELECT tenancy.current_tenant() IS NULL AS none;
SET tenancy.tenant_id = 'cs_acme';
RESET tenancy.tenant_id;
SELECT tenancy.current_tenant() IS NULL AS none;
SET tenancy.tenant_id = 'cs_acme';
DISCARD ALL;
SELECT tenancy.current_tenant() IS NULL AS none;

SELECT count(*) FROM tenancy.audit_log WHERE object IN ('cs_acme', 'CS_Globex');
DELETE FROM tenancy.tenants WHERE id IN ('cs_acme', 'CS_Globex');
