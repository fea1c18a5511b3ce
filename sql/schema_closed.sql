-- Without a tenant, or with one that may not be used, a tenant's schema is closed; administrators see all.
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE ROLE regress_sc_app;
CREATE ROLE regress_sc_owner;
CREATE SCHEMA sc_app AUTHORIZATION regress_sc_owner;
SET ROLE regress_sc_owner;
CREATE TABLE sc_app.notes (id int PRIMARY KEY, body text);
CREATE FUNCTION sc_app.folded(t text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN lower(t); END';
CREATE INDEX ON sc_app.notes (sc_app.folded(body));
GRANT USAGE ON SCHEMA sc_app TO regress_sc_app;
GRANT ALL ON sc_app.notes TO regress_sc_app;
RESET ROLE;
SELECT tenancy.set_template_schema('sc_app');
SELECT tenancy.create_tenant('sc_a', isolation => 'schema');
INSERT INTO tenant_sc_a.notes VALUES (1, 'one');
CREATE VIEW sc_view AS SELECT * FROM tenant_sc_a.notes;
GRANT SELECT ON sc_view TO PUBLIC;
SELECT 'tenant_sc_a.notes'::regclass::oid AS notes \gset
-- the application, and the tables' own owner
SET ROLE regress_sc_app;
SELECT * FROM tenant_sc_a.notes;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sc_view;
SET search_path = tenant_sc_a, public;
SELECT current_schemas(false);
SELECT * FROM notes;
RESET search_path;
SET ROLE regress_sc_owner;
SELECT * FROM tenant_sc_a.notes;
DROP TABLE tenant_sc_a.notes;
RESET ROLE;
-- who bypasses row security: all, and maintenance runs as the owner on its behalf
SELECT * FROM tenant_sc_a.notes;
ANALYZE tenant_sc_a.notes;
REINDEX TABLE tenant_sc_a.notes;
VACUUM tenant_sc_a.notes;
-- suspended: at the next statement, also of a prepared one; and not through an open cursor
SET tenancy.tenant_id = 'sc_a';
SET ROLE regress_sc_app;
PREPARE q AS SELECT * FROM notes;
EXECUTE q;
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM notes;
SET LOCAL tenancy.tenant_id = 'sc_other';
ROLLBACK;
RESET ROLE;
SELECT tenancy.suspend_tenant('sc_a', 'unpaid');
SET ROLE regress_sc_app;
EXECUTE q;
INSERT INTO notes VALUES (2, 'two');
RESET ROLE;
SELECT tenancy.resume_tenant('sc_a');
EXECUTE q;
-- a closed tenant's data is kept until somebody says otherwise
SELECT tenancy.close_tenant('sc_a');
EXECUTE q;
RESET tenancy.tenant_id;
SELECT * FROM tenant_sc_a.notes;
DROP VIEW sc_view;
SET client_min_messages = error;
SELECT tenancy.drop_tenant_schema('sc_a', 'sc_a');
SELECT tenancy.set_template_schema(NULL);
DROP SCHEMA sc_app CASCADE;
DELETE FROM tenancy.tenants WHERE id = 'sc_a';
DROP ROLE regress_sc_app, regress_sc_owner;
