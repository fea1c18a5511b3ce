# what: become somebody else by a policy of one's own that has the wall's name, or a cast of its column's type
# SPDX-License-Identifier: PostgreSQL
# outcome: closed
# roles: app owner
# twin: none, it is about rights
psql -XAtq -c "CREATE SCHEMA x38 AUTHORIZATION $role" >/dev/null
PGUSER=$role psql -XAtq >/dev/null 2>&1 <<'SQL'
SET search_path = x38;
CREATE TABLE ran (role name);
CREATE FUNCTION run() RETURNS text LANGUAGE plpgsql SET search_path = x38 AS $$ BEGIN INSERT INTO ran VALUES (current_user); RETURN 'own'; END $$;
CREATE TYPE pair AS (a int);
CREATE FUNCTION as_text(pair) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN x38.run(); END';
CREATE CAST (pair AS text) WITH FUNCTION as_text(pair);
CREATE TABLE by_cast (c pair);
INSERT INTO by_cast VALUES (ROW(1));
CREATE POLICY tenancy_isolation ON by_cast USING (c IS NOT NULL);
CREATE TABLE by_policy (c text);
INSERT INTO by_policy VALUES ('own');
CREATE POLICY tenancy_isolation ON by_policy USING (c = run());
ALTER TABLE by_policy ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT * FROM by_policy;
SQL
want 2 "$(as postgres own 'SELECT * FROM x38.by_policy' 'COPY x38.by_policy TO STDOUT' | grep -c 'is not the one that attach() makes' || true)"
want t "$(psql -XAtq -c 'SELECT tenancy.measure_storage() > 0')"
want t "$(psql -XAtq -c 'SELECT count(*) > 0 FROM x38.ran')"
leak t "$(psql -XAtq -c "SELECT bool_or(role <> '$role') FROM x38.ran")"
psql -XAtq -c 'DROP SCHEMA x38 CASCADE' >/dev/null 2>&1
