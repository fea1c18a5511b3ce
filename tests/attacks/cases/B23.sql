-- what: scan by an extension's index or sampling method
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- setup
CREATE EXTENSION IF NOT EXISTS bloom SCHEMA public;
CREATE EXTENSION IF NOT EXISTS tsm_system_rows SCHEMA public;
CREATE INDEX ON :t USING bloom (body);
CREATE INDEX ON :t USING brin (body);
CREATE INDEX ON :t USING gist (body gist_trgm_ops);
-- attack
SELECT body FROM :part TABLESAMPLE system_rows(100);
SELECT body FROM :part TABLESAMPLE bernoulli(100);
SET enable_seqscan = off;
SELECT count(*) AS n FROM :t WHERE body = 'mine 1' \gset
\echo want 1 got :n
SELECT body FROM :t WHERE body = chr(76) || 'EAK 1';
SELECT body FROM :t WHERE body BETWEEN 'K' AND 'M';
SELECT body FROM :t ORDER BY body <-> 'leak' LIMIT 3;
