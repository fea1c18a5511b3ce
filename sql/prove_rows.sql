-- prove_isolation(): it makes rows for tables of every kind, or says why not, and leaves nothing behind.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT tenancy.create_tenant('prove-rows-real');
CREATE SCHEMA prove_rows;
SET search_path = prove_rows;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN above_five AS int CHECK (VALUE > 5);
CREATE DOMAIN tenant_name AS varchar(40) CHECK (VALUE ~ '^[0-9a-z-]+$');
-- Every type and constraint, and a reference to a table that belongs to nobody.
CREATE TABLE organizations (id uuid PRIMARY KEY, "Name" text NOT NULL);
SELECT tenancy.share('organizations', 'the tenants themselves');
CREATE TABLE everything (
    tenant_id uuid REFERENCES organizations, id int PRIMARY KEY, mood mood NOT NULL, more above_five NOT NULL,
    tags text[] NOT NULL, doc jsonb NOT NULL, raw bytea, pair pair, span int4range, at tstzrange NOT NULL,
    EXCLUDE USING gist (at WITH &&), twice int GENERATED ALWAYS AS (id * 2) STORED,
    code char(3) NOT NULL CHECK (code ~ '^[A-Z]{3}$'), state text NOT NULL CHECK (state IN ('draft', 'sent')),
    starts date NOT NULL, ends date NOT NULL, CHECK (starts < ends), address inet, network cidr, took interval,
    bits bit(5), more_bits varbit(9), mac macaddr, words tsvector, small numeric(4,2) NOT NULL, tiny smallint UNIQUE,
    ratio float8, price money, CHECK (num_nonnulls(ratio, price) = 1), short varchar(5) UNIQUE,
    size int NOT NULL CHECK (size BETWEEN 40 AND 50), parent int REFERENCES everything);
CREATE TABLE counted (tenant_id bigint, id serial PRIMARY KEY, t text DEFAULT 'x');
CREATE TABLE by_int (tenant_id integer, n int);
CREATE TABLE "Camel Case" ("orgId" text, "Id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "someName" text NOT NULL);
SELECT tenancy.attach('"Camel Case"', 'orgId');
CREATE TABLE camel_child ("orgId" text, parent bigint NOT NULL REFERENCES "Camel Case", n int);
SELECT tenancy.attach('camel_child', 'orgId');
CREATE TABLE by_domain (tenant_id tenant_name, v int);
CREATE TABLE ranges (tenant_id text, at date NOT NULL, id int, PRIMARY KEY (tenant_id, id, at)) PARTITION BY RANGE (at);
CREATE TABLE ranges_1 PARTITION OF ranges FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
CREATE TABLE ranges_2 PARTITION OF ranges FOR VALUES FROM (MINVALUE) TO ('2025-01-01');
CREATE TABLE hashes (tenant_id text, id int, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
CREATE TABLE hashes_0 PARTITION OF hashes FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashes_1 PARTITION OF hashes FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE lists (tenant_id text, id int) PARTITION BY LIST (tenant_id);
CREATE TABLE lists_real PARTITION OF lists FOR VALUES IN ('prove-rows-real');
INSERT INTO lists VALUES ('prove-rows-real', 1);
CREATE TABLE parents (tenant_id text, id int);
CREATE TABLE children (extra text) INHERITS (parents);
CREATE TABLE one_each (tenant_id text PRIMARY KEY, u text NOT NULL);
CREATE TABLE circle (tenant_id text, id int PRIMARY KEY, other int NOT NULL);
CREATE TABLE circle_too (tenant_id text, id int PRIMARY KEY, other int NOT NULL REFERENCES circle);
ALTER TABLE circle ADD FOREIGN KEY (other) REFERENCES circle_too;
CREATE TABLE chain_1 (tenant_id text, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE chain_2 (tenant_id text, id int, up int NOT NULL, PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, up) REFERENCES chain_1 DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE chain_3 (tenant_id text, id int UNIQUE, up int, FOREIGN KEY (tenant_id, up) REFERENCES chain_2 ON DELETE CASCADE);
CREATE TABLE impossible (tenant_id text, n int NOT NULL, CHECK (n * n = 1522756 AND n < 0));
CREATE TABLE fires (tenant_id text, id int);
CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE WARNING ''fired''; RETURN new; END';
CREATE TRIGGER fire BEFORE INSERT ON fires FOR EACH ROW EXECUTE FUNCTION fire();

SELECT count(*) AS tenants FROM tenancy.tenants \gset
CREATE TEMPORARY TABLE proof AS SELECT * FROM tenancy.prove_isolation();
DELETE FROM proof p USING pg_class c WHERE c.oid = p.relation AND c.relnamespace <> 'prove_rows'::regnamespace;
SELECT relation, outcome, count(*), CASE WHEN count(*) < 5 THEN string_agg(attack, ' ' ORDER BY attack) END AS attacks
  FROM proof WHERE role = 'application' GROUP BY relation, outcome ORDER BY relation::text COLLATE "C", outcome;
-- Why what was not tried was not.
SELECT DISTINCT relation::text COLLATE "C", detail FROM proof WHERE role = 'application' AND attack IN ('read', 'update') AND (outcome = 'not tried' OR detail IS NOT NULL) ORDER BY 1, 2;
SELECT count(*) FROM proof WHERE outcome = 'BROKEN';
-- Nothing is left, and no sequence has moved.
SELECT count(*) FROM everything;
SELECT count(*) FROM organizations;
SELECT count(*) - :tenants AS tenants FROM tenancy.tenants;
SELECT last_value, is_called FROM counted_id_seq;
-- Triggers only when asked for; progress.
SELECT count(*) FROM tenancy.prove_isolation('{fires,by_int}', fire_triggers => false) WHERE outcome = 'BROKEN';
SET client_min_messages = notice;
SELECT count(*) FROM tenancy.prove_isolation('{by_int}', fire_triggers => true, progress => 1) WHERE outcome = 'BROKEN';
CREATE OR REPLACE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';
SET client_min_messages = warning;
SELECT attack, outcome, detail FROM tenancy.prove_isolation('{fires}', fire_triggers => true) WHERE role = 'application' AND attack = 'update';
-- The time others may wait for it is limited as for any statement.
SET statement_timeout = '1ms';
SELECT count(*) FROM tenancy.prove_isolation();
RESET statement_timeout;
-- A session with a tenant keeps it.
SET tenancy.tenant_id = 'prove-rows-real';
SELECT count(*) > 0 AS some FROM tenancy.prove_isolation('{by_int}') WHERE outcome = 'held';
SELECT tenancy.current_tenant();
RESET tenancy.tenant_id;
BEGIN READ ONLY;
SELECT count(*) FROM tenancy.prove_isolation();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
DROP SCHEMA prove_rows CASCADE;
DELETE FROM tenancy.tenants WHERE id = 'prove-rows-real';
