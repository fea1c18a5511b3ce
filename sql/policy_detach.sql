-- detach() takes away what attach() made, and nothing else.
\set SHOW_CONTEXT never
CREATE SCHEMA policy_detach;
SET search_path = policy_detach;
CREATE TABLE plain (tenant_id text, id int);
SELECT tenancy.detach('plain');
SELECT tenancy.detach('plain');
SELECT relrowsecurity, relforcerowsecurity,
       (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS policies,
       (SELECT count(*) FROM pg_attrdef WHERE adrelid = c.oid) AS defaults,
       (SELECT attnotnull FROM pg_attribute WHERE attrelid = c.oid AND attname = 'tenant_id') AS not_null,
       (SELECT count(*) FROM pg_index WHERE indrelid = c.oid) AS indexes
  FROM pg_class c WHERE oid = 'plain'::regclass;
SELECT tenancy.attach('plain');

-- Own policies, and with them row security, and an own default stay.
CREATE TABLE own (tenant_id text DEFAULT 'first-tenant', id int);
CREATE POLICY own_rows ON own USING (id > 0);
SELECT tenancy.detach('own');
SELECT relrowsecurity, relforcerowsecurity,
       (SELECT string_agg(polname, ' ') FROM pg_policy WHERE polrelid = c.oid) AS policies,
       (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = c.oid) AS default
  FROM pg_class c WHERE oid = 'own'::regclass;

-- What is not attached is no error, whatever it is.
CREATE VIEW a_view AS SELECT 1;
SELECT tenancy.detach('a_view');
SELECT tenancy.detach(NULL);
\echo :SQLSTATE

-- In a transaction that fails nothing has happened.
BEGIN;
SELECT tenancy.detach('plain');
ROLLBACK;
SELECT forced FROM tenancy.attached_tables WHERE relation = 'plain'::regclass;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA policy_detach CASCADE;
