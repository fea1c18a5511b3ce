-- What tenants take up is measured, carried on by counted rows, and limited: above it a tenant reads and deletes.
\set SHOW_CONTEXT never
CREATE SCHEMA rows_storage;
SET search_path = rows_storage;
SET tenancy.clock = '2026-03-01 12:00+00';
SELECT tenancy.create_plan('rs'), tenancy.create_tenant('rs_wide', 'rs'), tenancy.create_tenant('rs_narrow', 'rs'), tenancy.create_tenant('rs_new', 'rs');
CREATE TABLE docs (id int PRIMARY KEY, tenant_id text NOT NULL, parent int REFERENCES docs ON DELETE SET NULL, body text);
CREATE INDEX ON docs (parent);
INSERT INTO docs SELECT n, CASE n % 4 WHEN 0 THEN 'rs_wide' ELSE 'rs_narrow' END, NULL, repeat('x', CASE n % 4 WHEN 0 THEN 600 ELSE 50 END + n % 7)
FROM generate_series(1, 20000) n;
CREATE TABLE loose (tenant_id text NOT NULL, n int) PARTITION BY LIST (n);
CREATE TABLE loose_1 PARTITION OF loose FOR VALUES IN (1);
CREATE TABLE loose_2 PARTITION OF loose FOR VALUES IN (2);
INSERT INTO loose SELECT 'rs_narrow', 1 + n % 2 FROM generate_series(1, 1000) n;
SELECT tenancy.track_rows('docs');
VACUUM docs;
SELECT tenancy.measure_storage('docs', exact => true);
SELECT tenancy.measure_storage('loose');
CREATE VIEW storage AS SELECT * FROM tenancy.tenant_storage WHERE tenant_id LIKE 'rs\_%';
SELECT tenant_id, relation, rows, error_bytes, exact, as_of FROM storage ORDER BY relation::text, 1;
-- All parts make the whole, and the wide rows are some eight times as wide.
SELECT abs(sum(bytes) - pg_total_relation_size('docs')) < 10 AS whole FROM storage WHERE relation = 'docs'::regclass;
SELECT abs(sum(bytes) - pg_total_relation_size('loose_1') - pg_total_relation_size('loose_2')) < 10 AS whole FROM storage WHERE relation = 'loose'::regclass;
SELECT round((SELECT bytes::numeric / rows FROM storage WHERE tenant_id = 'rs_wide') / (SELECT bytes::numeric / rows FROM storage WHERE tenant_id = 'rs_narrow' AND relation = 'docs'::regclass)) BETWEEN 5 AND 9 AS wider;
-- Whatever the columns are called.
CREATE TABLE named (tenant_id text NOT NULL, t int, s text);
INSERT INTO named SELECT CASE n % 2 WHEN 0 THEN 'rs_wide' ELSE 'rs_narrow' END, n, repeat('x', 700 * (1 - n % 2)) FROM generate_series(1, 1000) n;
SELECT tenancy.measure_storage('named', exact => true);
SELECT round(max(bytes) / min(bytes)::numeric) BETWEEN 8 AND 20 AS wider FROM storage WHERE relation = 'named'::regclass;
DROP TABLE named;
-- What is stored out of line counts, and is not read for that; rows whose tenant somebody has lost are measured, too.
CREATE TABLE files (tenant_id text, body text);
ALTER TABLE files ALTER body SET STORAGE EXTERNAL, ALTER tenant_id DROP NOT NULL;
INSERT INTO files VALUES ('rs_wide', repeat('x', 100000)), ('rs_narrow', 'x'), (NULL, 'x');
SELECT i.indexrelid AS outside FROM pg_class c JOIN pg_index i ON i.indrelid = c.reltoastrelid WHERE c.oid = 'files'::regclass \gset
BEGIN;
SELECT pg_stat_get_xact_numscans(:outside) AS before \gset
SELECT tenancy.measure_storage('files'), pg_stat_get_xact_numscans(:outside) - :before AS reads;
COMMIT;
SELECT tenant_id, rows, bytes > 50000 AS much FROM tenancy.tenant_storage WHERE relation = 'files'::regclass ORDER BY 1;
DROP TABLE files;
-- Partitions at any depth, until they are dropped.
CREATE TABLE deep (tenant_id text NOT NULL, y int, m int) PARTITION BY LIST (y);
CREATE TABLE deep_26 PARTITION OF deep FOR VALUES IN (26) PARTITION BY LIST (m);
CREATE TABLE deep_26_1 PARTITION OF deep_26 FOR VALUES IN (1);
CREATE TABLE deep_26_2 PARTITION OF deep_26 FOR VALUES IN (2);
INSERT INTO deep SELECT 'rs_wide', 26, 1 + n % 2 FROM generate_series(1, 100) n;
SELECT tenancy.measure_storage('deep_26'), tenancy.measure_storage('deep_26_1');
SELECT tenant_id, relation, rows FROM storage WHERE relation::text LIKE 'deep%';
DROP TABLE deep_26_1;
SELECT tenant_id, relation, rows, bytes = pg_total_relation_size('deep_26_2') AS whole FROM storage WHERE relation::text LIKE 'deep%';
DROP TABLE deep;
-- A sample comes near, and says how near.
CREATE TABLE exactly AS SELECT tenant_id, bytes FROM storage WHERE relation = 'docs'::regclass;
SELECT tenancy.measure_storage('docs', sample_pages => 100);
SELECT s.tenant_id, s.rows, s.exact, s.error_bytes BETWEEN 1 AND e.bytes / 5 AS has_error, abs(s.bytes - e.bytes) <= 5 * s.error_bytes AS is_near
FROM rows_storage.storage s JOIN exactly e USING (tenant_id) WHERE s.relation = 'docs'::regclass ORDER BY 1;
-- Rows that come and go since count at once, with what they may be wrong by.
SELECT tenancy.measure_storage('docs', exact => true);
DELETE FROM docs WHERE tenant_id = 'rs_wide' AND id % 8 = 0;
INSERT INTO docs SELECT 100000 + n, 'rs_new' FROM generate_series(1, 10) n;
SELECT s.tenant_id, s.rows, round(s.bytes / e.bytes::numeric, 2) AS part, s.error_bytes > 0 AS has_error, s.exact
FROM storage s LEFT JOIN exactly e USING (tenant_id) WHERE s.relation = 'docs'::regclass ORDER BY 1;

