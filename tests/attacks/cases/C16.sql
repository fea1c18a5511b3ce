-- what: tell by ranking or nearest neighbours what others' rows are like
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- kinds: plain
-- do: PostgreSQL's own ranking and indexes are exact; approximate indexes of extensions (HNSW, IVFFlat, BM25) weigh all tenants' rows: partition by tenant for those
-- setup
CREATE INDEX ON :t USING gist (body gist_trgm_ops);
INSERT INTO :t SELECT :'other', n, 0, 'mine ' || n FROM generate_series(100, 900) n;
ANALYZE :t;
-- attack
SET enable_seqscan = off;
SET enable_sort = off;
SELECT count(*) AS n FROM (SELECT 1 FROM :t ORDER BY body <-> 'mine 1' LIMIT 3) nearest \gset
\echo want 3 got :n
SELECT body FROM :t ORDER BY body <-> 'leak' LIMIT 3;
SELECT string_agg(word, ' ') ~ 'leak' AS told FROM ts_stat('SELECT to_tsvector(''simple'', body) FROM ' || :'t') \gset
\echo leak t got :told
