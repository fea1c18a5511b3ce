-- what: read in parallel workers, which have state of their own
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SELECT set_config(name, 'on', false) IS NULL FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
SELECT body, amount FROM :t;
SELECT sum(amount) FROM :t;