-- History: the last measurement of each day.
SELECT tenancy.measure_storage() > 2 AS all_tables;
SET tenancy.clock = '2026-03-01 20:00+00';
SELECT tenancy.measure_storage() > 2 AS all_tables;
SET tenancy.clock = '2026-03-02 12:00+00';
SELECT tenancy.measure_storage() > 2 AS all_tables;
-- A table that cannot be measured is a warning, and keeps none of the others from it; by itself it is an error.
ALTER TABLE tenancy.storage_sizes ADD CONSTRAINT broken CHECK (relation <> 'rows_storage.loose_1'::regclass) NOT VALID;
SELECT tenancy.measure_storage() > 2 AS all_others;
\set VERBOSITY terse
SELECT tenancy.measure_storage('loose');
\set VERBOSITY default
ALTER TABLE tenancy.storage_sizes DROP CONSTRAINT broken;
SELECT tenant_id, relation, rows FROM storage WHERE relation = 'loose'::regclass;
SELECT tenant_id, day, as_of, bytes > 0 AS some FROM tenancy.storage_history WHERE tenant_id LIKE 'rs\_%' ORDER BY 1, 2;
SELECT tenancy.prune_storage_history('1 day') > 0, tenancy.prune_storage_history('12 hours') > 0, tenancy.prune_storage_history('-1 day') > 0;

