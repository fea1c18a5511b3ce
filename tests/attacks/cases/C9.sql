-- what: read sizes and counts: `EXPLAIN`, `reltuples`, `pg_relation_size`, `n_live_tup`
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: as C7; the figures are of the whole table, but of one tenant where it is partitioned by tenant
-- setup
ANALYZE :t;
-- attack
SELECT reltuples::int AS n FROM pg_class WHERE oid = :'t'::regclass \gset
\echo leak 6 got :n
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
