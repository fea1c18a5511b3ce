-- While a tenant is set nobody, a superuser neither, reaches what lies in another tenant's schema.
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE ROLE regress_sr_app;
-- The body is looked at where it runs.
SET check_function_bodies = off;
CREATE SCHEMA sr_app;
CREATE SEQUENCE sr_app.counter;
CREATE TABLE sr_app.notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
CREATE FUNCTION sr_app.hello() RETURNS text LANGUAGE sql AS 'SELECT body FROM notes';
CREATE FUNCTION sr_app.count_on(sequence regclass) RETURNS bigint LANGUAGE sql AS 'SELECT nextval(sequence)';
GRANT USAGE ON SCHEMA sr_app TO regress_sr_app;
GRANT ALL ON ALL TABLES IN SCHEMA sr_app TO regress_sr_app;
GRANT ALL ON ALL SEQUENCES IN SCHEMA sr_app TO regress_sr_app;
SELECT tenancy.set_template_schema('sr_app');
SELECT count(*) FROM tenancy.create_tenants('[{"id": "sr_a", "isolation": "schema"}, {"id": "sr_b", "isolation": "schema"}]');
INSERT INTO tenant_sr_a.notes (body) VALUES ('of a');
INSERT INTO tenant_sr_b.notes (body) VALUES ('of b');
CREATE VIEW sr_view AS SELECT * FROM tenant_sr_b.notes;
GRANT SELECT ON sr_view TO PUBLIC;
CREATE FUNCTION sr_definer() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN RETURN (SELECT body FROM tenant_sr_b.notes); END$$;
CREATE FUNCTION sr_bound() RETURNS text LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT body FROM tenant_sr_b.notes; END;
CREATE FUNCTION sr_by_oid(wanted oid) RETURNS bigint LANGUAGE plpgsql AS $$BEGIN RETURN nextval(wanted); END$$;
CREATE FUNCTION sr_constant() RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog AS $$DECLARE n bigint; BEGIN n := nextval('tenant_sr_b.counter'); RETURN n; END$$;
SELECT 'tenant_sr_b.counter'::regclass::oid AS counter_b, 'tenant_sr_a.counter'::regclass::oid AS counter_a, 'sr_app.counter'::regclass::oid AS counter_template \gset
-- prepared, and called once, by somebody who may
PREPARE of_b AS SELECT body FROM tenant_sr_b.notes;
PREPARE count_b AS SELECT nextval('tenant_sr_b.counter');
PREPARE count_any AS SELECT nextval($1::oid::regclass);
EXECUTE of_b;
EXECUTE count_b;
SELECT sr_definer(), sr_bound(), sr_constant(), sr_by_oid(:counter_b);
EXECUTE count_any(:counter_b);