-- The limit.
SELECT tenancy.limit_storage('rs', 1000000);
SELECT tenancy.limit_storage('rs', 1000000);
CREATE TABLE notices (n int);
SET tenancy.tenant_id = 'rs_wide';
\set VERBOSITY terse
INSERT INTO docs VALUES (-1);
\echo :LAST_ERROR_SQLSTATE
UPDATE docs SET body = '' WHERE id = 4;
WITH d AS (INSERT INTO docs VALUES (-1) RETURNING id) SELECT * FROM d;
COPY docs (id) FROM STDIN;
-1
\.
MERGE INTO docs d USING (VALUES (-1)) v(id) ON v.id = d.id WHEN NOT MATCHED THEN INSERT (id) VALUES (v.id);
-- A new table of the tenant's, however it is made, but not one without rows, nor one that is there.
CREATE TABLE copied AS SELECT * FROM docs;
SELECT * INTO copied FROM docs;
PREPARE all_docs AS SELECT * FROM docs;
CREATE TABLE copied AS EXECUTE all_docs;
DO $$ BEGIN CREATE TABLE rows_storage.copied AS SELECT * FROM rows_storage.docs; END $$;
SELECT to_regclass('copied');
CREATE TABLE IF NOT EXISTS docs AS SELECT * FROM docs;
CREATE TABLE copied AS SELECT * FROM docs WITH NO DATA;
CREATE TEMPORARY TABLE own_copy AS SELECT * FROM docs;
CREATE TABLE bodies AS SELECT body FROM docs LIMIT 1;
EXPLAIN (COSTS off) CREATE TABLE others AS SELECT 1;
-- It reads, plans, deletes (with what follows from that), and writes what is nobody's.
SELECT count(*) FROM docs;
EXPLAIN (COSTS off) INSERT INTO docs VALUES (-1);
INSERT INTO notices VALUES (1);
DELETE FROM docs WHERE id = 4;
WITH d AS (DELETE FROM docs WHERE id = 12 RETURNING id) SELECT * FROM d;
-- Others write.
SET tenancy.tenant_id = 'rs_new';
INSERT INTO docs VALUES (-2, DEFAULT, 28);
RESET tenancy.tenant_id;
INSERT INTO docs VALUES (-3, 'rs_wide', 28);
SET tenancy.tenant_id = 'rs_wide';
DELETE FROM docs WHERE id = 28;
-- Until it takes up less, which a session sees within a second, or may take up more.
INSERT INTO docs VALUES (-4);
DELETE FROM docs WHERE id % 1000 > 100;
INSERT INTO docs VALUES (-4);
SET tenancy.clock = '2026-03-02 12:00:01+00';
INSERT INTO docs VALUES (-4);
RESET tenancy.tenant_id;
SELECT tenancy.limit_storage('rs', 0);
SET tenancy.tenant_id = 'rs_wide';
INSERT INTO docs VALUES (-5);
RESET tenancy.tenant_id;
SELECT tenancy.override_limit('rs_wide', 'storage.bytes', 10000000, 'total', until => '2026-03-03');
SET tenancy.tenant_id = 'rs_wide';
INSERT INTO docs VALUES (-5);
SELECT period, limit_amount, used > 0 AS used FROM tenancy.check_quota('storage.bytes');
SELECT tenancy.consume('storage.bytes');
SET tenancy.clock = '2026-03-04 00:00:00';
INSERT INTO docs VALUES (-6);
SELECT tenancy.measure_storage();
RESET tenancy.tenant_id;
SELECT tenancy.set_limit('rs', 'storage.bytes', 0, 'total', soft => true);
SET tenancy.tenant_id = 'rs_wide';
INSERT INTO docs VALUES (-6);
RESET tenancy.tenant_id;

-- What a measurement finds is told once for each threshold; of a soft limit always that it is reached.
SET tenancy.clock = '2026-03-05 00:00:00';
SELECT tenancy.remove_override('rs_wide', 'storage.bytes', 'total'), tenancy.set_limit('rs', 'storage.bytes', (SELECT sum(bytes) * 10 / 9 FROM storage WHERE tenant_id = 'rs_wide')::bigint, 'total');
SELECT tenancy.override_limit('rs_narrow', 'storage.bytes', 1, 'total', soft => true), tenancy.override_limit('rs_new', 'storage.bytes', NULL, 'total');
SET tenancy.alert_thresholds = '50, 80, 95';
SELECT tenancy.measure_storage('docs'), tenancy.measure_storage('docs');
SELECT tenant_id, period, window_start, window_end, threshold, used > 0 AS used, soft FROM tenancy.quota_alerts WHERE metric = 'storage.bytes' ORDER BY 1, 5;
SELECT tenant_id, payload ->> 'threshold' AS threshold FROM tenancy.events_outbox WHERE type = 'quota.alert' AND payload ->> 'metric' = 'storage.bytes' ORDER BY 1, 2;
RESET tenancy.alert_thresholds;
SELECT tenancy.remove_override('rs_narrow', 'storage.bytes', 'total'), tenancy.remove_override('rs_new', 'storage.bytes', 'total');

