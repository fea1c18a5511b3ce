-- Rows are counted by the triggers that track_rows() makes: others that call its function are refused, and nobody but the owner replaces them.
\set SHOW_CONTEXT never
CREATE ROLE regress_trigger_maker;
CREATE SCHEMA rows_triggers;
SET search_path = rows_triggers;
SELECT tenancy.create_plan('tm'), tenancy.create_metric('tm.rows'), tenancy.set_limit('tm', 'tm.rows', 3, 'total'),
    tenancy.create_tenant('tm_acme', 'tm'), tenancy.create_tenant('tm_brass', 'tm');
CREATE TABLE stores (tenant_id text NOT NULL, name text, part int) PARTITION BY LIST (part);
CREATE TABLE stores_1 PARTITION OF stores FOR VALUES IN (1);
GRANT USAGE, CREATE ON SCHEMA rows_triggers TO regress_trigger_maker;
GRANT ALL ON stores, stores_1 TO regress_trigger_maker;
CREATE VIEW counts AS SELECT relation, tenant_id, rows FROM tenancy.row_counts WHERE tenant_id LIKE 'tm\_%';

-- Before the table is counted nobody else takes the names, and what the owner has made under them is replaced.
SET ROLE regress_trigger_maker;
CREATE TRIGGER tenancy_count_rows AFTER INSERT ON stores FOR EACH ROW WHEN (false) EXECUTE FUNCTION tenancy.count_row();
RESET ROLE;
CREATE TRIGGER tenancy_count_rows AFTER INSERT ON stores FOR EACH ROW WHEN (false) EXECUTE FUNCTION tenancy.count_row();
CREATE TRIGGER tenancy_count_moves AFTER INSERT ON stores FOR EACH ROW EXECUTE FUNCTION tenancy.count_row();
SELECT tenancy.limit_rows('stores', 'tm.rows');
SELECT tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid IN ('stores'::regclass, 'stores_1'::regclass) ORDER BY 1, 2;

-- In the place of ours.
SET ROLE regress_trigger_maker;
CREATE OR REPLACE TRIGGER tenancy_count_rows AFTER INSERT ON stores FOR EACH ROW WHEN (false) EXECUTE FUNCTION tenancy.count_row();
CREATE OR REPLACE TRIGGER tenancy_count_truncation AFTER TRUNCATE ON stores FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION suppress_redundant_updates_trigger();
SET row_security = off;
SET check_function_bodies = off;
CREATE OR REPLACE TRIGGER tenancy_count_moves AFTER UPDATE ON stores FOR EACH ROW WHEN (false) EXECUTE FUNCTION tenancy.count_row();
RESET row_security;
RESET check_function_bodies;
SET tenancy.tenant_id = 'tm_acme';
INSERT INTO stores (name, part) VALUES ('a', 1), ('b', 1), ('c', 1), ('d', 1);
INSERT INTO stores (name, part) VALUES ('a', 1);
RESET tenancy.tenant_id;
RESET ROLE;
SELECT * FROM counts ORDER BY 1, 2;

-- Beside ours. One that never runs must not name the column either.
SET ROLE regress_trigger_maker;
CREATE TRIGGER a AFTER UPDATE OF name ON stores FOR EACH ROW WHEN (false) EXECUTE FUNCTION tenancy.count_row();
RESET ROLE;
UPDATE stores SET tenant_id = 'tm_brass', name = 'tm_acme';
SELECT * FROM counts ORDER BY 1, 2;
SET ROLE regress_trigger_maker;
CREATE TRIGGER b AFTER INSERT OR UPDATE OF tenant_id ON stores_1 FOR EACH ROW EXECUTE FUNCTION tenancy.count_row();
SET tenancy.tenant_id = 'tm_acme';
INSERT INTO stores (name, part) VALUES ('b', 1);
\echo :LAST_ERROR_SQLSTATE
RESET tenancy.tenant_id;
RESET ROLE;
DROP TRIGGER b ON stores_1;
-- The owner may do as he likes, and track_rows() mends it.
CREATE OR REPLACE TRIGGER tenancy_count_moves AFTER INSERT ON stores FOR EACH ROW EXECUTE FUNCTION tenancy.count_row();
INSERT INTO stores VALUES ('tm_acme', 'b', 1);
SELECT tenancy.track_rows('stores');
INSERT INTO stores VALUES ('tm_acme', 'b', 1);
ALTER TRIGGER tenancy_count_rows ON stores RENAME TO count_rows;
INSERT INTO stores VALUES ('tm_acme', 'c', 1);
DROP TRIGGER count_rows ON stores;
INSERT INTO stores VALUES ('tm_acme', 'c', 1);
SELECT tenancy.track_rows('stores');
INSERT INTO stores VALUES ('tm_acme', 'd', 1);
SELECT * FROM counts ORDER BY 1, 2;
SELECT tenant_id, count(*) FROM stores GROUP BY 1 ORDER BY 1;

SELECT tenancy.unlimit_rows('stores'), tenancy.untrack_rows('stores');
DROP SCHEMA rows_triggers CASCADE;
DROP ROLE regress_trigger_maker;
SELECT tenancy.remove_limit('tm', 'tm.rows', 'total');
