-- A schema of the tenant's own is reached by whoever may be the tenant: with a token, pinned, bound.
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE ROLE regress_st_app;
CREATE SCHEMA st_app;
CREATE TABLE st_app.notes (body text);
GRANT USAGE ON SCHEMA st_app TO regress_st_app;
GRANT ALL ON st_app.notes TO regress_st_app;
SELECT tenancy.set_template_schema('st_app');
SELECT count(*) FROM tenancy.create_tenants('[{"id": "st_a", "isolation": "schema"}, {"id": "st_b", "isolation": "schema"}]');
INSERT INTO tenant_st_a.notes VALUES ('of a');
INSERT INTO tenant_st_b.notes VALUES ('of b');
SELECT tenancy.add_token_key('st', 'HS256', 'a secret of some 32 bytes, or more');
SELECT tenancy.make_token('st_a') AS token_a, tenancy.make_token('st_b') AS token_b \gset
-- tokens only
SET tenancy.context = 'token';
SET ROLE regress_st_app;
SET tenancy.tenant_id = 'st_b';
SELECT current_schemas(false);
SET tenancy.token = :'token_a';
SELECT current_schemas(false), body FROM notes;
SELECT body FROM tenant_st_b.notes;
BEGIN;
SET LOCAL tenancy.token = :'token_b';
SELECT body FROM notes;
ROLLBACK;
SELECT body FROM notes;
RESET tenancy.token;
SELECT current_schemas(false);
SELECT body FROM tenant_st_a.notes;
RESET ROLE;
RESET tenancy.context;
-- bound
SELECT tenancy.bind_role('regress_st_app', 'st_a');
SET ROLE regress_st_app;
SET tenancy.tenant_id = 'st_b';
SELECT body FROM notes;
SELECT body FROM tenant_st_b.notes;
SELECT count(*) FROM tenant_st_a.notes;
SET tenancy.tenant_id = 'st_a';
SELECT body FROM notes;
RESET ROLE;
SELECT tenancy.unbind_role('regress_st_app');
-- pinned
SET ROLE regress_st_app;
SELECT tenancy.set_tenant('st_a', pin => true);
SET tenancy.tenant_id = 'st_b';
SET tenancy.token = :'token_b';
SELECT current_schemas(false), body FROM notes;
DISCARD ALL;
SELECT current_schemas(false);
SET tenancy.tenant_id = 'st_b';
SELECT current_schemas(false);
\c
\set VERBOSITY terse
SET client_min_messages = error;
DELETE FROM tenancy.token_secrets;
SELECT count(*) FROM (SELECT tenancy.close_tenant(tenant), tenancy.drop_tenant_schema(tenant, tenant) FROM tenancy.tenant_schemas WHERE tenant IS NOT NULL) gone;
SELECT tenancy.set_template_schema(NULL);
DROP SCHEMA st_app CASCADE;
DELETE FROM tenancy.tenants WHERE id LIKE 'st\_%';
DROP ROLE regress_st_app;
