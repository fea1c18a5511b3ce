-- A suspended or closed tenant is an error at first use, also over an empty table and also in a
-- transaction that is under way.
\set SHOW_CONTEXT never
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_tenant('cx_acme');
CREATE TABLE cx_notes (tenant_id text, body text);
SET tenancy.tenant_id = 'cx_acme';
SELECT count(*) FROM cx_notes;
BEGIN;
SELECT tenancy.current_tenant();
SELECT tenancy.suspend_tenant('cx_acme', 'invoice unpaid');
SELECT tenancy.current_tenant();
ROLLBACK;
-- rolled back: not suspended
SELECT tenancy.current_tenant();
SELECT tenancy.suspend_tenant('cx_acme', 'invoice unpaid'), tenancy.suspend_tenant('cx_acme');
SELECT tenancy.current_tenant();
\echo :LAST_ERROR_SQLSTATE
CREATE ROLE regress_cx_app;
GRANT SELECT ON cx_notes TO regress_cx_app;
SET ROLE regress_cx_app;
SELECT count(*) FROM cx_notes;
\echo :LAST_ERROR_SQLSTATE
EXPLAIN (COSTS OFF) SELECT count(*) FROM cx_notes;
RESET ROLE;
SELECT tenancy.resume_tenant('cx_acme'), tenancy.resume_tenant('cx_acme');
SELECT tenancy.current_tenant();
SELECT tenancy.close_tenant('cx_acme');
SELECT tenancy.current_tenant();
SELECT tenancy.resume_tenant('cx_acme');
\echo :LAST_ERROR_SQLSTATE
RESET tenancy.tenant_id;
DROP TABLE cx_notes;
DROP ROLE regress_cx_app;
DELETE FROM tenancy.tenants WHERE id = 'cx_acme';
