-- what: call a superuser's `SECURITY DEFINER` function
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- setup
SELECT format('CREATE FUNCTION scratch.in_sql() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS %L', 'SELECT body FROM ' || :'t') \gexec
SELECT format('CREATE FUNCTION scratch.stable_sql() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER AS %L', 'SELECT body FROM ' || :'t') \gexec
SELECT format('CREATE FUNCTION scratch.invoker_sql() RETURNS SETOF text LANGUAGE sql STABLE AS %L', 'SELECT body FROM ' || :'t') \gexec
SELECT format('CREATE FUNCTION scratch.in_plpgsql() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER AS %L',
    'BEGIN RETURN QUERY EXECUTE ''SELECT body FROM ' || :'t' || '''; RETURN QUERY SELECT body FROM ' || :'t' || '; END') \gexec
SELECT format('CREATE FUNCTION scratch.destroy() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS %L',
    'WITH gone AS (DELETE FROM ' || :'t' || ' RETURNING 1) SELECT count(*) FROM gone') \gexec
-- attack
SELECT * FROM scratch.in_sql();
\if :is_walled
\echo want 3 got :ROW_COUNT
\endif
SELECT * FROM scratch.stable_sql();
SELECT * FROM scratch.invoker_sql();
SELECT * FROM scratch.in_plpgsql();
SELECT scratch.in_sql();
SELECT scratch.destroy() AS n \gset
\echo want 3 got :n
