-- what: `EXPLAIN ANALYZE`, `RETURNING`, `GET DIAGNOSTICS`: what statements say of rows they skipped
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: as C6: where plans pass over others' rows, `EXPLAIN ANALYZE` counts them
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
SET enable_indexscan = off;
SET enable_bitmapscan = off;
\if :is_walled
SELECT pg_temp.removed('SELECT body FROM ' || :'t') AS n \gset
\echo leak 3 got :n
\else
SELECT body FROM :t;
\endif
UPDATE :t SET amount = amount WHERE amount = 1 RETURNING *;
\echo want 3 got :ROW_COUNT
