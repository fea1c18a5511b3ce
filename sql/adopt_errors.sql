-- What adopt() refuses, whom it obeys, and that it never acts for more than the table's owner.
\set SHOW_CONTEXT never
CREATE ROLE regress_adopt_errors;
CREATE ROLE regress_adopt_errors_other;
CREATE SCHEMA adopt_errors AUTHORIZATION regress_adopt_errors;
GRANT USAGE ON SCHEMA adopt_errors TO regress_adopt_errors_other;
SELECT tenancy.create_tenant('adopt-err'), tenancy.create_tenant('4d2a8f3e-2a40-4d52-9d2b-6b8f8f0f7a11');
SET ROLE regress_adopt_errors;
SET search_path = adopt_errors;
CREATE TABLE t (id int, org text, changed int NOT NULL DEFAULT 0);
INSERT INTO t VALUES (1, 'adopt-err'), (2, NULL);

CALL tenancy.adopt(NULL, 'adopt-err');
CALL tenancy.adopt('t');
CALL tenancy.adopt('t', 'nobody');
CALL tenancy.adopt('t', 'adopt-err', column_type => 'jsonb');
CALL tenancy.adopt('t', 'adopt-err', column_type => 'uuid');
CALL tenancy.adopt('t', 'adopt-err', 'changed');
CALL tenancy.adopt('t', 'adopt-err', 'id');
CALL tenancy.adopt('pg_class', 'adopt-err');
CREATE VIEW v AS SELECT 1;
CALL tenancy.adopt('v', 'adopt-err');
BEGIN;
CALL tenancy.adopt('t', 'adopt-err');
ROLLBACK;
SET tenancy.tenant_id = 'adopt-err';
CALL tenancy.adopt('t', 'adopt-err');
RESET tenancy.tenant_id;
SELECT * FROM tenancy.adopt_step('t');
SELECT * FROM tenancy.adoption_statements('t');
SET ROLE regress_adopt_errors_other;
CALL tenancy.adopt('t', 'adopt-err');
CALL tenancy.rollback_adoption('t');
SELECT tenancy.start_adoption('t', 'adopt-err');
SELECT * FROM tenancy.adoption_statements('t');
SELECT tenancy.save_adoption(ROW('t'::regclass)::record::tenancy.adoptions);
SELECT default_tenant FROM tenancy.adoptions;
RESET ROLE;
SELECT count(*) FROM tenancy.adoptions WHERE relation = 't'::regclass;

-- A column that is there keeps what it has; triggers fire only if that was said.
SET ROLE regress_adopt_errors;
ALTER TABLE t ALTER org SET DEFAULT 'adopt-err';
CREATE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed := OLD.changed + 1; RETURN NEW; END';
CREATE TRIGGER changed BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION count_change();
CALL tenancy.adopt('t', 'adopt-err', 'org');
CALL tenancy.adopt('t', 'adopt-err', 'org', fire_triggers => false);
SELECT state, step, last_error FROM tenancy.adopt_step('t'), LATERAL (SELECT result AS state, message AS last_error) x;
RESET ROLE;
CALL tenancy.adopt('t');
SELECT id, org, changed FROM t ORDER BY id;
CALL tenancy.rollback_adoption('t');
\d t
UPDATE t SET org = NULL WHERE id = 2;
SET ROLE regress_adopt_errors;
CALL tenancy.adopt('t', 'adopt-err', 'org', fire_triggers => true, attach => false);
CALL tenancy.adopt('t', '4d2a8f3e-2a40-4d52-9d2b-6b8f8f0f7a11', 'org');
CALL tenancy.adopt('t', 'adopt-err', 'id');
SELECT statement FROM tenancy.adoption_statements('t') WHERE NOT in_transaction \gexec
CALL tenancy.adopt('t');
CALL tenancy.adopt('t', 'adopt-err');
RESET ROLE;
SELECT id, org, changed FROM t ORDER BY id;
SELECT tenancy.share('t', 'it is attached');
CALL tenancy.rollback_adoption('t');

-- A superuser who adopts runs nothing of the owner's as a superuser.
SET ROLE regress_adopt_errors;
CREATE TABLE seen (who name);
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO adopt_errors.seen VALUES (current_user); RETURN NULL; END';
CREATE TRIGGER tell AFTER UPDATE ON t EXECUTE FUNCTION tell();
UPDATE t SET org = NULL;
DELETE FROM seen;
RESET ROLE;
CALL tenancy.adopt('t', 'adopt-err', 'org', fire_triggers => true, allow_blocking_indexes => true);
SELECT DISTINCT who FROM seen;
SHOW role;

-- Rows that the owner's own policies hide from him are no rows without a tenant.
CALL tenancy.rollback_adoption('t');
UPDATE t SET org = NULL;
CREATE POLICY narrow ON t USING (id = 1);
ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CALL tenancy.adopt('t', 'adopt-err', 'org', fire_triggers => true);
SELECT id, org FROM t ORDER BY id;
ALTER TABLE t DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
DROP POLICY narrow ON t;

-- A uuid is the one that is registered.
CREATE TABLE u (id int);
INSERT INTO u VALUES (1);
CALL tenancy.adopt('u', '4D2A8F3E-2a40-4d52-9d2b-6b8f8f0f7a11', column_type => 'uuid', allow_blocking_indexes => true);
SET tenancy.tenant_id = '4d2a8f3e-2a40-4d52-9d2b-6b8f8f0f7a11';
TABLE u;
RESET tenancy.tenant_id;

SET client_min_messages = warning;
DROP SCHEMA adopt_errors CASCADE;
DROP ROLE regress_adopt_errors, regress_adopt_errors_other;
SELECT tenancy.close_tenant('adopt-err'), tenancy.close_tenant('4d2a8f3e-2a40-4d52-9d2b-6b8f8f0f7a11');
