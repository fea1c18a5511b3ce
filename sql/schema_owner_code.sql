-- Code of who owns what is in the template leaves nothing behind that runs later with the rights of who makes tenants.
\set SHOW_CONTEXT never
CREATE ROLE regress_so_owner;
CREATE SCHEMA so_code AUTHORIZATION regress_so_owner;
CREATE SCHEMA so_app AUTHORIZATION regress_so_owner;
SET ROLE regress_so_owner;
CREATE TABLE so_code.ran (role name);
CREATE TABLE so_code.trap (n int);
CREATE FUNCTION so_code.fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO so_code.ran VALUES (current_user); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER fire AFTER INSERT ON so_code.trap INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION so_code.fire();
CREATE FUNCTION so_code.run() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('work_mem', '99MB', false);
    BEGIN
        INSERT INTO so_code.trap VALUES (1);
    EXCEPTION WHEN insufficient_privilege OR raise_exception OR internal_error THEN
        NULL;
    END;
END $$;
-- Folded while the constraint is made.
CREATE FUNCTION so_code.one(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM so_code.run(); RETURN $1; END $$;
CREATE TABLE so_app.notes (id int CHECK (id > so_code.one(1)));
RESET ROLE;
RESET work_mem;
TRUNCATE so_code.ran;
SELECT tenancy.set_template_schema('so_app');
SELECT tenancy.create_tenant('so_a', isolation => 'schema');
SELECT * FROM so_code.ran WHERE role <> 'regress_so_owner';
SHOW work_mem;

SET client_min_messages = error;
SELECT count(*) FROM (SELECT tenancy.close_tenant(tenant), tenancy.drop_tenant_schema(tenant, tenant) FROM tenancy.tenant_schemas WHERE tenant IS NOT NULL) gone;
SELECT tenancy.set_template_schema(NULL);
DROP SCHEMA so_app, so_code CASCADE;
DELETE FROM tenancy.tenants WHERE id = 'so_a';
DROP ROLE regress_so_owner;
