-- What each kind of work counts as, whatever way it is done: functions, triggers, cascades, cursors, COPY, savepoints.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('mw_acme'), tenancy.create_tenant('mw_other');
CREATE TABLE mw_parents (tenant_id text, id int PRIMARY KEY);
CREATE TABLE mw_children (tenant_id text, id int, parent int REFERENCES mw_parents ON DELETE CASCADE);
CREATE INDEX ON mw_children (parent);
CREATE TABLE mw_parts (tenant_id text, n int) PARTITION BY RANGE (n);
DO $$ BEGIN FOR i IN 1..40 LOOP EXECUTE format('CREATE TABLE mw_parts_%s PARTITION OF mw_parts FOR VALUES FROM (%s) TO (%s)', i, i, i + 1); END LOOP; END $$;
CREATE TABLE mw_seen (n int);
CREATE FUNCTION mw_see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO mw_seen VALUES (1), (2); RETURN NULL; END $$;
CREATE TRIGGER mw_see AFTER INSERT ON mw_parents FOR EACH ROW EXECUTE FUNCTION mw_see();
CREATE FUNCTION mw_work() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        INSERT INTO mw_seen SELECT generate_series(1, 50);
        RAISE EXCEPTION 'caught';
    EXCEPTION WHEN raise_exception THEN
        NULL;
    END;
    INSERT INTO mw_seen SELECT generate_series(1, 10);
    RETURN (SELECT count(*) FROM mw_seen);
END $$;
CREATE VIEW mw_last AS
SELECT tenant_id, statements, selects, inserts, updates, deletes, merges, copies, utilities, failed, transactions AS txs,
    rows_read, rows_returned AS returned, rows_inserted AS inserted, rows_updated AS updated, rows_deleted AS deleted
FROM tenancy.stat_tenants WHERE tenant_id LIKE 'mw\_%';
-- what has come since the last look
CREATE TEMP TABLE mw_before AS SELECT * FROM mw_last WITH NO DATA;
CREATE FUNCTION mw_new() RETURNS TABLE (key text, growth text) LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY
    SELECT l.tenant_id, string_agg(n.key || ' ' || (n.value::bigint - coalesce(b.value::bigint, 0)), ', ' ORDER BY n.ordinality)
    FROM mw_last l CROSS JOIN LATERAL json_each_text(row_to_json(l)) WITH ORDINALITY n
    LEFT JOIN (SELECT m.tenant_id, j.key, j.value FROM mw_before m CROSS JOIN LATERAL json_each_text(row_to_json(m)) j) b
        ON b.tenant_id = l.tenant_id AND b.key = n.key
    WHERE n.key <> 'tenant_id' AND n.value::bigint <> coalesce(b.value::bigint, 0)
    GROUP BY l.tenant_id ORDER BY l.tenant_id COLLATE "C";
    DELETE FROM mw_before;
    INSERT INTO mw_before SELECT * FROM mw_last;
END $$;
\set as_acme 'SET tenancy.tenant_id = mw_acme'
\set as_nobody 'RESET tenancy.tenant_id'
\set new 'SELECT * FROM mw_new()'
:as_nobody; :as_acme; SELECT 1; :as_nobody; :new;

-- a trigger's rows are the tenant's
:as_acme; INSERT INTO mw_parents VALUES ('mw_acme', 1), ('mw_acme', 2) RETURNING id; :as_nobody; :new;
-- a foreign key's look at the parents is read, and updates are updates
:as_acme; INSERT INTO mw_children VALUES ('mw_acme', 1, 1), ('mw_acme', 2, 1), ('mw_acme', 3, 2); :as_nobody; :new;
:as_acme; UPDATE mw_children SET id = id + 1 WHERE parent = 1; :as_nobody; :new;
-- a cascade's
:as_acme; DELETE FROM mw_parents WHERE id = 1; :as_nobody; :new;
-- a function's, with what an exception in it took back: the work was done
:as_acme; SELECT mw_work(); :as_nobody; :new;
-- savepoints, and ROLLBACK
:as_acme; BEGIN; SAVEPOINT a; INSERT INTO mw_seen VALUES (1), (2), (3); ROLLBACK TO a; INSERT INTO mw_seen VALUES (4); RELEASE a; ROLLBACK; :as_nobody; :new;
-- TRUNCATE makes the server forget what was inserted before it in the same transaction, but not when it is rolled back
:as_acme; BEGIN; INSERT INTO mw_seen VALUES (1), (2), (3); TRUNCATE mw_seen; ROLLBACK; :as_nobody; :new;
-- MERGE, modifying WITH
:as_acme; MERGE INTO mw_parents p USING (VALUES (2), (3)) v (id) ON p.id = v.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES ('mw_acme', v.id); :as_nobody; :new;
:as_acme; WITH gone AS (DELETE FROM mw_parents RETURNING id) SELECT * FROM gone; :as_nobody; :new;
-- more tables than are searched one by one
:as_acme; INSERT INTO mw_parts SELECT 'mw_acme', i FROM generate_series(1, 40) i; SELECT count(*) FROM mw_parts; SELECT count(*) FROM mw_parts; :as_nobody; :new;
-- COPY, both ways
:as_acme;
COPY mw_parts FROM stdin;
mw_acme	1
mw_acme	1
\.
COPY mw_parts_1 TO stdout;
COPY (SELECT n FROM mw_parts WHERE n = 2) TO stdout;
:as_nobody; :new;
-- a cursor is charged as it is read
:as_acme; BEGIN; DECLARE c CURSOR FOR SELECT n FROM mw_parts_1; FETCH 2 FROM c; COMMIT; :as_nobody; :new;
-- prepared statements count where they are executed, EXPLAIN as a utility statement
:as_acme; PREPARE p AS SELECT count(*) FROM mw_parts_1; EXECUTE p; EXECUTE p; DEALLOCATE p; EXPLAIN (COSTS off) SELECT 1; :as_nobody; :new;
-- errors of all kinds
:as_acme; SELEC 1; SELECT 1 FROM mw_missing; SELECT 1 / n FROM (SELECT n - 1 FROM mw_parts_1) t (n); INSERT INTO mw_children VALUES ('mw_acme', 9, 99); :as_nobody; :new;
-- two tenants in one transaction
BEGIN; SET LOCAL tenancy.tenant_id = 'mw_acme'; INSERT INTO mw_seen VALUES (1), (2); SELECT count(*) FROM mw_parts_1;
SET LOCAL tenancy.tenant_id = 'mw_other'; INSERT INTO mw_seen VALUES (3); SELECT count(*) FROM mw_parts_2; COMMIT; :new;
-- processor time and time, in milliseconds
:as_acme; DO $$ BEGIN FOR i IN 1..300000 LOOP PERFORM i; END LOOP; END $$; SELECT pg_sleep(0.05); :as_nobody;
SELECT cpu_ms > 10, exec_ms > 60, p50_ms < p99_ms, p99_ms > 40 FROM tenancy.stat_tenants WHERE tenant_id = 'mw_acme';
DROP VIEW mw_last;
DROP FUNCTION mw_see CASCADE;
DROP FUNCTION mw_work, mw_new;
DROP TABLE mw_before, mw_parents, mw_children, mw_parts, mw_seen;
DELETE FROM tenancy.tenants WHERE id LIKE 'mw\_%';
