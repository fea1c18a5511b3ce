-- check(): roles, settings and versions; and who may run it.
\set SHOW_CONTEXT never
CREATE ROLE regress_server_super LOGIN SUPERUSER;
CREATE ROLE regress_server_bypass LOGIN BYPASSRLS;
CREATE ROLE regress_server_group BYPASSRLS;
CREATE ROLE regress_server_app LOGIN;
CREATE ROLE regress_server_operator LOGIN;
SELECT tenancy.grant_operator('regress_server_operator');
\x
SELECT * FROM tenancy.check() WHERE object LIKE 'regress_server_%';
ALTER EVENT TRIGGER tenancy_attach_new_tables DISABLE;
ALTER EVENT TRIGGER tenancy_audit_drops ENABLE;
ALTER EVENT TRIGGER tenancy_check_new_triggers DISABLE;
SET tenancy.clock = '2026-01-31 12:00:00+00';
SELECT * FROM tenancy.check() WHERE object LIKE 'tenancy%';
\x
SELECT remediation FROM tenancy.check() WHERE object LIKE 'tenancy%' \gexec
SELECT * FROM tenancy.check() WHERE object LIKE 'tenancy%';
-- Another version of the library than of the SQL objects.
BEGIN;
UPDATE pg_extension SET extversion = '0.0.1' WHERE extname = 'tenancy';
SELECT name, level, remediation FROM tenancy.check() WHERE object LIKE 'tenancy%';
UPDATE pg_extension SET extversion = '99.10' WHERE extname = 'tenancy';
SELECT name, level, remediation FROM tenancy.check() WHERE object LIKE 'tenancy%';
ROLLBACK;

-- For operators; the columns and the order are promised.
SET ROLE regress_server_operator;
SELECT bool_and(level IN ('ERROR', 'WARN', 'INFO')) AS known_levels FROM tenancy.check();
SELECT string_agg(level, ' ' ORDER BY n) ~ '^(ERROR ?)*(WARN ?)*(INFO ?)*$' AS worst_first
  FROM tenancy.check() WITH ORDINALITY AS c(name, level, object, detail, remediation, n);
SET ROLE regress_server_app;
SELECT * FROM tenancy.check();
\echo :SQLSTATE
RESET ROLE;
SELECT tenancy.revoke_operator('regress_server_operator');
DROP ROLE regress_server_super, regress_server_bypass, regress_server_group, regress_server_app, regress_server_operator;
