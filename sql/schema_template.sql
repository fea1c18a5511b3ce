-- A tenant with isolation => 'schema' gets a copy of all that is in the template, and nothing is left out silently.
\set SHOW_CONTEXT never
CREATE ROLE regress_st_owner;
CREATE ROLE regress_st_app;
SELECT tenancy.create_tenant('st_none', isolation => 'schema');
SELECT tenancy.create_tenant('st_none', isolation => 'column');
CREATE TABLE st_countries (code text PRIMARY KEY);
SELECT tenancy.share('st_countries', 'the same for all');
CREATE SCHEMA st_app AUTHORIZATION regress_st_owner;
GRANT USAGE ON SCHEMA st_app TO regress_st_app;
GRANT SELECT, REFERENCES ON st_countries TO regress_st_owner;
SET ROLE regress_st_owner;
SET search_path = st_app, public;
CREATE SEQUENCE free AS smallint START 100 INCREMENT 5 MAXVALUE 1000 CACHE 2 CYCLE;
CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY (START 7 INCREMENT 2) PRIMARY KEY,
    name text COLLATE "C" NOT NULL, country text REFERENCES st_countries, email text UNIQUE,
    folded text GENERATED ALWAYS AS (lower(name)) STORED) WITH (fillfactor = 70);
CREATE TABLE orders (
    id serial PRIMARY KEY, customer bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
    total numeric(10,2) DEFAULT 0 CONSTRAINT positive CHECK (total >= 0), at date NOT NULL DEFAULT current_date,
    during int4range, nr bigint DEFAULT nextval('free'), EXCLUDE USING gist (during WITH &&));
