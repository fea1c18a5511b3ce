-- what: probe text letter by letter with a `LIKE` pattern that ends in an escape
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- kinds: plain
-- setup
\if :is_walled
DROP INDEX IF EXISTS data.plain_tenant_id_idx;
\endif
ALTER TABLE :t DROP CONSTRAINT IF EXISTS plain_pkey, DROP CONSTRAINT IF EXISTS plain_open_pkey;
INSERT INTO :t SELECT :'own', n, 1, 'mine ' || n FROM generate_series(1000, 4000) n;
CREATE INDEX ON :t USING gin (body gin_trgm_ops);
VACUUM ANALYZE :t;
-- attack
SET enable_seqscan = off;
SELECT count(*) AS n FROM :t WHERE body LIKE 'mine 20%' \gset
\echo want 100 got :n
SELECT count(*) AS n FROM :t WHERE body LIKE 'LE' || 'AK\' \gset
\echo leak 22025 got :SQLSTATE
SELECT count(*) AS n FROM :t WHERE body LIKE 'LE' || 'IK\' \gset
\echo want 00000 got :SQLSTATE
-- after
DROP TABLE :t;
