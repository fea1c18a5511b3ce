-- attach_all() goes through a schema and says what became of each table.
\set SHOW_CONTEXT never
CREATE ROLE regress_all_owner;
CREATE SCHEMA policy_all;
GRANT USAGE, CREATE ON SCHEMA policy_all TO regress_all_owner;
SET search_path = policy_all;
SET tenancy.auto_attach = off;
CREATE TABLE good (tenant_id text);
CREATE TABLE "Good too" (tenant_id uuid);
CREATE TABLE done (tenant_id text);
SELECT tenancy.attach('done');
CREATE TABLE parted (tenant_id int) PARTITION BY LIST (tenant_id);
CREATE TABLE parted_1 PARTITION OF parted DEFAULT;
CREATE TABLE parent (tenant_id int);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE with_nulls (tenant_id text);
INSERT INTO with_nulls VALUES (NULL);
CREATE TABLE odd (tenant_id numeric);
CREATE TABLE no_column (id int);
CREATE TABLE everybodys (tenant_id text);
SELECT tenancy.share('everybodys', 'a directory');
CREATE VIEW a_view AS SELECT * FROM good;
SELECT * FROM tenancy.attach_all('policy_all');
SELECT * FROM tenancy.attach_all('policy_all');
SELECT relation FROM tenancy.attached_tables
 WHERE relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'policy_all'::regnamespace)
 ORDER BY relation::text COLLATE "C";

-- Only one's own tables.
CREATE TABLE others (tenant_id text);
SET ROLE regress_all_owner;
CREATE TABLE own (tenant_id text);
SELECT * FROM tenancy.attach_all('policy_all') WHERE relation IN ('others'::regclass, 'own'::regclass);
RESET ROLE;
SELECT tenancy.attach_all(NULL);
\echo :SQLSTATE

RESET tenancy.auto_attach;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA policy_all CASCADE;
DROP ROLE regress_all_owner;
