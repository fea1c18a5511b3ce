-- Tables, views and functions of several kinds with the rows of two tenants; those of fz_other carry marks: 'alien', and 770077007700 in numbers.
-- SPDX-License-Identifier: PostgreSQL
\set ON_ERROR_STOP on
CREATE ROLE fuzz_owner LOGIN;
CREATE ROLE fuzz_app LOGIN;
CREATE ROLE fuzz_bypass LOGIN BYPASSRLS;
CREATE EXTENSION tenancy;
SELECT tenancy.create_plan('fz_plan'), tenancy.create_tenant('fz_own', 'fz_plan'), tenancy.create_tenant('fz_other', 'fz_plan'),
    tenancy.create_metric('fz.units');
-- The one way past the wall that a superuser has by law.
ALTER EXTENSION tenancy DROP FUNCTION tenancy.open_glass;
DROP FUNCTION tenancy.open_glass CASCADE;

CREATE SCHEMA fuzz AUTHORIZATION fuzz_owner;
GRANT USAGE ON SCHEMA fuzz TO PUBLIC;
SET ROLE fuzz_owner;
SET search_path = fuzz;

-- A type of its own, so that sqlsmith gives such a value to the probes, and to nothing else.
CREATE DOMAIN mark AS text;

-- The probes are as leaky as can be, and cheap, so that the planner asks them first: one that gets to
-- see a foreign row tells. Without a tenant (sqlsmith calls reset_tenant(), too) roles see what is theirs.
CREATE FUNCTION tell(m mark) RETURNS void LANGUAGE plpgsql COST 0.0001 AS $$
BEGIN
    IF m = 'alien' AND current_setting('tenancy.tenant_id') = 'fz_own' THEN
        RAISE EXCEPTION USING MESSAGE = 'an a' || 'lien row was seen', ERRCODE = 'XX001';
    END IF;
END $$;
CREATE FUNCTION probe(a mark, b mark) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS
    'BEGIN PERFORM fuzz.tell(a), fuzz.tell(b); RETURN true; END';
-- Many, because sqlsmith draws from all functions and operators there are.
DO $do$
DECLARE
    n int := 0;
    name text;
BEGIN
    FOR name IN SELECT a || b || c FROM regexp_split_to_table('@#%&|', '') a, regexp_split_to_table('@#%&|', '') b,
        regexp_split_to_table('@#%&|~^', '') c LOOP
        n := n + 1;
        EXECUTE format('CREATE OPERATOR fuzz.%s (LEFTARG = mark, RIGHTARG = mark, FUNCTION = probe)', name);
        EXECUTE format($$CREATE FUNCTION probe_%s(m mark) RETURNS %s LANGUAGE plpgsql COST 0.0001
            AS 'BEGIN PERFORM fuzz.tell(m); RETURN %s; END'$$, n,
            (ARRAY['boolean', 'integer', 'text'])[n % 3 + 1], (ARRAY['true', '1', 'current_user'])[n % 3 + 1]);
    END LOOP;
END $do$;

