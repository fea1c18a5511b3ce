-- Rows of a table are held to a limit: at the end of the statement, for whoever writes, and freed at commit.
\set SHOW_CONTEXT never
CREATE SCHEMA rows_limit;
SET search_path = rows_limit;
SELECT tenancy.create_plan('rl'), tenancy.create_tenant('rl_acme', 'rl'), tenancy.create_tenant('rl_brass', 'rl'), tenancy.create_metric('rl.stores'),
    tenancy.set_limit('rl', 'rl.stores', 5, 'total');
CREATE TABLE stores (id int PRIMARY KEY, tenant_id text NOT NULL, name text);
INSERT INTO stores SELECT n, 'rl_acme' FROM generate_series(1, 3) n;
SELECT tenancy.limit_rows('stores', 'rl.stores');
SELECT tenancy.limit_rows('stores', 'rl.stores');
SET tenancy.tenant_id = 'rl_acme';
INSERT INTO stores VALUES (4), (5);
INSERT INTO stores VALUES (6);
\echo :LAST_ERROR_SQLSTATE
SELECT used, limit_amount, allowed FROM tenancy.check_quota('rl.stores');

-- What a transaction deletes makes room for itself, as long as it is not taken back.
BEGIN;
DELETE FROM stores WHERE id = 1;
INSERT INTO stores VALUES (7);
SAVEPOINT a;
INSERT INTO stores VALUES (8);
ROLLBACK TO a;
COMMIT;
BEGIN;
SAVEPOINT a;
DELETE FROM stores WHERE id = 2;
ROLLBACK TO a;
INSERT INTO stores VALUES (8);
ROLLBACK;
-- In one statement, too.
WITH gone AS (DELETE FROM stores WHERE id IN (2, 3) RETURNING id) INSERT INTO stores SELECT id + 20 FROM gone;
DELETE FROM stores WHERE id IN (4, 5);
INSERT INTO stores VALUES (31), (32), (33);
INSERT INTO stores VALUES (31), (32);
-- A loop meets it row by row, and may go on.
DO $$
BEGIN
    DELETE FROM stores WHERE id > 30;
    FOR n IN 41 .. 44 LOOP
        BEGIN
            INSERT INTO stores VALUES (n);
        EXCEPTION WHEN configuration_limit_exceeded THEN
            RAISE NOTICE 'no place for %', n;
        END;
    END LOOP;
END $$;
SELECT count(*) FROM stores;
RESET tenancy.tenant_id;

-- For whoever writes, by whatever way.
INSERT INTO stores VALUES (50, 'rl_brass');
UPDATE stores SET tenant_id = 'rl_acme' WHERE id = 50;
INSERT INTO stores SELECT n, 'rl_brass' FROM generate_series(51, 60) n;
COPY stores FROM STDIN;
51	rl_brass	x
52	rl_brass	x
53	rl_brass	x
54	rl_brass	x
55	rl_brass	x
\.
INSERT INTO stores SELECT n, 'rl_nobody' FROM generate_series(70, 80) n;
-- A row that is deferred to the commit is checked there.
CREATE TABLE jobs (n int);
CREATE FUNCTION make_store() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO rows_limit.stores VALUES (NEW.n, 'rl_acme'); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER make AFTER INSERT ON jobs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION make_store();
BEGIN;
INSERT INTO jobs VALUES (90);
COMMIT;

-- Several tables, one limit: what is there already counts and stays.
CREATE TABLE shops (n int, tenant_id text NOT NULL) PARTITION BY LIST (n);
CREATE TABLE shops_1 PARTITION OF shops FOR VALUES IN (1);
INSERT INTO shops SELECT 1, 'rl_acme' FROM generate_series(1, 3);
SELECT tenancy.limit_rows('shops', 'rl.stores');
SELECT tenancy.used('rl_acme', 'rl.stores'), tenancy.used('rl_brass', 'rl.stores');
SELECT period, limit_amount, used, outcome FROM tenancy.explain_quota('rl_acme', 'rl.stores');
DELETE FROM stores WHERE tenant_id = 'rl_acme';
INSERT INTO shops VALUES (1, 'rl_acme'), (1, 'rl_acme');
INSERT INTO stores VALUES (1, 'rl_acme');
-- A partition with rows comes, and goes.
CREATE TABLE shops_2 (n int, tenant_id text NOT NULL);
INSERT INTO shops_2 SELECT 2, 'rl_brass' FROM generate_series(1, 4);
ALTER TABLE shops ATTACH PARTITION shops_2 FOR VALUES IN (2);
SELECT used FROM tenancy.explain_quota('rl_brass', 'rl.stores');
INSERT INTO stores VALUES (2, 'rl_brass');
ALTER TABLE shops DETACH PARTITION shops_2;
INSERT INTO stores VALUES (2, 'rl_brass');
TRUNCATE shops;
SELECT used FROM tenancy.explain_quota('rl_acme', 'rl.stores');
INSERT INTO shops SELECT 1, 'rl_acme' FROM generate_series(1, 5);
DROP TABLE shops_1;
SELECT used FROM tenancy.explain_quota('rl_acme', 'rl.stores');

-- A limit that goes down takes nothing back; unlimited stays counted.
SELECT tenancy.set_limit('rl', 'rl.stores', 1, 'total');
UPDATE stores SET name = 'y' WHERE tenant_id = 'rl_brass';
DELETE FROM stores WHERE id = 2;
INSERT INTO stores VALUES (2, 'rl_brass');
SELECT tenancy.override_limit('rl_brass', 'rl.stores', NULL, 'total');
INSERT INTO stores VALUES (2, 'rl_brass');
SELECT used FROM tenancy.explain_quota('rl_brass', 'rl.stores');
-- A soft limit lets pass.
SELECT tenancy.set_limit('rl', 'rl.stores', 1, 'total', soft => true);
INSERT INTO stores VALUES (101, 'rl_acme'), (102, 'rl_acme');
SELECT used, outcome FROM tenancy.explain_quota('rl_acme', 'rl.stores');

BEGIN;
INSERT INTO stores VALUES (103, 'rl_acme');
PREPARE TRANSACTION 'rows_limit';
SET tenancy.tenant_id = 'rl_acme';
SELECT tenancy.consume('rl.stores');
SELECT tenancy.release('rl.stores');
SELECT tenancy.record_usage('rl.stores');
RESET tenancy.tenant_id;
SELECT tenancy.set_limit('rl', 'rl.stores', 1, 'month');
SELECT tenancy.limit_rows('stores', 'rl.none');
SELECT tenancy.create_metric('rl.other'), tenancy.create_metric('rl.level', aggregation => 'last');
SELECT tenancy.limit_rows('stores', 'rl.other');
SELECT tenancy.limit_rows('jobs', 'rl.level');
SELECT tenancy.set_limit('rl', 'rl.other', 1, 'month');
SELECT tenancy.limit_rows('jobs', 'rl.other');
SELECT tenancy.untrack_rows('stores');
SELECT tenancy.unlimit_rows('stores');
SELECT tenancy.unlimit_rows('stores');
SELECT tenancy.untrack_rows('stores');
SELECT action, object, before, after FROM tenancy.audit_log WHERE action LIKE '%limit_rows' ORDER BY at;
DROP SCHEMA rows_limit CASCADE;
SELECT count(*) FROM tenancy.counted_tables;
