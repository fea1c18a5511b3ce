-- What cannot be attached: each refused with its SQLSTATE, and nothing half done.
\set SHOW_CONTEXT never
CREATE ROLE regress_errors_owner;
CREATE ROLE regress_errors_other;
CREATE SCHEMA policy_errors;
GRANT USAGE ON SCHEMA policy_errors TO regress_errors_other;
SET tenancy.auto_attach = off;
SET search_path = policy_errors;
CREATE TABLE plain (tenant_id text, other text, id int);
CREATE VIEW a_view AS SELECT * FROM plain;
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM plain;
CREATE SEQUENCE a_sequence;
CREATE INDEX an_index ON plain (id);
CREATE TYPE a_type AS (tenant_id text);
CREATE TEMPORARY TABLE a_temp (tenant_id text);
CREATE FOREIGN DATA WRAPPER regress_errors_fdw;
CREATE SERVER regress_errors_server FOREIGN DATA WRAPPER regress_errors_fdw;
CREATE FOREIGN TABLE a_foreign (tenant_id text) SERVER regress_errors_server;

-- Not a table of the application: 42809.
SELECT tenancy.attach('a_view');
\echo :SQLSTATE
SELECT tenancy.attach('a_matview');
\echo :SQLSTATE
SELECT tenancy.attach('a_foreign');
\echo :SQLSTATE
SELECT tenancy.attach('a_sequence');
\echo :SQLSTATE
SELECT tenancy.attach('an_index');
\echo :SQLSTATE
SELECT tenancy.attach('a_type');
\echo :SQLSTATE
SELECT tenancy.attach('a_temp');
\echo :SQLSTATE
SELECT tenancy.attach('pg_catalog.pg_class', 'relname');
\echo :SQLSTATE
SELECT tenancy.attach('tenancy.usage_ledger');
\echo :SQLSTATE
SELECT tenancy.attach('no_such_table');
\echo :SQLSTATE
SELECT tenancy.attach(1::regclass);
\echo :SQLSTATE
SELECT tenancy.attach(NULL);
\echo :SQLSTATE

-- The column: missing 42703, of a wrong kind 42804.
SELECT tenancy.attach('plain', 'missing');
\echo :SQLSTATE
CREATE TYPE color AS ENUM ('red');
CREATE TABLE kinds (
    a_numeric numeric(10),
    an_enum color,
    a_char char(8),
    a_smallint smallint,
    an_array text[],
    an_identity bigint GENERATED ALWAYS AS IDENTITY,
    a_generated text GENERATED ALWAYS AS ('x') STORED);
SELECT tenancy.attach('kinds', 'a_numeric');
\echo :SQLSTATE
SELECT tenancy.attach('kinds', 'an_enum');
\echo :SQLSTATE
SELECT tenancy.attach('kinds', 'a_char');
\echo :SQLSTATE
SELECT tenancy.attach('kinds', 'a_smallint');
\echo :SQLSTATE
SELECT tenancy.attach('kinds', 'an_array');
\echo :SQLSTATE
SELECT tenancy.attach('kinds', 'an_identity');
\echo :SQLSTATE
SELECT tenancy.attach('kinds', 'a_generated');
\echo :SQLSTATE

-- Rows without a tenant: 23502, and the table is as it was.
INSERT INTO plain VALUES ('x', 'x', 1), (NULL, 'y', 2);
SELECT tenancy.attach('plain');
\echo :SQLSTATE
SELECT relrowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS policies,
       (SELECT count(*) FROM pg_index WHERE indrelid = c.oid) AS indexes
  FROM pg_class c WHERE oid = 'plain'::regclass;
SELECT count(*) FROM plain;

-- By another column than the one it has: 42710.
DELETE FROM plain WHERE tenant_id IS NULL;
SELECT tenancy.attach('plain');
SELECT tenancy.attach('plain', 'other');
\echo :SQLSTATE

-- Not the owner: 42501.
ALTER TABLE plain OWNER TO regress_errors_owner;
ALTER TABLE kinds OWNER TO regress_errors_owner;
SET ROLE regress_errors_other;
SELECT tenancy.attach('kinds', 'an_enum');
\echo :SQLSTATE
SELECT tenancy.attach('plain', 'tenant_id');
\echo :SQLSTATE
SELECT tenancy.detach('plain');
\echo :SQLSTATE
RESET ROLE;

-- Declared shared: 55000.
CREATE TABLE everybodys (tenant_id text);
SELECT tenancy.share('everybodys', 'a list of all tenants');
SELECT tenancy.attach('everybodys');
\echo :SQLSTATE

RESET tenancy.auto_attach;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA policy_errors CASCADE;
DROP TABLE pg_temp.a_temp;
DROP FOREIGN DATA WRAPPER regress_errors_fdw CASCADE;
DROP ROLE regress_errors_owner, regress_errors_other;
