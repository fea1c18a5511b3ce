-- A bound role can act for its tenants and for no other, whatever it calls itself.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('tb_acme'), tenancy.create_tenant('tb_beta'), tenancy.create_tenant('TB_gamma'), tenancy.create_tenant('tb_victim');
CREATE TABLE tb_notes (tenant_id text, note text);
INSERT INTO tb_notes VALUES ('tb_acme', 'a'), ('tb_beta', 'b'), ('TB_gamma', 'c');
SELECT tenancy.attach('tb_notes');
CREATE ROLE regress_tb_app LOGIN;
CREATE ROLE regress_tb_free LOGIN;
CREATE ROLE regress_tb_pool LOGIN;
CREATE ROLE "regress_tb Odd.name";
GRANT SELECT ON tb_notes TO PUBLIC;
GRANT regress_tb_free TO regress_tb_app;
GRANT regress_tb_app TO regress_tb_pool;
-- errors
SELECT tenancy.bind_role('regress_tb_app', 'tb_nobody');
SELECT tenancy.bind_role('regress_tb_app', NULL);
SELECT tenancy.bind_role(NULL, 'tb_acme');
SELECT tenancy.bind_role('regress_tb_app', VARIADIC '{}');
SELECT tenancy.bind_role(1::oid, 'tb_acme');
SELECT tenancy.bind_role(current_user::regrole, 'tb_acme');
SELECT tenancy.unbind_role(NULL);
-- idempotent, audited, a case of its own does not matter
SELECT tenancy.bind_role('regress_tb_app', 'TB_ACME'), tenancy.bind_role('regress_tb_app', 'tb_acme');
SELECT role, tenant_id, at_login FROM tenancy.role_bindings;
-- bound is the session user ...
SET SESSION AUTHORIZATION regress_tb_app;
SET tenancy.tenant_id = 'tb_beta';
SELECT note FROM tb_notes;
SELECT tenancy.set_tenant('tb_beta');
-- (and does not learn who the others are)
SELECT tenancy.set_tenant('tb_nobody');
SELECT tenancy.set_tenant('tb_acme');
SELECT note FROM tb_notes;
-- ... who does not get away by another role,
SET ROLE regress_tb_free;
SET tenancy.tenant_id = 'tb_beta';
SELECT note FROM tb_notes;
SET tenancy.tenant_id = 'tb_acme';
SELECT note FROM tb_notes;
RESET ROLE;
RESET SESSION AUTHORIZATION;
RESET tenancy.tenant_id;
-- ... the role that was set,
SET SESSION AUTHORIZATION regress_tb_pool;
SET tenancy.tenant_id = 'tb_beta';
SELECT note FROM tb_notes;
SET ROLE regress_tb_app;
SELECT note FROM tb_notes;
RESET ROLE;
SELECT note FROM tb_notes;
-- ... and the owner of a function that runs as its owner.
RESET SESSION AUTHORIZATION;
CREATE FUNCTION tb_spy() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS 'SELECT note FROM public.tb_notes';
ALTER FUNCTION tb_spy() OWNER TO regress_tb_app;
SET SESSION AUTHORIZATION regress_tb_free;
SELECT tb_spy();
SET tenancy.tenant_id = 'tb_acme';
SELECT tb_spy();
RESET SESSION AUTHORIZATION;
-- also a superuser, while it is that role
SET tenancy.tenant_id = 'tb_beta';
SET ROLE regress_tb_app;
SELECT note FROM tb_notes;
RESET ROLE;
SELECT note FROM tb_notes;
RESET tenancy.tenant_id;
-- work is not charged to a tenant that the role cannot be
SET SESSION AUTHORIZATION regress_tb_app;
SET tenancy.tenant_id = 'tb_victim';
SELECT count(*) FROM generate_series(1, 1000);
RESET SESSION AUTHORIZATION;
SET tenancy.tenant_id = '';
SELECT count(*) AS charged FROM tenancy.stat_tenants WHERE tenant_id = 'tb_victim';
-- several tenants: none at login
SELECT tenancy.bind_role('regress_tb_app', 'tb_gamma', 'tb_acme');
SELECT role, tenant_id, at_login FROM tenancy.role_bindings ORDER BY 2;
SET SESSION AUTHORIZATION regress_tb_app;
SELECT tenancy.set_tenant('tb_gamma');
SELECT note FROM tb_notes;
RESET SESSION AUTHORIZATION;
RESET tenancy.tenant_id;
-- a rename keeps the binding
ALTER ROLE regress_tb_app RENAME TO regress_tb_renamed;
SELECT role, tenant_id, at_login FROM tenancy.role_bindings ORDER BY 2;
SET SESSION AUTHORIZATION regress_tb_renamed;
SELECT tenancy.set_tenant('tb_beta');
RESET SESSION AUTHORIZATION;
-- one left: at login again; none left: free again
SELECT tenancy.unbind_role('regress_tb_renamed', 'tb_acme'), tenancy.unbind_role('regress_tb_renamed', 'tb_acme');
SELECT role, tenant_id, at_login FROM tenancy.role_bindings ORDER BY 2;
SELECT setconfig FROM pg_db_role_setting WHERE setrole = 'regress_tb_renamed'::regrole;
SELECT tenancy.unbind_role('regress_tb_renamed'), tenancy.unbind_role('regress_tb_renamed');
SELECT count(*) FROM pg_db_role_setting WHERE setrole = 'regress_tb_renamed'::regrole;
SET SESSION AUTHORIZATION regress_tb_renamed;
SELECT tenancy.set_tenant('tb_beta');
RESET SESSION AUTHORIZATION;
RESET tenancy.tenant_id;
-- a setting that somebody else made is left alone
DO $$ BEGIN EXECUTE format('ALTER ROLE regress_tb_renamed IN DATABASE %I SET tenancy.tenant_id = %L', current_database(), 'tb_beta'); END $$;
SELECT tenancy.bind_role('regress_tb_renamed', 'tb_acme', 'tb_gamma'), tenancy.unbind_role('regress_tb_renamed');
SELECT setconfig FROM pg_db_role_setting WHERE setrole = 'regress_tb_renamed'::regrole;
-- odd names, and a role that is gone
SELECT tenancy.bind_role('"regress_tb Odd.name"', 'tb_acme');
SELECT role, at_login FROM tenancy.role_bindings;
DROP ROLE "regress_tb Odd.name";
SELECT count(*) FROM tenancy.role_tenants WHERE role IN (SELECT oid FROM pg_roles);
SELECT tenancy.unbind_role(role) FROM tenancy.role_tenants;
-- a binding that is rolled back binds nobody
BEGIN;
SELECT tenancy.bind_role('regress_tb_free', 'tb_acme');
SET LOCAL SESSION AUTHORIZATION regress_tb_free;
SAVEPOINT s;
SELECT tenancy.set_tenant('tb_beta');
ROLLBACK;
SET SESSION AUTHORIZATION regress_tb_free;
SELECT tenancy.set_tenant('tb_beta');
RESET SESSION AUTHORIZATION;
RESET tenancy.tenant_id;
SELECT action, before, after FROM tenancy.audit_log WHERE action LIKE '%bind_role' AND object ~ '_tb[_ ]' ORDER BY id;
DROP FUNCTION tb_spy();
DROP TABLE tb_notes;
DROP ROLE regress_tb_renamed, regress_tb_free, regress_tb_pool;
DELETE FROM tenancy.tenants WHERE id ILIKE 'tb\_%';
