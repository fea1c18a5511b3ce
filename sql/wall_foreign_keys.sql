-- Around a foreign key's query, which sees all rows, nothing else does: functions called while it is planned, started or run.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SELECT tenancy.create_tenant('wf_a'), tenancy.create_tenant('wf_b');
CREATE ROLE regress_wf_owner;
CREATE SCHEMA wf AUTHORIZATION regress_wf_owner;
SET search_path = wf;
SET ROLE regress_wf_owner;
CREATE TABLE notes (tenant_id text, id int, parent int, PRIMARY KEY (tenant_id, id));
-- how many rows it sees, planned anew each time
CREATE TABLE sights (place text, role name, rows int);
CREATE FUNCTION seen(place text) RETURNS int LANGUAGE plpgsql SET search_path = wf AS $$
DECLARE n int;
BEGIN
    EXECUTE 'SELECT count(*) FROM notes' INTO n;
    INSERT INTO sights VALUES (place, current_user, n);
    RETURN 1;
END $$;
CREATE FUNCTION folded(place text) RETURNS int LANGUAGE plpgsql IMMUTABLE SET search_path = wf AS 'BEGIN RETURN seen(place); END';
CREATE FUNCTION asked(place text) RETURNS int LANGUAGE plpgsql STABLE SET search_path = wf AS 'BEGIN RETURN seen(place); END';
CREATE FUNCTION fired() RETURNS trigger LANGUAGE plpgsql SET search_path = wf AS 'BEGIN PERFORM seen(''trigger''); RETURN OLD; END';
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (id int REFERENCES parents ON DELETE CASCADE);
CREATE TABLE parts (part int) PARTITION BY LIST (part);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
RESET ROLE;
INSERT INTO notes SELECT t, n FROM unnest('{wf_a,wf_b}'::text[]) t, generate_series(1, 3) n;
INSERT INTO parents VALUES (1), (2);
INSERT INTO children VALUES (1), (2);
CREATE INDEX ON children (id) WHERE folded('index') = 1;
TRUNCATE sights;
CREATE RULE also AS ON DELETE TO children DO ALSO DELETE FROM parts WHERE part = asked('rule') AND folded('rule, folded') = 1;
CREATE TRIGGER fired BEFORE DELETE ON children FOR EACH ROW EXECUTE FUNCTION fired();
SET ROLE regress_wf_owner;
SET tenancy.tenant_id = 'wf_a';
DELETE FROM parents WHERE id = 1;
SELECT place, role, rows FROM sights GROUP BY 1, 2, 3 ORDER BY place COLLATE "C";
RESET tenancy.tenant_id;
-- without a tenant, too
TRUNCATE sights;
DISCARD PLANS;
DELETE FROM parents WHERE id = 2;
SELECT place, role, rows FROM sights GROUP BY 1, 2, 3 ORDER BY place COLLATE "C";
RESET ROLE;
DROP INDEX children_id_idx;
SELECT count(*) FROM children;
-- an error on the way leaves the key as it was
INSERT INTO parents VALUES (3), (4);
DROP RULE also ON children;
DROP TRIGGER fired ON children;
CREATE TABLE referred (tenant_id text, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE referring (tenant_id text, id int, of_tenant text, of_id int, FOREIGN KEY (of_tenant, of_id) REFERENCES referred ON DELETE CASCADE);
ALTER TABLE referred OWNER TO regress_wf_owner;
ALTER TABLE referring OWNER TO regress_wf_owner;
INSERT INTO referred VALUES ('wf_a', 1), ('wf_a', 2);
INSERT INTO referring VALUES ('wf_a', 1, 'wf_a', 1), ('wf_b', 1, 'wf_a', 1), ('wf_a', 2, 'wf_a', 2), ('wf_b', 2, 'wf_a', 2);
CREATE FUNCTION failing(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN IF current_setting('wf.fail', true) = 'on' THEN RAISE 'fails'; END IF; RETURN 1; END $$;
CREATE INDEX ON referring (id) WHERE failing(1) = 1;
SET ROLE regress_wf_owner;
SET tenancy.tenant_id = 'wf_a';
BEGIN;
SAVEPOINT before;
SET LOCAL wf.fail = on;
DELETE FROM referred WHERE id = 1;
ROLLBACK TO before;
SELECT count(*) FROM notes;
DELETE FROM referred WHERE id = 1;
COMMIT;
SELECT count(*) FROM notes;
RESET tenancy.tenant_id;
RESET ROLE;
-- the key's own work is done on all rows
SELECT * FROM referring ORDER BY tenant_id;
-- whoever may run something with a foreign key's rights gets them without a tenant only
SELECT tenancy.run_as('regress_wf_owner', 'SELECT count(*) FROM wf.notes', all_rows => true);
SET tenancy.tenant_id = 'wf_a';
SELECT tenancy.run_as('regress_wf_owner', 'SELECT count(*) FROM wf.notes', all_rows => true);
RESET tenancy.tenant_id;

SET client_min_messages = error;
DROP SCHEMA wf CASCADE;
DROP ROLE regress_wf_owner;
DELETE FROM tenancy.tenants WHERE id LIKE 'wf\_%';
