-- check() and schema_drift() tell in what a tenant's schema is not what the template is.
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE ROLE regress_sk_app;
CREATE ROLE regress_sk_owner;
CREATE SCHEMA sk_app;
CREATE TABLE sk_app.notes (id int PRIMARY KEY, body text, at date DEFAULT current_date);
CREATE TABLE sk_app.tags (id int PRIMARY KEY);
CREATE INDEX notes_body ON sk_app.notes (body);
GRANT SELECT ON sk_app.notes TO regress_sk_app;
SELECT tenancy.set_template_schema('sk_app');
SELECT count(*) FROM tenancy.create_tenants('[{"id": "sk_a", "isolation": "schema"}, {"id": "sk_b", "isolation": "schema"}, {"id": "sk_c", "isolation": "schema"}]');
SELECT name, level, object, detail, remediation FROM tenancy.check() WHERE name LIKE '%schema%' OR name LIKE 'template%' OR object LIKE '%sk\_%';
ALTER TABLE tenant_sk_a.notes DROP COLUMN at, ADD extra int, ALTER body SET DEFAULT 'x', ADD CHECK (id > 0);
DROP INDEX tenant_sk_a.notes_body;
DROP TABLE tenant_sk_a.tags;
CREATE TABLE tenant_sk_a.own (id int);
REVOKE SELECT ON tenant_sk_a.notes FROM regress_sk_app;
ALTER TABLE tenant_sk_b.tags OWNER TO regress_sk_owner;
DROP SCHEMA tenant_sk_c CASCADE;
GRANT CREATE ON SCHEMA sk_app TO regress_sk_app;
-- from 18 on NOT NULL is a constraint, and 17 has one more privilege to grant
SELECT tenant_id, kind, object, difference, CASE WHEN kind <> 'grants' THEN expected END AS expected, CASE WHEN kind <> 'grants' THEN found END AS found
FROM tenancy.schema_drift('SK_A') WHERE object NOT LIKE '%not_null%' AND object NOT LIKE 'notes.id';
SELECT tenant_id, kind, object, difference, expected = current_user AS is_mine, found FROM tenancy.schema_drift('sk_b') WHERE difference = 'owner' AND kind IN ('table', 'column');
SELECT name, level, object, remediation FROM tenancy.check() WHERE name LIKE '%schema%' OR name LIKE 'template%' OR object LIKE '%sk\_%';
-- what is missing is mended with the statement given
SELECT repair FROM tenancy.schema_drift('sk_a') WHERE kind = 'index' \gset
BEGIN; :repair; COMMIT;
SELECT count(*) FROM tenancy.schema_drift('sk_a') WHERE kind = 'index';
SET tenancy.tenant_id = 'sk_a';
SELECT * FROM tenancy.schema_drift();
RESET tenancy.tenant_id;
DELETE FROM tenancy.tenants WHERE id = 'sk_b';
SELECT name, object, detail FROM tenancy.check() WHERE name = 'schema_without_tenant';
INSERT INTO tenancy.tenants (id, name, status) VALUES ('sk_b', 'sk_b', 'closed');
SET client_min_messages = error;
SELECT count(*) FROM (SELECT tenancy.close_tenant(tenant), tenancy.drop_tenant_schema(tenant, tenant) FROM tenancy.tenant_schemas WHERE tenant IS NOT NULL) gone;
SELECT tenancy.set_template_schema(NULL);
DROP SCHEMA sk_app CASCADE;
DELETE FROM tenancy.tenants WHERE id LIKE 'sk\_%';
DROP ROLE regress_sk_app, regress_sk_owner;