CREATE TABLE plain (tenant_id text, id bigint, m mark, note text, at timestamptz, amount numeric, PRIMARY KEY (tenant_id, id));
CREATE TABLE parts (tenant_id text, id bigint, m mark, day date, tags text[], PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (id);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY LIST (tenant_id);
CREATE TABLE parts_1_own PARTITION OF parts_1 FOR VALUES IN ('fz_own');
CREATE TABLE parts_1_rest PARTITION OF parts_1 DEFAULT;
CREATE TABLE parent (tenant_id text, id integer, m mark, doc jsonb);
CREATE TABLE child (extra text) INHERITS (parent);
CREATE TABLE lines (tenant_id text, plain_id bigint, m mark, n integer, FOREIGN KEY (tenant_id, plain_id) REFERENCES plain ON DELETE CASCADE);
CREATE INDEX ON plain (note);
CREATE INDEX ON lines (n);
CREATE TABLE shared (code integer PRIMARY KEY, name text);

CREATE VIEW plain_view AS SELECT id, m, note, amount FROM plain WHERE amount > 0;
CREATE VIEW invoker_view WITH (security_invoker) AS SELECT l.n, l.m, p.note FROM lines l JOIN plain p ON p.id = l.plain_id;
CREATE VIEW barrier_view WITH (security_barrier) AS SELECT id, m, day FROM parts;
CREATE VIEW sums AS SELECT m, count(*) AS rows, sum(n) AS total FROM lines GROUP BY m;
CREATE VIEW everything AS SELECT id, m FROM plain UNION ALL SELECT id, m FROM parts UNION ALL SELECT id, m FROM ONLY parent UNION ALL SELECT id, m FROM child;

CREATE FUNCTION marks() RETURNS SETOF mark LANGUAGE sql STABLE AS 'SELECT m FROM fuzz.plain';
CREATE FUNCTION first_mark(n bigint) RETURNS mark LANGUAGE sql STABLE SECURITY DEFINER AS
    'SELECT m FROM fuzz.parts WHERE id >= n ORDER BY m DESC LIMIT 1';
CREATE FUNCTION any_mark(n integer) RETURNS mark LANGUAGE plpgsql AS
    'BEGIN RETURN (SELECT m FROM fuzz.parent ORDER BY m DESC, abs(id - n) LIMIT 1); END';
CREATE FUNCTION add_line(k integer) RETURNS integer LANGUAGE sql SECURITY DEFINER AS
    'INSERT INTO fuzz.lines (plain_id, m, n) SELECT id, ''own'', k FROM fuzz.plain ORDER BY id LIMIT 1 RETURNING n';

-- What is written to a foreign row, or as one. AFTER: the wall's checks have been.
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('tenancy.tenant_id') = 'fz_own'
        AND (OLD.tenant_id IS DISTINCT FROM 'fz_own' AND TG_OP <> 'INSERT' OR NEW.tenant_id IS DISTINCT FROM 'fz_own' AND TG_OP <> 'DELETE') THEN
        RAISE EXCEPTION USING MESSAGE = 'an a' || 'lien row was written', ERRCODE = 'XX001';
    END IF;
    RETURN NULL;
END $$;
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['plain', 'parts', 'parent', 'child', 'lines'] LOOP
        EXECUTE format('CREATE TRIGGER watch AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION watch()', name);
    END LOOP;
END $$;

RESET ROLE;
SELECT tenancy.share('fuzz.shared', 'codes of all');
-- As a superuser without a tenant: the rows of both.
CREATE TEMP TABLE whose (t text, m text, f bigint);
INSERT INTO whose VALUES ('fz_own', 'own', 1), ('fz_other', 'alien', 770077007700);
INSERT INTO plain SELECT t, n, m, m || n, '2030-01-01', n * f FROM generate_series(1, 40) n, whose;
INSERT INTO parts SELECT t, n, m, '2030-01-01', ARRAY[m] FROM generate_series(1, 40) n, whose;
INSERT INTO parent SELECT t, n, m, jsonb_build_object('of', m) FROM generate_series(1, 20) n, whose;
INSERT INTO child SELECT t, n, m, '{}', m FROM generate_series(21, 40) n, whose;
INSERT INTO lines SELECT t, n, m, n FROM generate_series(1, 40) n, whose;
INSERT INTO shared SELECT n, 'code ' || n FROM generate_series(1, 10) n;
ANALYZE;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA fuzz TO fuzz_app, fuzz_bypass;

-- What sqlsmith sees of the catalog when this schema is first in its search_path: functions of plain
-- types. With all of them most queries end in an error of types before they read a row.
CREATE SCHEMA lens;
GRANT USAGE ON SCHEMA lens TO PUBLIC;
CREATE VIEW lens.pg_proc AS SELECT * FROM pg_catalog.pg_proc p
    WHERE (pronamespace <> 'pg_catalog'::regnamespace OR provolatile <> 'v')
        AND ARRAY['boolean', 'integer', 'bigint', 'double precision', 'numeric', 'text', 'text[]', 'varchar', 'date', 'timestamptz',
            'interval', 'jsonb', 'fuzz.mark']::regtype[] @> (proargtypes::regtype[] || prorettype::regtype);
GRANT SELECT ON lens.pg_proc TO PUBLIC;
-- It names the catalog's operators itself, so those that it cannot use go for good.
SET allow_system_table_mods = on;
DELETE FROM pg_operator WHERE EXISTS (SELECT FROM pg_type t WHERE t.oid IN (oprleft, oprright) AND (typname ~ '^any' OR typcategory = 'G'));
-- Readable in part only, so that queries of it fail.
REVOKE SELECT ON tenancy.attached_tables FROM PUBLIC;
REVOKE SELECT (relation) ON tenancy.shared_tables FROM PUBLIC;
