-- Tenant columns of every type and spelling; what the column already has is kept.
\set SHOW_CONTEXT never
CREATE SCHEMA policy_types;
CREATE ROLE regress_types_app;
GRANT USAGE ON SCHEMA policy_types TO regress_types_app;
SELECT tenancy.create_tenant('70001'), tenancy.create_tenant('70002'),
       tenancy.create_tenant('5ca1ab1e-0000-4000-8000-000000000001'),
       tenancy.create_tenant('5ca1ab1e-0000-4000-8000-000000000002');
SET tenancy.auto_attach = off;
CREATE DOMAIN policy_types.org AS bigint CHECK (VALUE > 0);
CREATE DOMAIN policy_types.org_name AS varchar(40);
CREATE TABLE policy_types.t_uuid (tenant_id uuid);
CREATE TABLE policy_types.t_text (tenant_id text COLLATE "C");
CREATE TABLE policy_types.t_varchar (tenant_id varchar(40));
CREATE TABLE policy_types.t_bigint (tenant_id bigint);
CREATE TABLE policy_types.t_int (tenant_id integer);
CREATE TABLE policy_types.t_domain (tenant_id policy_types.org);
CREATE TABLE policy_types.t_domain_varchar (tenant_id policy_types.org_name);
CREATE TABLE policy_types."Camel Case" ("orgId" integer, "Note" text);
SELECT c.relname, tenancy.attach(c.oid, CASE WHEN c.relname = 'Camel Case' THEN 'orgId' END)
  FROM pg_class c
 WHERE c.relnamespace = 'policy_types'::regnamespace AND c.relkind = 'r'
 ORDER BY 1;
SELECT relation, tenant_column, column_type, forced
  FROM tenancy.attached_tables
 WHERE relation::text LIKE 'policy_types.%' ORDER BY relation::text COLLATE "C";
SELECT tablename, qual, with_check FROM pg_policies
 WHERE schemaname = 'policy_types' AND policyname = 'tenancy_isolation' ORDER BY 1;
-- All attached whole: nothing left to do.
SELECT relation FROM tenancy.attached_tables
 WHERE relation::text LIKE 'policy_types.%' AND tenancy.attach(relation);

-- Each holds: the default fills in the tenant, another tenant sees nothing of it.
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA policy_types TO regress_types_app;
SET ROLE regress_types_app;
SET tenancy.tenant_id = '70001';
INSERT INTO policy_types.t_text DEFAULT VALUES RETURNING *;
INSERT INTO policy_types.t_varchar DEFAULT VALUES RETURNING *;
INSERT INTO policy_types.t_bigint DEFAULT VALUES RETURNING *;
INSERT INTO policy_types.t_int DEFAULT VALUES RETURNING *;
INSERT INTO policy_types.t_domain DEFAULT VALUES RETURNING *;
INSERT INTO policy_types.t_domain_varchar DEFAULT VALUES RETURNING *;
INSERT INTO policy_types."Camel Case" ("Note") VALUES ('one') RETURNING *;
SET tenancy.tenant_id = '70002';
SELECT FROM policy_types.t_text UNION ALL SELECT FROM policy_types.t_varchar
UNION ALL SELECT FROM policy_types.t_bigint UNION ALL SELECT FROM policy_types.t_int
UNION ALL SELECT FROM policy_types.t_domain UNION ALL SELECT FROM policy_types.t_domain_varchar
UNION ALL SELECT FROM policy_types."Camel Case";
INSERT INTO policy_types.t_int VALUES (70001);
SET tenancy.tenant_id = '5ca1ab1e-0000-4000-8000-000000000001';
INSERT INTO policy_types.t_uuid DEFAULT VALUES RETURNING *;
SET tenancy.tenant_id = '5ca1ab1e-0000-4000-8000-000000000002';
TABLE policy_types.t_uuid;
RESET tenancy.tenant_id;
RESET ROLE;

-- A default of the owner's stays, and so do the owner's policies: no permissive one is added.
CREATE TABLE policy_types.own (tenant_id text DEFAULT 'first-tenant', public boolean);
CREATE POLICY only_public ON policy_types.own USING (public);
SELECT tenancy.attach('policy_types.own');
SELECT column_default FROM information_schema.columns
 WHERE table_schema = 'policy_types' AND table_name = 'own' AND column_name = 'tenant_id';
SELECT policyname, permissive FROM pg_policies
 WHERE schemaname = 'policy_types' AND tablename = 'own' ORDER BY 1;

RESET tenancy.auto_attach;
SET client_min_messages = warning;
DROP SCHEMA policy_types CASCADE;
DROP ROLE regress_types_app;
