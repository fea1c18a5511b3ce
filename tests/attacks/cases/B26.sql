-- what: mark a function of one's own leakproof
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed super=open
-- do: never mark functions `LEAKPROOF` to make queries faster; `tenancy.index_promotion` does it safely
-- attack
CREATE FUNCTION pg_temp.spy(text) RETURNS boolean LANGUAGE plpgsql STABLE COST 0.0000001 AS $$ BEGIN RAISE WARNING 'saw %', $1; RETURN true; END $$;
ALTER FUNCTION pg_temp.spy(text) LEAKPROOF;
\if :is_super
\echo want 00000 got :SQLSTATE
\else
\echo want 42501 got :SQLSTATE
\endif
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT count(*) FROM :t WHERE pg_temp.spy(body);
SELECT count(*) FROM :part WHERE pg_temp.spy(body);
