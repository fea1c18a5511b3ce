-- Without a tenant a role subject to row security sees nothing, or an error under tenancy.strict.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('st_acme');
CREATE TABLE st_notes (tenant_id text, body text);
INSERT INTO st_notes VALUES ('st_acme', 'hello');
CREATE ROLE regress_st_app;
GRANT SELECT, INSERT ON st_notes TO regress_st_app;
SET ROLE regress_st_app;
SELECT count(*) FROM st_notes;
INSERT INTO st_notes (body) VALUES ('nobody''s');
INSERT INTO st_notes VALUES ('st_acme', 'stolen');
SET tenancy.strict = on;
SELECT count(*) FROM st_notes;
\echo :LAST_ERROR_SQLSTATE
SELECT 1 AS needs_no_tenant;
SET tenancy.tenant_id = 'st_acme';
SELECT body FROM st_notes;
RESET tenancy.tenant_id;
RESET ROLE;
-- roles that bypass row security see everything without a tenant
SELECT body FROM st_notes;
RESET tenancy.strict;
DROP TABLE st_notes;
DROP ROLE regress_st_app;
DELETE FROM tenancy.tenants WHERE id = 'st_acme';
