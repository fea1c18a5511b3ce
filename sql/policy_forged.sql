-- A policy with the wall's name that a table's owner made: no code of the owner's runs with the rights of others.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_tenant('pf_a'), tenancy.create_tenant('pf_b');
CREATE ROLE regress_pf_owner;
CREATE SCHEMA pf AUTHORIZATION regress_pf_owner;
SET search_path = pf;
SET ROLE regress_pf_owner;
CREATE TABLE ran (role name);
CREATE FUNCTION run(value text) RETURNS text LANGUAGE plpgsql SET search_path = pf AS $$ BEGIN INSERT INTO ran VALUES (current_user); RETURN value; END $$;
CREATE TABLE notes (tenant_id text, id int);
CREATE TABLE opened (tenant_id text, id int);
SET tenancy.tenant_id = 'pf_a';
INSERT INTO notes VALUES ('pf_a', 1);
INSERT INTO opened VALUES ('pf_a', 1);
RESET tenancy.tenant_id;
DROP POLICY tenancy_isolation ON notes;
CREATE POLICY tenancy_isolation ON notes USING (tenant_id = run('pf_a'));
DROP POLICY tenancy_isolation ON opened;
CREATE POLICY tenancy_isolation ON opened USING (tenant_id = tenancy.current_tenant_text() OR run('x') = 'x');
-- the owner's own reading is the owner's affair
SET tenancy.tenant_id = 'pf_a';
SELECT * FROM notes;
SELECT count(*) > 0 AS ran, count(*) FILTER (WHERE role <> 'regress_pf_owner') AS as_others FROM ran;
-- roles that bypass row security, in every way
RESET ROLE;
SELECT * FROM notes;
SELECT * FROM opened;
UPDATE notes SET id = 2;
DELETE FROM notes;
INSERT INTO notes VALUES ('pf_a', 3) RETURNING id;
COPY notes TO STDOUT;
COPY notes FROM '/dev/null';
PREPARE q AS SELECT * FROM notes;
SET plan_cache_mode = force_generic_plan;
EXECUTE q;
DEALLOCATE q;
-- nothing but the server's own functions that only compute: it runs
SET ROLE regress_pf_owner;
RESET tenancy.tenant_id;
ALTER POLICY tenancy_isolation ON opened USING (tenant_id = current_setting('pf.tenant', true) OR upper(tenant_id)::varchar = 'PF_A' AND id IS NOT NULL);
RESET ROLE;
SET tenancy.tenant_id = 'pf_a';
SELECT * FROM opened;
-- those that do more, and what is the owner's at second sight
SET ROLE regress_pf_owner;
RESET tenancy.tenant_id;
CREATE DOMAIN asking AS text CHECK (run(VALUE) = VALUE);
CREATE TABLE various (tenant_id text, id int, whose asking);
CREATE TABLE conditions (condition text);
INSERT INTO conditions VALUES ($$query_to_xml('SELECT pf.run(''x'')', true, true, '') IS NULL$$), ($$tenant_id::asking = 'pf_a'$$),
    ($$(SELECT run(tenant_id)) = 'x'$$), ($$tenancy.run_as('postgres', 'SELECT pf.run(''x'')') IS NULL$$),
    ($$EXISTS (SELECT FROM ran)$$), ($$run(tenant_id) IS NULL$$), ($$COALESCE(run('x'), 'x') = 'x'$$);
GRANT ALL ON conditions TO PUBLIC;
RESET ROLE;
DO $$
DECLARE c text;
BEGIN
    FOR c IN SELECT condition FROM conditions LOOP
        PERFORM tenancy.reset_tenant();
        EXECUTE format('ALTER POLICY tenancy_isolation ON various USING (%s)', c);
        PERFORM tenancy.set_tenant('pf_a');
        BEGIN
            EXECUTE 'SELECT FROM various';
            RAISE WARNING 'not refused: %', c;
        EXCEPTION WHEN object_not_in_prerequisite_state THEN
            NULL;
        END;
    END LOOP;
END $$;
PREPARE q AS SELECT * FROM notes;
-- without a tenant they have no policy
RESET tenancy.tenant_id;
SELECT * FROM notes;
EXECUTE q;
-- an operator's server, a column of a type with a cast of the owner's
SET ROLE regress_pf_owner;
CREATE TYPE pair AS (a int);
CREATE FUNCTION pair_as_text(pair) RETURNS text LANGUAGE plpgsql SET search_path = pf AS $$ BEGIN INSERT INTO ran VALUES (current_user); RETURN 'pf_a'; END $$;
CREATE CAST (pair AS text) WITH FUNCTION pair_as_text(pair);
CREATE TABLE cast_to_text (c pair);
INSERT INTO cast_to_text VALUES (ROW(1));
CREATE POLICY tenancy_isolation ON cast_to_text USING (c IS NOT NULL);
RESET ROLE;
SELECT tenancy.measure_storage() > 0 AS measured;
SELECT tenancy.measure_storage('cast_to_text');
SELECT tenancy.track_rows('cast_to_text');
SELECT count(*) FROM tenancy.storage_tables WHERE relation = 'cast_to_text'::regclass;
SELECT name, object, remediation FROM tenancy.check() WHERE object LIKE 'pf.%' OR object IN ('notes', 'opened', 'cast_to_text') AND name LIKE 'isolation%';
SELECT count(*) AS as_others FROM ran WHERE role <> 'regress_pf_owner';
-- attach() mends it
SELECT tenancy.attach('notes');
SET tenancy.tenant_id = 'pf_a';
SELECT * FROM notes;
EXECUTE q;
-- the sizes of tenants are not read from statistics of another type than the operator's
SET ROLE regress_pf_owner;
CREATE TYPE label AS ENUM ('pf_a', 'pf_b');
CREATE CAST (label AS text) WITH INOUT AS IMPLICIT;
CREATE TABLE labelled (c label, id int);
INSERT INTO labelled SELECT 'pf_a', n FROM generate_series(1, 100) n;
CREATE POLICY mine ON labelled USING (c = tenancy.current_tenant_text());
ALTER TABLE labelled ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ANALYZE labelled;
PREPARE l AS SELECT count(*) FROM labelled;
EXECUTE l;
SET tenancy.tenant_id = 'pf_b';
EXECUTE l;
-- nor by operators of the owner's
CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE plpgsql SET search_path = pf AS $$ BEGIN INSERT INTO ran VALUES (current_user); RETURN true; END $$;
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
CREATE TABLE compared (whose text, id int);
INSERT INTO compared SELECT 'pf_a', n FROM generate_series(1, 100) n;
CREATE POLICY mine ON compared USING (whose === tenancy.current_tenant_text());
ALTER TABLE compared ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ANALYZE compared;
TRUNCATE ran;
EXPLAIN (COSTS OFF) SELECT FROM compared;
PREPARE c AS SELECT count(*) FROM compared;
EXPLAIN (COSTS OFF) EXECUTE c;
SET tenancy.tenant_id = 'pf_a';
SELECT count(*) AS ran FROM ran;

RESET ROLE;
RESET tenancy.tenant_id;
SET client_min_messages = error;
DROP SCHEMA pf CASCADE;
DROP ROLE regress_pf_owner;
DELETE FROM tenancy.tenants WHERE id LIKE 'pf\_%';