SET tenancy.tenant_id = 'sr_a';
SELECT body FROM notes;
SELECT * FROM tenant_sr_b.notes;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO tenant_sr_b.notes (body) VALUES ('x');
UPDATE tenant_sr_b.notes SET body = 'x';
DELETE FROM tenant_sr_b.notes;
MERGE INTO tenant_sr_b.notes n USING notes m ON n.id = m.id WHEN MATCHED THEN DELETE;
SELECT * FROM sr_view;
SELECT sr_definer();
SELECT sr_bound();
EXECUTE of_b;
TABLE notes;
EXPLAIN (COSTS OFF) EXECUTE of_b;
SELECT tenant_sr_b.hello();
SELECT 'tenant_sr_b.notes'::regclass;
SELECT query_to_xml('SELECT * FROM tenant_sr_b.notes', true, true, '');
DECLARE c CURSOR WITH HOLD FOR SELECT * FROM sr_view;
COPY tenant_sr_b.notes TO STDOUT;
COPY (SELECT * FROM sr_view) TO STDOUT;
COPY tenant_sr_b.notes FROM '/dev/null';
DO $$BEGIN EXECUTE 'SELECT * FROM sr_view'; END$$;
-- sequences
SELECT nextval('tenant_sr_b.counter');
SELECT nextval(:counter_b::oid::regclass);
SELECT nextval(:counter_b), nextval(oid) FROM pg_class WHERE oid = :counter_a;
SELECT setval(:counter_b, 1000);
SELECT setval(:counter_b, 1000, false);
SELECT currval(:counter_b);
SELECT pg_sequence_last_value(:counter_b);
-- 18 has one more function that reads a sequence
SELECT CASE WHEN to_regproc('pg_get_sequence_data') IS NULL THEN 'pg_sequence_last_value' ELSE 'pg_get_sequence_data' END AS reader \gset
SELECT * FROM :reader(:counter_b);
SELECT sr_by_oid(:counter_b);
SELECT sr_constant();
SELECT count_on(:counter_b);
EXECUTE count_b;
EXECUTE count_any(:counter_b);
SELECT nextval(:counter_template);
TABLE tenant_sr_b.counter;
SELECT sr_by_oid(:counter_a), count_on('counter'), nextval('counter');
-- definitions
TRUNCATE tenant_sr_b.notes;
DROP TABLE tenant_sr_b.notes;
DROP TABLE sr_app.notes CASCADE;
ALTER TABLE tenant_sr_b.notes ADD x int;
ALTER TABLE notes RENAME TO moved;
ALTER TABLE moved SET SCHEMA tenant_sr_b;
ALTER TABLE moved RENAME TO notes;
CREATE TABLE tenant_sr_b.made (x int);
CREATE TABLE tenant_sr_b.made AS SELECT 1;
CREATE TABLE copied (LIKE tenant_sr_b.notes);
CREATE TABLE child () INHERITS (tenant_sr_b.notes);
CREATE VIEW tenant_sr_b.made AS SELECT 1;
CREATE FUNCTION tenant_sr_b.made() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TYPE tenant_sr_b.made AS ENUM ();
CREATE SEQUENCE tenant_sr_b.made;
CREATE INDEX ON tenant_sr_b.notes (body);
BEGIN; LOCK TABLE tenant_sr_b.notes; ROLLBACK;
DROP SCHEMA tenant_sr_b CASCADE;
ALTER SCHEMA tenant_sr_b RENAME TO mine;
ALTER SCHEMA tenant_sr_b OWNER TO regress_sr_app;
GRANT ALL ON SCHEMA tenant_sr_b TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA tenant_sr_b TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA tenant_sr_b GRANT ALL ON TABLES TO PUBLIC;
COMMENT ON SCHEMA tenant_sr_b IS 'mine';
VACUUM tenant_sr_b.notes;
-- the template is read, not changed
SELECT count(*) FROM sr_app.notes;
INSERT INTO sr_app.notes (body) VALUES ('for all');
COPY sr_app.notes (body) FROM '/dev/null';
TRUNCATE sr_app.notes;
ALTER TABLE sr_app.notes ADD x int;
CREATE TABLE sr_app.made (x int);
-- an ordinary role
SET ROLE regress_sr_app;
SELECT body FROM notes;
SELECT * FROM tenant_sr_b.notes;
SELECT * FROM sr_view;
SELECT sr_definer();
SELECT nextval(:counter_b);
RESET ROLE;
-- glass that was broken on record
SELECT tenancy.break_glass('a question of support') > now() AS broken;
SELECT body FROM tenant_sr_b.notes;
SELECT tenancy.open_glass('2000-01-01');
SELECT body FROM tenant_sr_b.notes;
RESET tenancy.tenant_id;
-- all is as it was
SELECT body FROM tenant_sr_b.notes;
SELECT last_value FROM tenant_sr_b.counter;
SELECT relname FROM pg_class WHERE relnamespace = 'tenant_sr_b'::regnamespace AND relkind IN ('r', 'v', 'S') ORDER BY 1;
-- a tenant's schema is known by its name
ALTER SCHEMA tenant_sr_b RENAME TO mine;
ALTER SCHEMA sr_app RENAME TO mine;
SET client_min_messages = error;
DROP VIEW sr_view;
DROP FUNCTION sr_definer, sr_bound, sr_by_oid, sr_constant;
SELECT count(*) FROM (SELECT tenancy.close_tenant(tenant), tenancy.drop_tenant_schema(tenant, tenant) FROM tenancy.tenant_schemas WHERE tenant IS NOT NULL) gone;
SELECT tenancy.set_template_schema(NULL);
DROP SCHEMA sr_app CASCADE;
DELETE FROM tenancy.tenants WHERE id LIKE 'sr\_%';
DROP ROLE regress_sr_app;
DELETE FROM tenancy.audit_log WHERE action = 'break_glass' AND after ->> 'reason' = 'a question of support';
