-- what: put a table without a wall under one that has it
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- kinds: partitioned inherited
-- setup
SET tenancy.auto_attach = off;
SELECT format('CREATE TABLE scratch.loose (tenant_id %s NOT NULL, id int NOT NULL, amount int, body text)',
    CASE :'type' WHEN 'text' THEN 'text COLLATE "C"' ELSE :'type' END) \gexec
INSERT INTO scratch.loose SELECT * FROM ONLY :part;
GRANT ALL ON scratch.loose TO PUBLIC;
\if :is_partitioned
DELETE FROM :part;
ALTER TABLE :t DETACH PARTITION :part;
ALTER TABLE :t ATTACH PARTITION scratch.loose FOR VALUES IN (:'other');
\else
ALTER TABLE scratch.loose INHERIT :t;
\endif
-- attack
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
SELECT body FROM scratch.loose;
\if :is_walled
ALTER TABLE :t ATTACH PARTITION scratch.loose DEFAULT;
\echo want 42501 got :SQLSTATE
ALTER TABLE scratch.loose NO INHERIT :t;
\echo want 42501 got :SQLSTATE
\endif
-- after
DROP TABLE IF EXISTS :part;
SELECT data.build(CASE WHEN :'is_partitioned' = 't' THEN 'partitioned' ELSE 'inherited' END, CASE :'mode' WHEN 'walled' THEN '' ELSE '_open' END) IS NULL;