CREATE INDEX orders_double ON orders ((total * 2)) WHERE total > 10;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.at := coalesce(NEW.at, current_date); RETURN NEW; END$$;
CREATE TRIGGER touch BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION total_of(c bigint) RETURNS numeric STABLE BEGIN ATOMIC SELECT sum(total) FROM orders WHERE customer = c; END;
REVOKE EXECUTE ON FUNCTION total_of FROM PUBLIC;
CREATE VIEW z_big AS SELECT * FROM orders WHERE total > 100;
CREATE VIEW a_bigger WITH (security_invoker = true) AS SELECT id, total_of(customer) AS of_all FROM z_big;
CREATE TABLE events (id bigint, at date NOT NULL, what text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_rest PARTITION OF events DEFAULT;
CREATE INDEX ON events (what);
ALTER TABLE events ALTER what SET STORAGE EXTERNAL;
ALTER TABLE orders ALTER at SET STATISTICS 500, ALTER customer SET (n_distinct = 50);
ALTER TABLE customers CLUSTER ON customers_pkey;
CREATE STATISTICS of_orders ON customer, total FROM orders;
COMMENT ON TABLE orders IS 'What they''ve ordered';
COMMENT ON COLUMN orders.total IS 'the sum';
COMMENT ON CONSTRAINT positive ON orders IS 'never less';
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY small ON orders TO regress_st_app USING (total < 1000);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA st_app TO regress_st_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA st_app TO regress_st_app;
REVOKE UPDATE ON customers FROM regress_st_app;
GRANT UPDATE (name) ON customers TO regress_st_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA st_app GRANT SELECT ON TABLES TO regress_st_app;
RESET ROLE;
RESET search_path;
SELECT tenancy.set_template_schema('st_missing');
SELECT tenancy.set_template_schema('tenancy');
SELECT tenancy.set_template_schema('st_app'), tenancy.set_template_schema('st_app');
SELECT tenancy.create_tenant('St_Acme', isolation => 'schema'), tenancy.create_tenant('St_Acme', isolation => 'schema');
SELECT tenancy.create_tenant('St_Acme', isolation => 'rows');
SELECT schema_name, tenant FROM tenancy.tenant_schemas ORDER BY 1;
-- the copy is the template
SELECT * FROM tenancy.schema_drift();
SELECT kind, count(*) FROM tenancy.schema_parts('tenant_st_acme') WHERE object NOT LIKE '%not_null%' GROUP BY kind ORDER BY kind COLLATE "C";
SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'tenant_st_acme'::regnamespace;
SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'tenant_st_acme';
\d tenant_st_acme.orders
-- and works by itself
SET tenancy.tenant_id = 'st_acme';
SET ROLE regress_st_app;
INSERT INTO customers (name) VALUES ('Ann') RETURNING id, folded;
INSERT INTO orders (customer, total) SELECT id, 150 FROM customers RETURNING id, total, nr;
SELECT id, total FROM z_big;
SELECT * FROM a_bigger;
UPDATE customers SET email = 'x';
INSERT INTO events VALUES (1, '2026-05-05', 'x');
SELECT tableoid::regclass FROM events;
RESET ROLE;
RESET tenancy.tenant_id;
SELECT (SELECT count(*) FROM st_app.customers) AS in_template, (SELECT count(*) FROM tenant_st_acme.customers) AS in_copy;
SELECT action, object, after - 'created_at' - 'status_changed_at' AS after FROM tenancy.audit_log WHERE action IN ('set_template_schema', 'create_schema') AND after::text LIKE '%st\_app%' ORDER BY id;
-- what cannot be copied is named, all of it, and nothing is made
CREATE TYPE st_app.mood AS ENUM ('good', 'bad');
CREATE MATERIALIZED VIEW st_app.kept AS SELECT 1 AS one;
CREATE TABLE st_app.child () INHERITS (st_app.customers);
CREATE FUNCTION st_app.reaches() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM st_app.orders';
SELECT tenancy.create_tenant('st_second', isolation => 'schema');
SELECT count(*) FROM tenancy.tenants WHERE id = 'st_second';
SELECT to_regnamespace('tenant_st_second');
DROP FUNCTION st_app.reaches; DROP TABLE st_app.child; DROP MATERIALIZED VIEW st_app.kept; DROP TYPE st_app.mood;
-- many at once; a schema that is in the way belongs to somebody else
CREATE SCHEMA tenant_st_taken;
SELECT "position", id, result, sqlstate, message FROM tenancy.create_tenants('[{"id": "st_a", "isolation": "schema"}, {"id": "st_b"}, {"id": "st_taken", "isolation": "schema"}, {"id": "st_c", "isolation": "schema"}]', keep_going => true);
SELECT schema_name, tenant FROM tenancy.tenant_schemas ORDER BY 1;
SELECT count(*) FROM tenancy.schema_drift();
-- not while a tenant is set, not under an old snapshot
SET tenancy.tenant_id = 'st_a';
SELECT tenancy.create_tenant('st_late', isolation => 'schema');
RESET tenancy.tenant_id;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT tenancy.create_tenant('st_late', isolation => 'schema');
ROLLBACK;
-- names of ids that do not fit
SELECT tenancy.schema_name(repeat('x', 55)) = 'tenant_' || repeat('x', 55) AS plain, length(tenancy.schema_name(repeat('x', 56))) AS hashed,
    tenancy.schema_name(repeat('x', 62) || 'a') <> tenancy.schema_name(repeat('x', 62) || 'b') AS distinct_names;
SELECT tenancy.create_tenant(repeat('st', 31), isolation => 'schema');
SELECT tenancy.set_template_schema(NULL);
-- the end of a schema is asked for by name, and only when the tenant is closed
SELECT tenancy.drop_tenant_schema('st_a', 'st_a');
SELECT count(*) FROM (SELECT tenancy.close_tenant(tenant) FROM tenancy.tenant_schemas WHERE tenant IS NOT NULL) closed;
SELECT tenancy.drop_tenant_schema('st_a', 'yes');
SET client_min_messages = warning;
SELECT count(*) FROM (SELECT tenancy.drop_tenant_schema(tenant, tenant) FROM tenancy.tenant_schemas WHERE tenant IS NOT NULL) dropped;
SELECT tenancy.drop_tenant_schema('st_a', 'st_a');
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant\_st%';
SELECT tenancy.set_template_schema(NULL);
DROP SCHEMA tenant_st_taken;
DROP SCHEMA st_app CASCADE;
SELECT tenancy.unshare('st_countries');
DROP TABLE st_countries;
DELETE FROM tenancy.tenants WHERE id LIKE 'st%' OR id LIKE 'St%';
DROP ROLE regress_st_owner, regress_st_app;
