-- what: tell by an index's growth, or an insert's time, what others write
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: nothing but separate tables (partitions) or databases hides size and time; give untrusted tenants no SQL of their own
-- setup
SELECT pg_relation_size((:'t' || '_pkey')::regclass) AS size_before \gset
INSERT INTO :t SELECT :'other', n, 0, 'x' FROM generate_series(1000, 3000) n;
-- attack
SELECT pg_relation_size((:'t' || '_pkey')::regclass) > :size_before AS grown \gset
\echo leak t got :grown
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
