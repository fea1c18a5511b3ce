-- Every wall that goes up or down is in the audit log, whoever did it and however.
\set SHOW_CONTEXT never
CREATE ROLE regress_audit_owner;
CREATE SCHEMA policy_audit AUTHORIZATION regress_audit_owner;
SET ROLE regress_audit_owner;
SET search_path = policy_audit;
CREATE TABLE orders (tenant_id text);
SELECT tenancy.detach('orders');
SELECT tenancy.attach('orders');
SELECT tenancy.attach('orders');
ALTER POLICY tenancy_isolation ON orders USING (tenant_id = tenancy.current_tenant_text() OR tenant_id = 'x');
ALTER POLICY tenancy_isolation ON orders RENAME TO harmless;
DROP POLICY harmless ON orders;
SELECT tenancy.attach('orders');
DROP POLICY tenancy_isolation ON orders;
CREATE TABLE gone (tenant_id uuid);
DROP TABLE gone;
CREATE TABLE lost (tenant_id int, id int);
SET client_min_messages = warning;
ALTER TABLE lost DROP COLUMN tenant_id CASCADE;
RESET client_min_messages;
-- Nothing of a transaction that fails.
BEGIN;
CREATE TABLE never (tenant_id text);
ROLLBACK;

-- Nobody writes the log but the functions that act, and those cannot be called for show.
SELECT tenancy.write_audit('attach', 'policy_audit.forged', NULL, NULL);
\echo :SQLSTATE
SELECT tenancy.audit_policies();
\echo :SQLSTATE
RESET ROLE;
SELECT session_role = session_user AS session_role, calling_role, action, object,
       coalesce(after, before) AS what
  FROM tenancy.audit_log WHERE object LIKE 'policy_audit.%' ORDER BY id;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA policy_audit CASCADE;
DROP ROLE regress_audit_owner;
