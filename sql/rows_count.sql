-- Rows are counted by tenant as they come and go, with the transaction and the savepoint that changes them.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('rc_acme'), tenancy.create_tenant('rc_brass');
CREATE SCHEMA rows_count;
SET search_path = rows_count;
CREATE TABLE stores (id int PRIMARY KEY, tenant_id text NOT NULL, name text);
INSERT INTO stores SELECT n, 'rc_acme' FROM generate_series(1, 3) n;
SELECT tenancy.track_rows('stores');
SELECT tenancy.track_rows('stores');
SELECT tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'stores'::regclass ORDER BY tgname;
CREATE VIEW counts AS SELECT relation, tenant_id, rows FROM tenancy.row_counts WHERE relation::text LIKE ANY ('{rows_count.%,stores,items,parts,child}');
SELECT * FROM counts ORDER BY 1, 2;

-- Of the tenant that is set, and of others by whoever may write them.
SET tenancy.tenant_id = 'rc_brass';
INSERT INTO stores VALUES (4), (5);
COPY stores (id) FROM STDIN;
6
7
\.
RESET tenancy.tenant_id;
INSERT INTO stores VALUES (8, 'rc_acme'), (9, 'rc_brass'), (10, 'nobody') ON CONFLICT DO NOTHING;
INSERT INTO stores VALUES (8, 'rc_brass') ON CONFLICT DO NOTHING;
SELECT * FROM counts ORDER BY 1, 2;
-- From tenant to tenant, also where a trigger does it.
UPDATE stores SET tenant_id = 'rc_brass' WHERE id = 8;
CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.tenant_id := 'rc_acme'; RETURN NEW; END $$;
CREATE TRIGGER move BEFORE UPDATE ON stores FOR EACH ROW EXECUTE FUNCTION move();
UPDATE stores SET name = 'x' WHERE id = 10;
SELECT * FROM counts ORDER BY 1, 2;

-- By cascade.
CREATE TABLE items (store int REFERENCES stores ON DELETE CASCADE, tenant_id text NOT NULL);
SELECT tenancy.track_rows('items');
INSERT INTO items SELECT id, tenant_id FROM stores, generate_series(1, 2);
SELECT * FROM counts ORDER BY 1, 2;
BEGIN;
DELETE FROM stores WHERE id < 4;
SELECT * FROM counts ORDER BY 1, 2;
SAVEPOINT a;
DELETE FROM stores;
SAVEPOINT b;
INSERT INTO stores VALUES (1, 'rc_acme');
SELECT * FROM counts ORDER BY 1, 2;
RELEASE b;
ROLLBACK TO a;
SELECT * FROM counts ORDER BY 1, 2;
COMMIT;
SELECT * FROM counts ORDER BY 1, 2;

-- TRUNCATE, and not.
BEGIN;
INSERT INTO items VALUES (4, 'rc_brass');
TRUNCATE items;
INSERT INTO items VALUES (4, 'rc_brass');
SELECT * FROM counts ORDER BY 1, 2;
ROLLBACK;
SELECT * FROM counts ORDER BY 1, 2;
TRUNCATE stores CASCADE;
INSERT INTO stores VALUES (1, 'rc_acme');
SELECT * FROM counts ORDER BY 1, 2;

-- In two phases.
BEGIN;
INSERT INTO stores VALUES (2, 'rc_acme');
PREPARE TRANSACTION 'rows_count';
SELECT * FROM counts ORDER BY 1, 2;
COMMIT PREPARED 'rows_count';
SELECT * FROM counts ORDER BY 1, 2;

-- Folding changes nothing.
SELECT tenancy.fold_row_changes() > 0 AS folded;
SELECT * FROM counts ORDER BY 1, 2;
SELECT count(*) FROM tenancy.row_totals t WHERE NOT EXISTS (SELECT FROM tenancy.counted_tables c WHERE c.count_id = t.count_id);

-- The column may be renamed, and the triggers fire for replicated rows, too.
ALTER TABLE stores RENAME tenant_id TO org;
SET session_replication_role = replica;
INSERT INTO stores VALUES (11, 'rc_acme');
RESET session_replication_role;
SELECT * FROM counts ORDER BY 1, 2;
ALTER TABLE stores DISABLE TRIGGER tenancy_count_rows;
INSERT INTO stores VALUES (12, 'rc_acme'), (13, 'rc_brass');
SELECT * FROM counts ORDER BY 1, 2;
SELECT tenancy.recount_rows('stores');
SELECT tenancy.recount_rows('stores');
INSERT INTO stores VALUES (14, 'rc_acme');
SELECT * FROM counts ORDER BY 1, 2;

-- Only an operator ends it.
DROP TRIGGER tenancy_count_rows ON stores;
INSERT INTO stores VALUES (15, 'rc_acme');
SELECT * FROM counts ORDER BY 1, 2;
ALTER TABLE stores DROP COLUMN org CASCADE;
SELECT * FROM counts ORDER BY 1, 2;
SELECT tgname FROM pg_trigger WHERE tgrelid = 'stores'::regclass AND tgname LIKE 'tenancy%';
SELECT tenancy.untrack_rows('items');
SELECT tenancy.untrack_rows('items');
INSERT INTO items VALUES (4, 'rc_acme');
DROP TABLE stores CASCADE;
SELECT * FROM counts ORDER BY 1, 2;

-- A trigger that somebody makes counts nothing.
CREATE TABLE forged (tenant_id text);
CREATE TRIGGER t AFTER INSERT OR UPDATE OF tenant_id ON forged FOR EACH ROW EXECUTE FUNCTION tenancy.count_row();
INSERT INTO forged VALUES ('rc_acme');
SELECT count(*) FROM tenancy.pending_row_changes();
CREATE TRIGGER b BEFORE INSERT ON forged FOR EACH ROW EXECUTE FUNCTION tenancy.count_row();
INSERT INTO forged VALUES ('rc_acme');

SELECT tenancy.track_rows(NULL);
CREATE TABLE plain (n int);
SELECT tenancy.track_rows('plain');
SELECT tenancy.recount_rows('forged');
SET tenancy.tenant_id = 'rc_acme';
SELECT tenancy.track_rows('items');
RESET tenancy.tenant_id;
SELECT action, object, after FROM tenancy.audit_log WHERE action LIKE '%track_rows' OR action = 'recount_rows' ORDER BY at, action;
-- A crash empties unlogged tables, so they are not counted, nor is a counted table made one.
CREATE UNLOGGED TABLE volatile (tenant_id text NOT NULL);
SELECT tenancy.track_rows('volatile');
ALTER TABLE volatile SET LOGGED;
SELECT tenancy.track_rows('volatile');
ALTER TABLE volatile SET UNLOGGED;
SELECT tenancy.untrack_rows('volatile');
DROP SCHEMA rows_count CASCADE;
