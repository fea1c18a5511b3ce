-- Tables that are older than the library: nothing opens, and the error says what to do.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SELECT tenancy.create_tenant('ro_acme'), tenancy.create_tenant('ro_beta');
CREATE ROLE regress_ro_app;
CREATE TABLE ro_notes (tenant_id text, note text);
SELECT tenancy.attach('ro_notes');
INSERT INTO ro_notes VALUES ('ro_acme', 'a'), ('ro_beta', 'b');
GRANT ALL ON ro_notes TO regress_ro_app;
PREPARE notes AS SELECT note FROM ro_notes;
SET tenancy.tenant_id = 'ro_acme';
EXECUTE notes;
RESET tenancy.tenant_id;

BEGIN;
ALTER TABLE tenancy.metrics RENAME TO not_there_yet;
SAVEPOINT s;
-- who may see all may look after it
SELECT count(*) FROM ro_notes;
SET LOCAL tenancy.tenant_id = 'ro_acme';
SELECT note FROM ro_notes;
ROLLBACK TO s;
SET LOCAL tenancy.tenant_id = 'ro_acme';
EXECUTE notes;
ROLLBACK TO s;
SET LOCAL tenancy.tenant_id = 'ro_acme';
COPY ro_notes TO STDOUT;
ROLLBACK TO s;
SET LOCAL tenancy.tenant_id = 'ro_acme';
TRUNCATE ro_notes;
ROLLBACK TO s;
SET LOCAL ROLE regress_ro_app;
SELECT note FROM ro_notes;
ROLLBACK;
-- there again
SET tenancy.tenant_id = 'ro_acme';
EXECUTE notes;
SELECT note FROM ro_notes;
RESET tenancy.tenant_id;

DROP TABLE ro_notes;
DROP ROLE regress_ro_app;
DELETE FROM tenancy.tenants WHERE id IN ('ro_acme', 'ro_beta');
