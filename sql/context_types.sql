-- Tenants as uuid, number and text: only the canonical spelling counts.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('3f2504e0-4f89-41d3-9a0c-0305e82c3301'), tenancy.create_tenant('7'),
    tenancy.create_tenant('007'), tenancy.create_tenant('3000000000'), tenancy.create_tenant('cy_slug');
SELECT tenancy.set_tenant('3F2504E0-4F89-41D3-9A0C-0305E82C3301'::uuid);
SELECT tenancy.current_tenant_uuid(), tenancy.current_tenant();
SELECT tenancy.current_tenant_bigint();
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_tenant(7);
SELECT tenancy.current_tenant_bigint(), tenancy.current_tenant_int(), tenancy.current_tenant();
SELECT tenancy.current_tenant_uuid();
-- '007' is another tenant than 7, and no number
SELECT tenancy.set_tenant('007');
SELECT tenancy.current_tenant();
SELECT tenancy.current_tenant_bigint();
SELECT tenancy.set_tenant(3000000000);
SELECT tenancy.current_tenant_bigint();
SELECT tenancy.current_tenant_int();
SELECT tenancy.set_tenant('cy_slug');
SELECT tenancy.current_tenant_int();
SELECT tenancy.reset_tenant();
SELECT tenancy.current_tenant_uuid() IS NULL, tenancy.current_tenant_bigint() IS NULL,
    tenancy.current_tenant_int() IS NULL;
DELETE FROM tenancy.tenants WHERE id IN ('3f2504e0-4f89-41d3-9a0c-0305e82c3301', '7', '007', '3000000000', 'cy_slug');
