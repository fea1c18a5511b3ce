-- what: read samples of rows in `pg_stats` and `pg_stats_ext`
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed bypass=open super=open
-- do: samples are open to roles that bypass row security, with a tenant set, too
-- setup
SELECT format('CREATE STATISTICS scratch.both (mcv) ON amount, body FROM %s', :'t') \gexec
ANALYZE :t;
ANALYZE :part;
-- attack
SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE schemaname = 'data' AND tablename = split_part(:'t', '.', 2);
SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE schemaname = 'data' AND tablename = split_part(:'part', '.', 2);
SELECT most_common_vals FROM pg_stats_ext WHERE statistics_name = 'both';
\echo want 00000 got :SQLSTATE
SELECT stavalues1 FROM pg_statistic WHERE starelid = :'t'::regclass;
\if :is_super
\echo want 00000 got :SQLSTATE
\else
\echo want 42501 got :SQLSTATE
\endif