-- As a job: some tables a step, each once a run.
SET tenancy.clock = '2026-03-06 00:00:00';
CREATE TABLE steps (n int, result jsonb);
DO $$
DECLARE
    result jsonb := '{"more": true}';
BEGIN
    FOR n IN 1 .. 1000 LOOP
        EXIT WHEN result -> 'more' IS NULL;
        result := tenancy.job_measure_storage(2);
        INSERT INTO rows_storage.steps VALUES (n, result);
    END LOOP;
END
$$;
SELECT count(*) > 1 AS steps, count(DISTINCT t.relation) = sum(DISTINCT s.tables) AS each_once
FROM (SELECT sum((result ->> 'tables')::int) AS tables FROM steps) s, tenancy.storage_tables t;
SELECT count(*) FROM tenancy.storage_tables WHERE as_of <> '2026-03-06 00:00:00+00';
SELECT tenancy.job_measure_storage(2) ->> 'tables' AS tables;
SELECT count(*) > 0 AS history FROM tenancy.storage_history WHERE day = '2026-03-06';

-- A tenant's schema is measured as one looks.
CREATE SCHEMA rs_template;
CREATE TABLE rs_template.notes (n int PRIMARY KEY);
SELECT tenancy.set_template_schema('rs_template');
SELECT tenancy.create_tenant('rs_alone', 'rs', isolation => 'schema');
SELECT tenancy.limit_storage('rs', 20000);
RESET search_path;
SET tenancy.tenant_id = 'rs_alone';
INSERT INTO notes SELECT generate_series(1, 1000);
SET tenancy.clock = '2026-03-06 00:00:02';
INSERT INTO notes VALUES (0);
CREATE TABLE more AS SELECT 1 AS n;
SET tenancy.auto_attach = off;
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) CREATE TABLE more AS SELECT 1 AS n;
RESET tenancy.auto_attach;
SELECT to_regclass('more');
TRUNCATE notes;
SET tenancy.clock = '2026-03-06 00:00:04';
INSERT INTO notes VALUES (0);
RESET tenancy.tenant_id;
SELECT s.tenant_id, s.relation, s.schema = t.schema_name AS own, s.bytes = pg_total_relation_size(format('%I.notes', s.schema)::regclass) AS whole, s.error_bytes, s.exact
FROM rows_storage.storage s JOIN tenancy.tenant_schemas t ON t.tenant = s.tenant_id;

SET search_path = rows_storage;
\set VERBOSITY default
CREATE TABLE plain (n int);
SELECT tenancy.measure_storage('plain');
SELECT tenancy.measure_storage('docs', sample_pages => 0);
SELECT tenancy.limit_rows('docs', 'storage.bytes');
SELECT tenancy.limit_storage('rs_none', 0);
SELECT tenancy.untrack_rows('docs'), tenancy.close_tenant('rs_alone'), tenancy.drop_tenant_schema('rs_alone', 'rs_alone');
SELECT tenancy.set_template_schema(NULL);
DROP SCHEMA rows_storage, rs_template CASCADE;
DELETE FROM tenancy.storage_history;
DELETE FROM tenancy.quota_alerts WHERE metric = 'storage.bytes';
DELETE FROM tenancy.plan_limits WHERE metric = 'storage.bytes';
DELETE FROM tenancy.tenant_limits WHERE metric = 'storage.bytes';
DELETE FROM tenancy.metrics WHERE name = 'storage.bytes';
SELECT count(*) FROM tenancy.tenant_storage WHERE tenant_id IN ('rs_wide', 'rs_narrow', 'rs_new');
