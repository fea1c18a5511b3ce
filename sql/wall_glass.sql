-- The one door: with a reason, for a time, on record, and only for roles that bypass row security.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT tenancy.create_tenant('wg_a');
CREATE TABLE wg_notes (tenant_id text, n int);
INSERT INTO wg_notes VALUES ('wg_a', 1), ('wg_other', 2);
CREATE ROLE regress_wg_app;
GRANT SELECT ON wg_notes TO regress_wg_app;
SET tenancy.tenant_id = 'wg_a';
SELECT count(*) FROM wg_notes;
SELECT tenancy.break_glass('');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.break_glass('ticket 7', '0 s');
SELECT tenancy.break_glass('ticket 7', '2 days');
SELECT tenancy.break_glass('ticket 7') > now() AS open;
SELECT count(*) FROM wg_notes;
-- roles subject to row security stay behind the wall
SET ROLE regress_wg_app;
SELECT count(*) FROM wg_notes;
SELECT tenancy.break_glass('let me');
RESET ROLE;
GRANT EXECUTE ON FUNCTION tenancy.break_glass(text, interval) TO regress_wg_app;
SET ROLE regress_wg_app;
SELECT tenancy.break_glass('let me');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.open_glass('infinity');
RESET ROLE;
-- shut again when the time is over
SELECT tenancy.break_glass('ticket 8', '1 microsecond') IS NOT NULL AS open;
SELECT count(*) FROM wg_notes;
-- or before
SELECT tenancy.break_glass('ticket 9') > now() AS open;
SELECT count(*) FROM wg_notes;
SELECT tenancy.close_glass();
SELECT count(*) FROM wg_notes;
SELECT action, object, before ->> 'tenant' AS tenant, after ->> 'reason' AS reason FROM tenancy.audit_log WHERE action = 'break_glass' ORDER BY id;
RESET tenancy.tenant_id;
REVOKE ALL ON FUNCTION tenancy.break_glass(text, interval) FROM regress_wg_app;
DROP TABLE wg_notes;
DROP ROLE regress_wg_app;
DELETE FROM tenancy.tenants WHERE id = 'wg_a';
