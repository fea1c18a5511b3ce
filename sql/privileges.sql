-- Ordinary roles reach nothing but what is theirs; operators reach everything but further power.
\set SHOW_CONTEXT never
CREATE ROLE regress_pr_app;
CREATE ROLE regress_pr_operator;
SET ROLE regress_pr_app;
SELECT tenancy.create_tenant('pr_acme');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM tenancy.tenants;
SELECT * FROM tenancy.usage_ledger;
INSERT INTO tenancy.usage_ledger (tenant_id, metric, amount, at, stamp) VALUES ('x', 'x', 1, now(), 1);
SELECT * FROM tenancy.stat_tenants;
SELECT tenancy.write_audit('forged', 'x', NULL, NULL);
SELECT tenancy.grant_operator('regress_pr_app');
SET tenancy.clock = '2026-03-15 12:00:00';
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.current_tenant() IS NULL AS may_ask;
RESET ROLE;
SELECT tenancy.grant_operator('regress_pr_operator'), tenancy.grant_operator('regress_pr_operator');
SET ROLE regress_pr_operator;
SELECT tenancy.create_tenant('pr_acme');
SELECT id, status FROM tenancy.tenants WHERE id = 'pr_acme';
SELECT tenancy.write_audit('forged', 'x', NULL, NULL);
SELECT tenancy.grant_operator('regress_pr_app');
UPDATE tenancy.tenants SET status = 'closed';
DELETE FROM tenancy.audit_log;
RESET ROLE;
SELECT action, calling_role FROM tenancy.audit_log WHERE object = 'pr_acme' ORDER BY id;
-- nothing is open to everybody but what applications need
SELECT p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'tenancy'::regnamespace AND has_function_privilege('regress_pr_app', p.oid, 'EXECUTE')
ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT c.oid::regclass FROM pg_class c
WHERE c.relnamespace = 'tenancy'::regnamespace AND c.relkind IN ('r', 'v') AND has_table_privilege('regress_pr_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
ORDER BY c.oid::regclass::text COLLATE "C";
SELECT tenancy.revoke_operator('regress_pr_operator'), tenancy.revoke_operator('regress_pr_operator');
SET ROLE regress_pr_operator;
SELECT tenancy.create_tenant('pr_other');
RESET ROLE;
DROP ROLE regress_pr_app, regress_pr_operator;
DELETE FROM tenancy.tenants WHERE id = 'pr_acme';
