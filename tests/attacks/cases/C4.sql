-- what: read hidden columns in the condition of `ON CONFLICT DO UPDATE`
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- kinds: plain
-- setup
CREATE UNIQUE INDEX scratch_key ON :t (body);
-- attack
CREATE FUNCTION pg_temp.spy(anyelement) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'saw %', $1; RETURN true; END $$;
INSERT INTO :t AS o (tenant_id, id, body) VALUES (:'own', 1, 'mine 1') ON CONFLICT (body) DO UPDATE SET amount = 1 WHERE pg_temp.spy(o.amount) RETURNING id;
\echo want 1 got :ROW_COUNT
INSERT INTO :t AS o (tenant_id, id, body) VALUES (:'own', 51, chr(76) || 'EAK 1') ON CONFLICT (body) DO UPDATE SET amount = 0 WHERE pg_temp.spy(o.amount) RETURNING *;
\echo want 42501 got :SQLSTATE
INSERT INTO :t AS o (tenant_id, id, body) VALUES (:'other', 1, 'x') ON CONFLICT (tenant_id, id) DO UPDATE SET amount = o.amount RETURNING *;
\echo want 42501 got :SQLSTATE
-- after
DROP INDEX IF EXISTS data.scratch_key;
