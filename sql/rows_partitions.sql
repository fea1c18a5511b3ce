-- Partitions and children are counted with their parent, from when they come until they go.
\set SHOW_CONTEXT never
CREATE SCHEMA rows_partitions;
SET search_path = rows_partitions;
CREATE TABLE parts (id int, tenant_id text NOT NULL) PARTITION BY LIST (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
INSERT INTO parts VALUES (1, 'a'), (1, 'b');
SELECT tenancy.track_rows('parts');
SELECT tenancy.track_rows('parts_1');
CREATE VIEW counts AS SELECT relation, tenant_id, rows FROM tenancy.row_counts
 WHERE relation::text LIKE ANY ('{rows_partitions.%,parts%,notes%}');
SELECT * FROM counts ORDER BY 1, 2;
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
INSERT INTO parts VALUES (2, 'a');
INSERT INTO parts_2 VALUES (2, 'b');
SELECT * FROM counts ORDER BY 1, 2;

-- With rows, and its columns at other places.
CREATE TABLE parts_3 (gone text, tenant_id text NOT NULL, id int);
ALTER TABLE parts_3 DROP gone;
BEGIN;
INSERT INTO parts_3 VALUES ('a', 3), ('c', 3);
ALTER TABLE parts ATTACH PARTITION parts_3 FOR VALUES IN (3);
INSERT INTO parts VALUES (3, 'c');
SELECT * FROM counts ORDER BY 1, 2;
COMMIT;
-- From one to another, and to another tenant.
UPDATE parts SET id = 3 WHERE id = 1;
UPDATE parts SET id = 2, tenant_id = 'd' WHERE tenant_id = 'c';
SELECT * FROM counts ORDER BY 1, 2;
TRUNCATE parts_2;
SELECT * FROM counts ORDER BY 1, 2;
ALTER TABLE parts DETACH PARTITION parts_3;
SELECT * FROM counts ORDER BY 1, 2;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'parts_3'::regclass AND tgname LIKE 'tenancy%';
DELETE FROM parts_3 WHERE tenant_id = 'a';
BEGIN;
ALTER TABLE parts ATTACH PARTITION parts_3 FOR VALUES IN (3);
SELECT * FROM counts ORDER BY 1, 2;
ROLLBACK;
INSERT INTO parts VALUES (1, 'a');
SELECT * FROM counts ORDER BY 1, 2;
DROP TABLE parts_1;
SELECT * FROM counts ORDER BY 1, 2;

CREATE TABLE notes (tenant_id bigint NOT NULL, n int);
CREATE TABLE notes_old () INHERITS (notes);
SELECT tenancy.track_rows('notes');
INSERT INTO notes VALUES (1);
INSERT INTO notes_old VALUES (1), (2);
CREATE TABLE notes_new () INHERITS (notes);
INSERT INTO notes_new VALUES (2), (3);
SELECT * FROM counts ORDER BY 1, 2;
ALTER TABLE notes_old NO INHERIT notes;
SELECT * FROM counts ORDER BY 1, 2;
ALTER TABLE notes_old INHERIT notes;
SELECT * FROM counts ORDER BY 1, 2;
TRUNCATE ONLY notes;
SELECT * FROM counts ORDER BY 1, 2;
DROP TRIGGER tenancy_count_rows ON notes_old;
SELECT * FROM counts ORDER BY 1, 2;
SELECT tenancy.track_rows('notes');
SELECT * FROM counts ORDER BY 1, 2;
DROP SCHEMA rows_partitions CASCADE;
SELECT count(*) FROM tenancy.counted_tables;
