-- what: have the planner show its statistics to an operator of one's own
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- setup
ANALYZE :t;
ANALYZE :part;
-- attack
CREATE FUNCTION scratch.spy(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'saw % %', $1, $2; RETURN $1 < $2; END $$;
CREATE OPERATOR scratch.<<< (LEFTARG = text, RIGHTARG = text, FUNCTION = scratch.spy, RESTRICT = scalarltsel);
\echo want 00000 got :SQLSTATE
EXPLAIN (COSTS OFF) SELECT 1 FROM :t WHERE body OPERATOR(scratch.<<<) 'n';
EXPLAIN (COSTS OFF) SELECT 1 FROM :part WHERE body OPERATOR(scratch.<<<) 'n';
SELECT count(*) AS n FROM :t WHERE body OPERATOR(scratch.<<<) 'n' \gset
\echo want 3 got :n
