-- Plans: made once, repeated quietly, refused when the values are bad.
\set SHOW_CONTEXT never
SELECT tenancy.create_plan('rp_basic', 'Basic', 'EUR'), tenancy.create_plan('rp_basic', currency => 'EUR');
SELECT id, name, currency FROM tenancy.plans WHERE id LIKE 'rp\_%';
SELECT tenancy.create_plan('rp_basic', currency => 'USD');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.create_plan('rp basic');
SELECT tenancy.create_plan('');
SELECT tenancy.create_plan(NULL);
SELECT tenancy.create_plan('rp_x', currency => 'euro');
\echo :LAST_ERROR_SQLSTATE
SELECT action, object, before, after ->> 'currency' AS currency FROM tenancy.audit_log WHERE object LIKE 'rp\_%';
DELETE FROM tenancy.plans WHERE id LIKE 'rp\_%';
