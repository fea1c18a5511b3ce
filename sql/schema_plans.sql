-- One session, several tenants: nothing planned or opened for one is used for another.
\set SHOW_CONTEXT never
\set VERBOSITY terse
CREATE SCHEMA sl_app;
CREATE TABLE sl_app.me (name text);
CREATE FUNCTION sl_app.of_copy() RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT name FROM me); END$$;
SELECT tenancy.set_template_schema('sl_app');
SELECT count(*) FROM tenancy.create_tenants('[{"id": "sl_a", "isolation": "schema"}, {"id": "sl_b", "isolation": "schema"}]');
INSERT INTO tenant_sl_a.me VALUES ('a');
INSERT INTO tenant_sl_b.me VALUES ('b');
CREATE FUNCTION sl_plpgsql() RETURNS text LANGUAGE plpgsql AS $$BEGIN RETURN (SELECT name FROM me); END$$;
CREATE FUNCTION sl_wrapped(OUT name text) LANGUAGE plpgsql AS $$BEGIN EXECUTE 'SELECT m.name FROM me m' INTO STRICT name; END$$;
CREATE FUNCTION sl_sql() RETURNS text LANGUAGE sql AS 'SELECT name FROM public.sl_wrapped()';
SET plan_cache_mode = force_generic_plan;
SET tenancy.tenant_id = 'sl_a';
PREPARE q AS SELECT name, current_schema() FROM me;
EXECUTE q; EXECUTE q;
SELECT sl_plpgsql(), sl_sql(), of_copy();
SET tenancy.tenant_id = 'sl_b';
EXECUTE q;
SELECT sl_plpgsql(), sl_sql(), of_copy();
SET tenancy.tenant_id = 'sl_a';
EXECUTE q;
SELECT sl_plpgsql(), sl_sql(), of_copy();
RESET tenancy.tenant_id;
EXECUTE q;
SELECT sl_plpgsql();
-- within one function
CREATE FUNCTION sl_both() RETURNS text LANGUAGE plpgsql AS $$
DECLARE result text := '';
BEGIN
    PERFORM set_config('tenancy.tenant_id', 'sl_a', true);
    result := result || (SELECT name FROM me);
    PERFORM tenancy.set_tenant('sl_b', true);
    result := result || (SELECT name FROM me);
    SET LOCAL tenancy.tenant_id = 'sl_a';
    result := result || (SELECT name FROM me);
    RETURN result;
END
$$;
SELECT sl_both();
SELECT sl_both();
-- a cursor that is held keeps the rows of its tenant, for its tenant
SET tenancy.tenant_id = 'sl_a';
DECLARE held CURSOR WITH HOLD FOR SELECT name FROM me;
SET tenancy.tenant_id = 'sl_b';
FETCH held;
SET tenancy.tenant_id = 'sl_a';
FETCH held;
CLOSE held;
RESET ALL;
SET client_min_messages = error;
SELECT count(*) FROM (SELECT tenancy.close_tenant(tenant), tenancy.drop_tenant_schema(tenant, tenant) FROM tenancy.tenant_schemas WHERE tenant IS NOT NULL) gone;
SELECT tenancy.set_template_schema(NULL);
DROP SCHEMA sl_app CASCADE;
DROP FUNCTION sl_plpgsql, sl_sql, sl_wrapped, sl_both;
DELETE FROM tenancy.tenants WHERE id LIKE 'sl\_%';
