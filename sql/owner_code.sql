-- What a table's owner can have called by planning, opening or validating runs with no more than the owner's rights.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT tenancy.create_tenant('1'), tenancy.create_tenant('2');
CREATE ROLE regress_oc_owner;
CREATE SCHEMA oc AUTHORIZATION regress_oc_owner;
SET search_path = oc;
SET ROLE regress_oc_owner;
CREATE TABLE ran (what text, role name, is_superuser boolean);
GRANT INSERT ON ran TO PUBLIC;
-- As an attacker does: with more rights it would take all.
CREATE FUNCTION run(what text) RETURNS int LANGUAGE plpgsql SET search_path = oc AS $$
BEGIN
    BEGIN
        ALTER ROLE regress_oc_owner SUPERUSER;
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END;
    INSERT INTO ran VALUES (what, current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user));
    RETURN 0;
END $$;
-- Called with a constant, so that whoever plans calls it.
CREATE FUNCTION fold(what text) RETURNS int LANGUAGE plpgsql IMMUTABLE SET search_path = oc AS 'BEGIN RETURN run(what); END';

CREATE TABLE notes (tenant_id text, id int);
CREATE INDEX ON notes ((id + fold('index')));
CREATE INDEX ON notes (id) WHERE id > fold('predicate');
CREATE STATISTICS notes_of ON (id + fold('statistics')), tenant_id FROM notes;
CREATE TABLE parts (tenant_id text, id int) PARTITION BY RANGE ((id + fold('partition key')));
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);
CREATE INDEX ON parts_1 ((id + fold('index of a partition')));
SET tenancy.tenant_id = '1';
INSERT INTO notes SELECT '1', n FROM generate_series(1, 10) n;
INSERT INTO parts SELECT '1', n FROM generate_series(1, 20) n;
RESET tenancy.tenant_id;
ANALYZE notes, parts;
TRUNCATE ran;

-- An operator measures and counts, in a session that knows nothing of these tables.
RESET ROLE;
\c -
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET search_path = oc;
SELECT tenancy.measure_storage() > 0 AS measured, tenancy.measure_storage('parts', exact => true);
SELECT relation, tenant_id, rows FROM tenancy.tenant_storage WHERE relation IN ('notes'::regclass, 'parts'::regclass) ORDER BY 1;
SELECT tenancy.track_rows('notes'), tenancy.track_rows('parts');
SELECT tenancy.recount_rows('notes'), tenancy.recount_rows('parts');
SELECT * FROM tenancy.row_counts WHERE relation IN ('notes'::regclass, 'parts'::regclass) ORDER BY 1;
-- The owner has it counted again.
\c -
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET search_path = oc;
SET ROLE regress_oc_owner;
DROP TRIGGER tenancy_count_moves ON notes;
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (100) TO (200);
CREATE INDEX ON parts_2 ((id + fold('index of a later partition')));
RESET ROLE;
SELECT count(*) > 0 AS ran, count(*) FILTER (WHERE is_superuser OR role <> 'regress_oc_owner') AS with_more_rights FROM ran;
SELECT rolsuper FROM pg_roles WHERE rolname = 'regress_oc_owner';
SELECT relation, rows FROM tenancy.row_counts WHERE relation IN ('notes'::regclass, 'parts'::regclass) ORDER BY 1;

-- The trigger of TRUNCATE begins no new count at anything else.
SET ROLE regress_oc_owner;
CREATE TRIGGER forged AFTER INSERT ON notes FOR EACH STATEMENT EXECUTE FUNCTION tenancy.count_truncation();
SET tenancy.tenant_id = '1';
INSERT INTO notes VALUES ('1', 11);
RESET tenancy.tenant_id;
DROP TRIGGER forged ON notes;
TRUNCATE notes;
RESET ROLE;
SELECT relation, rows FROM tenancy.row_counts WHERE relation IN ('notes'::regclass, 'parts'::regclass) ORDER BY 1;
SELECT tenancy.untrack_rows('notes'), tenancy.untrack_rows('parts');

-- A superuser adopts for the owner: keys between the tables are validated with the owner's rights, over all rows.
SET ROLE regress_oc_owner;
CREATE TABLE orders (org text, id int, PRIMARY KEY (org, id));
CREATE TABLE items (org text, order_id int, FOREIGN KEY (org, order_id) REFERENCES orders);
CREATE INDEX ON orders ((id + fold('index of a key')));
INSERT INTO orders VALUES ('1', 1), ('2', 2);
INSERT INTO items VALUES ('1', 1), ('2', 2), (NULL, 2);
TRUNCATE ran;
RESET ROLE;
\c -
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET search_path = oc;
CALL tenancy.adopt('orders', '1', 'org', allow_blocking_indexes => true);
CALL tenancy.adopt('items', '2', 'org', allow_blocking_indexes => true);
SELECT conname, convalidated FROM pg_constraint WHERE conrelid = 'items'::regclass AND contype = 'f';
SELECT count(*) FILTER (WHERE is_superuser OR role <> 'regress_oc_owner') AS with_more_rights FROM ran;

-- Statistics of a column that has got another type are not compared as they were.
SET ROLE regress_oc_owner;
CREATE TABLE changed (c text, id int);
INSERT INTO changed SELECT n % 2 + 1, n FROM generate_series(1, 1000) n;
CREATE POLICY tenancy_isolation ON changed AS RESTRICTIVE USING (c = tenancy.current_tenant_text());
CREATE POLICY all_rows ON changed USING (true);
ALTER TABLE changed ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ANALYZE changed;
SET plan_cache_mode = force_generic_plan;
PREPARE q AS SELECT count(*) FROM changed;
SET tenancy.tenant_id = '1';
EXECUTE q;
RESET tenancy.tenant_id;
DROP POLICY tenancy_isolation ON changed;
ALTER TABLE changed ALTER c TYPE bigint USING c::bigint;
CREATE POLICY tenancy_isolation ON changed AS RESTRICTIVE USING (c = tenancy.current_tenant_bigint());
ANALYZE changed;
SET tenancy.tenant_id = '2';
EXECUTE q;
RESET tenancy.tenant_id;
RESET ROLE;

SET client_min_messages = error;
DROP SCHEMA oc CASCADE;
DROP ROLE regress_oc_owner;
DELETE FROM tenancy.tenants WHERE id IN ('1', '2');
DELETE FROM tenancy.audit_log WHERE object LIKE 'oc.%';
