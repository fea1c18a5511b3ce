-- what: casts, operators, operator classes and event triggers of a tenant's own
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed super=open
-- types: text
-- kinds: plain
-- do: superusers may make operator classes, whose functions indexes trust
-- attack
CREATE FUNCTION scratch.spy(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0000001 AS $$ BEGIN RAISE WARNING 'saw %', $1; RETURN true; END $$;
CREATE OPERATOR scratch.~~ (LEFTARG = text, RIGHTARG = text, FUNCTION = scratch.spy);
\echo want 00000 got :SQLSTATE
CREATE TYPE scratch.seen AS (body text);
CREATE FUNCTION scratch.cast_spy(text) RETURNS scratch.seen LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'saw %', $1; RETURN ROW($1); END $$;
CREATE CAST (text AS scratch.seen) WITH FUNCTION scratch.cast_spy(text);
SELECT count(*) FROM :t WHERE body OPERATOR(scratch.~~) 'x';
SELECT count(*) FROM :t WHERE (scratch.cast_spy(body)).body <> '';
CREATE FUNCTION scratch.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE OPERATOR CLASS scratch.text_spying FOR TYPE text USING btree AS OPERATOR 1 pg_catalog.<, FUNCTION 1 pg_catalog.bttextcmp(text, text);
\if :is_super
CREATE FUNCTION scratch.leakproof(text, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE LEAKPROOF COST 0.0000001 AS $$ BEGIN RAISE WARNING 'saw %', $1; RETURN true; END $$;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT count(*) FROM :t WHERE scratch.leakproof(body, 'x');
\else
\echo want 42501 got :SQLSTATE
CREATE EVENT TRIGGER spy ON ddl_command_end EXECUTE FUNCTION scratch.on_ddl();
\echo want 42501 got :SQLSTATE
\endif
