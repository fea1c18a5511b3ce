-- A foreign key's cascade runs with the owner's row security lifted: what triggers do in it stays in the tenant's schema.
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE ROLE regress_sd_app;
CREATE SCHEMA sd_app;
CREATE TABLE sd_app.docs (id int PRIMARY KEY, body text);
CREATE TABLE sd_app.pages (doc int REFERENCES sd_app.docs ON DELETE CASCADE, page int);
GRANT USAGE ON SCHEMA sd_app TO regress_sd_app;
GRANT ALL ON ALL TABLES IN SCHEMA sd_app TO regress_sd_app;
SELECT tenancy.set_template_schema('sd_app');
SELECT count(*) FROM tenancy.create_tenants('[{"id": "sd_a", "isolation": "schema"}, {"id": "sd_b", "isolation": "schema"}]');
INSERT INTO tenant_sd_b.docs VALUES (1, 'of b');
INSERT INTO tenant_sd_a.docs VALUES (1, 'of a'), (2, 'of a');
INSERT INTO tenant_sd_a.pages VALUES (1, 1), (2, 1);
CREATE FUNCTION sd_spy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'own: %', (SELECT string_agg(body, ',') FROM tenant_sd_a.docs);
    BEGIN
        RAISE NOTICE 'leak: %', (SELECT string_agg(body, ',') FROM tenant_sd_b.docs);
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE '%', SQLERRM;
    END;
    BEGIN
        DELETE FROM tenant_sd_b.docs;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE NOTICE '%', SQLERRM;
    END;
    RETURN OLD;
END $$;
CREATE TRIGGER spy BEFORE DELETE ON tenant_sd_a.pages FOR EACH ROW EXECUTE FUNCTION sd_spy();
SET ROLE regress_sd_app;
SET tenancy.tenant_id = 'sd_a';
DELETE FROM docs WHERE id = 1;
SELECT count(*) FROM pages;
RESET tenancy.tenant_id;
RESET ROLE;
SELECT count(*) FROM tenant_sd_b.docs;
-- The foreign key itself sees all tenants: a row they share.
CREATE TABLE sd_shared (id int PRIMARY KEY);
GRANT ALL ON sd_shared TO regress_sd_app;
INSERT INTO sd_shared VALUES (1), (2);
ALTER TABLE tenant_sd_b.docs ADD FOREIGN KEY (id) REFERENCES sd_shared ON DELETE CASCADE;
SET ROLE regress_sd_app;
SET tenancy.tenant_id = 'sd_a';
DELETE FROM sd_shared;
RESET tenancy.tenant_id;
RESET ROLE;
SELECT count(*) FROM tenant_sd_b.docs;

SET client_min_messages = error;
SELECT count(*) FROM (SELECT tenancy.close_tenant(tenant), tenancy.drop_tenant_schema(tenant, tenant) FROM tenancy.tenant_schemas WHERE tenant IS NOT NULL) gone;
SELECT tenancy.set_template_schema(NULL);
DROP SCHEMA sd_app CASCADE;
DELETE FROM tenancy.tenants WHERE id LIKE 'sd\_%';
DROP TABLE sd_shared;
DROP FUNCTION sd_spy;
DROP ROLE regress_sd_app;
