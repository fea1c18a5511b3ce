-- what: tell by the work of an index scan whether another tenant has a value
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: indexes led by the tenant column never visit another tenant's entries; `attach()` makes one, `check()` reports `tenant_index_missing`
-- setup
CREATE INDEX scratch_amounts ON :t (amount);
-- attack
CREATE FUNCTION pg_temp.removed(query text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    line text;
    n int := 0;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, COSTS OFF) ' || query LOOP
        n := n + coalesce(substring(line FROM 'Rows Removed by Filter: (\d+)')::int, 0);
    END LOOP;
    RETURN n;
END $$;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT pg_temp.removed('SELECT 1 FROM ' || :'t' || ' WHERE amount = 555555 AND tenant_id || '''' = ''own''') AS n \gset
\echo want 0 got :n
SELECT pg_temp.removed('SELECT 1 FROM ' || :'t' || ' WHERE amount = 666665 + 1 AND tenant_id || '''' = ''own''') AS n \gset
\echo leak 3 got :n
-- after
DROP INDEX IF EXISTS data.scratch_amounts;
