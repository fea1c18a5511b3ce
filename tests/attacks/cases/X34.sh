# what: become somebody else by a type or trigger of one's own on a table that is adopted
# SPDX-License-Identifier: PostgreSQL
# outcome: closed
# roles: app owner
# twin: none, it is about rights
psql -XAtq -c "CREATE SCHEMA x34 AUTHORIZATION $role" >/dev/null
PGUSER=$role psql -XAtq >/dev/null 2>&1 <<'SQL'
SET search_path = x34;
CREATE TABLE ran (role name);
CREATE FUNCTION run() RETURNS boolean LANGUAGE plpgsql SET search_path = x34 AS
$$ BEGIN BEGIN PERFORM set_config('role', 'none', false); EXCEPTION WHEN OTHERS THEN NULL; END; INSERT INTO ran VALUES (current_user); RETURN true; END $$;
CREATE FUNCTION run_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM x34.run(); RETURN NEW; END';
CREATE DOMAIN tenant AS text CHECK (VALUE IS NULL OR run());
CREATE TABLE by_type (id int, org tenant);
CREATE TABLE by_trigger (id int, org text);
INSERT INTO by_trigger VALUES (1, NULL);
CREATE TRIGGER run BEFORE UPDATE ON by_trigger FOR EACH ROW EXECUTE FUNCTION run_trigger();
SELECT tenancy.start_adoption('by_type', 'own', 'org');
SQL
want 2 "$(psql -XAtq -c "CALL tenancy.adopt('x34.by_type', 'own', 'org', allow_blocking_indexes => true)" \
    -c "CALL tenancy.adopt('x34.by_trigger', 'own', 'org', fire_triggers => true, allow_blocking_indexes => true)" 2>&1 | grep -c 'is adopted' || true)"
want t "$(psql -XAtq -c 'SELECT count(*) > 0 FROM x34.ran')"
leak t "$(psql -XAtq -c "SELECT bool_or(role <> '$role') FROM x34.ran")"
psql -XAtq -c 'DROP SCHEMA x34 CASCADE' >/dev/null 2>&1
