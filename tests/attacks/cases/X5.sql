-- what: run a function over all rows by an index, constraint, type, generated column, statistics or domain
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- roles: owner super
-- attack
CREATE FUNCTION scratch.spy(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE WARNING 'saw %', $1; RETURN $1; END $$;
\echo want 00000 got :SQLSTATE
CREATE INDEX ON :t (scratch.spy(body));
CREATE INDEX ON :part (id) WHERE scratch.spy(body) <> '';
ALTER TABLE :t ADD CHECK (scratch.spy(body) <> '');
ALTER TABLE :t ALTER COLUMN body TYPE varchar USING scratch.spy(body);
ALTER TABLE :t ADD COLUMN seen text GENERATED ALWAYS AS (scratch.spy(body)) STORED;
\if :is_walled
\echo want 42501 got :SQLSTATE
\endif
CREATE STATISTICS scratch.spies ON (scratch.spy(body)), id FROM :t;
CREATE UNIQUE INDEX ON :part (amount);
ANALYZE :t;
