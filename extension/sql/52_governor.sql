-- ---------------------------------------------------------------------------------------------
-- Statement governor: settings that hold while a tenant is set, by plan and by tenant.
-- ---------------------------------------------------------------------------------------------

CREATE TABLE tenancy.plan_settings (
    plan text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (plan, name)
);
COMMENT ON TABLE tenancy.plan_settings IS 'Settings of the server that hold while a tenant of the plan is set.';

CREATE TABLE tenancy.tenant_settings (
    tenant_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value text NOT NULL,
    until timestamptz,
    reason text,
    PRIMARY KEY (tenant_id, name)
);
COMMENT ON TABLE tenancy.tenant_settings IS
'Settings of single tenants, which replace their plan''s of the same name until the given time (null = for good).';

REVOKE ALL ON tenancy.plan_settings, tenancy.tenant_settings FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.plan_settings', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.tenant_settings', '');

CREATE TRIGGER tell_sessions AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenancy.plan_settings
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
ALTER TABLE tenancy.plan_settings ENABLE ALWAYS TRIGGER tell_sessions;
CREATE TRIGGER tell_sessions AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenancy.tenant_settings
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
ALTER TABLE tenancy.tenant_settings ENABLE ALWAYS TRIGGER tell_sessions;

CREATE FUNCTION tenancy.check_setting(name text, value text) RETURNS text
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'tenancy_check_setting';
REVOKE ALL ON FUNCTION tenancy.check_setting(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_setting(text, text) IS
'Internal: the setting''s name as the server spells it, or the error of one that cannot be governed or of a bad value.';

CREATE FUNCTION tenancy.set_plan_setting(plan text, name text, value text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    setting text := tenancy.check_setting(name, value);
    old_row tenancy.plan_settings;
    new_row tenancy.plan_settings;
BEGIN
    PERFORM FROM tenancy.plans p WHERE p.id = set_plan_setting.plan FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('plan "%s" does not exist', set_plan_setting.plan),
            HINT = 'Create it with tenancy.create_plan().';
    END IF;
    SELECT * INTO old_row FROM tenancy.plan_settings s WHERE s.plan = set_plan_setting.plan AND s.name = setting;
    IF FOUND AND old_row.value = set_plan_setting.value THEN
        RETURN false;
    END IF;
    INSERT INTO tenancy.plan_settings AS s (plan, name, value)
    VALUES (set_plan_setting.plan, setting, set_plan_setting.value)
    ON CONFLICT ON CONSTRAINT plan_settings_pkey DO UPDATE SET value = excluded.value
    RETURNING * INTO new_row;
    PERFORM tenancy.write_audit('set_plan_setting', plan || '/' || setting,
        CASE WHEN old_row.plan IS NOT NULL THEN to_jsonb(old_row) END, to_jsonb(new_row));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_plan_setting(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_plan_setting(text, text, text) IS
'Sets a setting of the server that holds while a tenant of the plan is set, whatever the session sets: timeouts, memory, temporary files and parallel workers as the most, others as the value. False if nothing changes. Errors: 42704 unknown plan or setting, 0A000 a setting that cannot be governed, 42501 the caller may not set it, 22023 bad value.';

CREATE FUNCTION tenancy.set_tenant_setting(tenant text, name text, value text, until timestamptz DEFAULT NULL,
    reason text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    setting text := tenancy.check_setting(name, value);
    tenant_key text;
    old_row tenancy.tenant_settings;
    new_row tenancy.tenant_settings;
BEGIN
    SELECT t.id INTO tenant_key FROM tenancy.tenants t
    WHERE lower(t.id) = lower(set_tenant_setting.tenant) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('tenant "%s" does not exist', set_tenant_setting.tenant),
            HINT = 'Check the spelling, or create it with tenancy.create_tenant().';
    ELSIF until <= tenancy.clock_time() THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the end of a setting must lie ahead',
            DETAIL = format('It would end at %s.', until);
    END IF;
    SELECT * INTO old_row FROM tenancy.tenant_settings s WHERE s.tenant_id = tenant_key AND s.name = setting;
    IF FOUND AND (old_row.value, old_row.until) IS NOT DISTINCT FROM (set_tenant_setting.value, set_tenant_setting.until)
       AND old_row.reason IS NOT DISTINCT FROM coalesce(set_tenant_setting.reason, old_row.reason) THEN
        RETURN false;
    END IF;
    INSERT INTO tenancy.tenant_settings AS s (tenant_id, name, value, until, reason)
    VALUES (tenant_key, setting, set_tenant_setting.value, set_tenant_setting.until, set_tenant_setting.reason)
    ON CONFLICT ON CONSTRAINT tenant_settings_pkey DO UPDATE
        SET value = excluded.value, until = excluded.until, reason = excluded.reason
    RETURNING * INTO new_row;
    PERFORM tenancy.write_audit('set_tenant_setting', tenant_key || '/' || setting,
        CASE WHEN old_row.tenant_id IS NOT NULL THEN to_jsonb(old_row) END, to_jsonb(new_row));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_tenant_setting(text, text, text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_tenant_setting(text, text, text, timestamptz, text) IS
'Gives one tenant a setting in place of its plan''s, until a time or (null) for good. False if nothing changes. Errors: 42704 unknown tenant or setting, 0A000 a setting that cannot be governed, 42501 the caller may not set it, 22023 bad value or a time that has passed.';

CREATE FUNCTION tenancy.remove_plan_setting(plan text, name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row tenancy.plan_settings;
BEGIN
    DELETE FROM tenancy.plan_settings s
    WHERE s.plan = remove_plan_setting.plan AND lower(s.name) = lower(remove_plan_setting.name)
    RETURNING * INTO old_row;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('remove_plan_setting', old_row.plan || '/' || old_row.name, to_jsonb(old_row), NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.remove_plan_setting(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.remove_plan_setting(text, text) IS
'Removes a plan''s setting; false if there was none.';

CREATE FUNCTION tenancy.remove_tenant_setting(tenant text, name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row tenancy.tenant_settings;
BEGIN
    DELETE FROM tenancy.tenant_settings s
    WHERE lower(s.tenant_id) = lower(remove_tenant_setting.tenant) AND lower(s.name) = lower(remove_tenant_setting.name)
    RETURNING * INTO old_row;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('remove_tenant_setting', old_row.tenant_id || '/' || old_row.name, to_jsonb(old_row), NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.remove_tenant_setting(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.remove_tenant_setting(text, text) IS
'Removes a tenant''s own setting, so that its plan''s applies again; false if there was none.';

CREATE FUNCTION tenancy.explain_settings(tenant text, OUT name text, OUT value text, OUT source text, OUT until timestamptz,
    OUT reason text) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
SELECT coalesce(own.name, s.name), coalesce(own.value, s.value),
       CASE WHEN own.name IS NOT NULL THEN 'tenant' ELSE 'plan ' || s.plan END, own.until, own.reason
FROM (SELECT * FROM tenancy.tenants WHERE lower(id) = lower(explain_settings.tenant)) t
JOIN tenancy.plan_settings s ON s.plan = t.plan
FULL JOIN (SELECT o.* FROM tenancy.tenant_settings o
           WHERE lower(o.tenant_id) = lower(explain_settings.tenant)
             AND coalesce(o.until > tenancy.clock_time(), true)) own ON own.name = s.name
ORDER BY 1
$$;
REVOKE ALL ON FUNCTION tenancy.explain_settings(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.explain_settings(text) IS
'Which settings hold while the tenant is set, and where each comes from: tenant (set_tenant_setting(), with its end and reason) or its plan.';

CREATE FUNCTION tenancy.stat_runaways(OUT noted_at timestamptz, OUT tenant_id text, OUT role name, OUT pid integer,
    OUT action text, OUT dry_run boolean, OUT measure text, OUT elapsed_ms double precision,
    OUT cpu_ms double precision, OUT row_count bigint, OUT blocks bigint, OUT query text) RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'tenancy_stat_runaways';
REVOKE ALL ON FUNCTION tenancy.stat_runaways() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.stat_runaways() IS
'The rows of tenancy.runaway_statements. Error: 55000 not preloaded.';

CREATE VIEW tenancy.runaway_statements AS
SELECT noted_at, tenant_id, role, pid, action, dry_run, measure, elapsed_ms, cpu_ms, row_count, blocks, query
FROM tenancy.stat_runaways();
COMMENT ON VIEW tenancy.runaway_statements IS
'The last 1,000 statements of this server''s present run that a runaway rule applied to, in this database: what was done (note, cool_down, cancel; not done where dry_run), by which measure, and the first 255 bytes of the text. Needs the library in shared_preload_libraries (55000).';
REVOKE ALL ON tenancy.runaway_statements FROM PUBLIC;
