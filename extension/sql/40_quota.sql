-- ---------------------------------------------------------------------------------------------
-- Quota: metrics, the limits of plans, and what single tenants have instead.
-- ---------------------------------------------------------------------------------------------

CREATE TABLE tenancy.metrics (
    name text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_.]{0,62}$'),
    unit text,
    description text,
    created_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    aggregation text NOT NULL DEFAULT 'sum'
        CHECK (aggregation IN ('sum', 'count', 'max', 'last', 'unique', 'time_weighted')),
    attribute text CHECK ((aggregation = 'unique') = (attribute IS NOT NULL))
);
COMMENT ON TABLE tenancy.metrics IS 'What usage is counted in; amounts are whole numbers of the unit.';

CREATE TABLE tenancy.plan_limits (
    plan text COLLATE "C" NOT NULL,
    metric text COLLATE "C" NOT NULL,
    period text NOT NULL CHECK (period IN ('total', 'hour', 'day', 'week', 'month', 'year')),
    amount bigint CHECK (amount >= 0),
    PRIMARY KEY (plan, metric, period)
);
COMMENT ON TABLE tenancy.plan_limits IS 'The most a tenant of the plan may use in a period of its time zone; null = unlimited.';

CREATE TABLE tenancy.tenant_limits (
    tenant_id text COLLATE "C" NOT NULL,
    metric text COLLATE "C" NOT NULL,
    period text NOT NULL CHECK (period IN ('total', 'hour', 'day', 'week', 'month', 'year')),
    amount bigint CHECK (amount >= 0),
    reason text,
    PRIMARY KEY (tenant_id, metric, period)
);
COMMENT ON TABLE tenancy.tenant_limits IS 'Limits of single tenants, which replace their plan''s for the same metric and period; null = unlimited.';

REVOKE ALL ON tenancy.metrics, tenancy.plan_limits, tenancy.tenant_limits FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.metrics', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.plan_limits', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.tenant_limits', '');

CREATE TRIGGER tell_sessions AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenancy.metrics
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
ALTER TABLE tenancy.metrics ENABLE ALWAYS TRIGGER tell_sessions;
CREATE TRIGGER tell_sessions AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenancy.plan_limits
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
ALTER TABLE tenancy.plan_limits ENABLE ALWAYS TRIGGER tell_sessions;
CREATE TRIGGER tell_sessions AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenancy.tenant_limits
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
ALTER TABLE tenancy.tenant_limits ENABLE ALWAYS TRIGGER tell_sessions;

CREATE FUNCTION tenancy.create_metric(name text, unit text DEFAULT NULL, description text DEFAULT NULL, aggregation text DEFAULT NULL,
    attribute text DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made tenancy.metrics;
    present tenancy.metrics;
BEGIN
    IF create_metric.name IS NULL OR create_metric.name !~ '^[a-z][a-z0-9_.]{0,62}$' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid metric name',
            DETAIL = 'A metric name has 1 to 63 characters: lower-case ASCII letters, digits, _ and ., beginning with a letter.';
    ELSIF aggregation NOT IN ('sum', 'count', 'max', 'last', 'unique', 'time_weighted')
          OR (coalesce(aggregation, 'sum') = 'unique') <> (attribute IS NOT NULL) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid aggregation of a metric',
            HINT = 'It is sum, count, max, last, time_weighted, or unique with the name of an attribute.';
    END IF;
    INSERT INTO tenancy.metrics (name, unit, description, aggregation, attribute)
    VALUES (create_metric.name, create_metric.unit, create_metric.description, coalesce(create_metric.aggregation, 'sum'), create_metric.attribute)
    ON CONFLICT DO NOTHING RETURNING * INTO made;
    IF made.name IS NOT NULL THEN
        PERFORM tenancy.write_audit('create_metric', made.name, NULL, to_jsonb(made));
        RETURN true;
    END IF;
    SELECT * INTO present FROM tenancy.metrics m WHERE m.name = create_metric.name;
    IF create_metric.unit IS DISTINCT FROM coalesce(present.unit, create_metric.unit)
       AND create_metric.unit IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
            MESSAGE = format('metric "%s" already exists with another unit', create_metric.name),
            DETAIL = format('It is counted in "%s".', present.unit);
    ELSIF create_metric.aggregation <> present.aggregation OR create_metric.attribute <> present.attribute THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
            MESSAGE = format('metric "%s" already exists with another aggregation', create_metric.name),
            DETAIL = format('It is %s.', concat_ws(' of ', present.aggregation, present.attribute));
    END IF;
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION tenancy.create_metric(text, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.create_metric(text, text, text, text, text) IS
'Makes a metric; true if it is new, false if it was there. Usage is counted in whole numbers of the unit. What invoices bill of it is its aggregation: sum (default), count, max or last of the amounts, unique values of an attribute, or time_weighted (amounts are levels; unit hours). Errors: 22023 bad name or aggregation, 42710 exists with another unit or aggregation.';

CREATE FUNCTION tenancy.check_limit_arguments(metric text, amount bigint, period text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.metrics m WHERE m.name = check_limit_arguments.metric) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('metric "%s" does not exist', check_limit_arguments.metric),
            HINT = 'Create it with tenancy.create_metric().';
    END IF;
    IF amount < 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a limit must not be negative', DETAIL = format('The limit is %s.', amount),
            HINT = 'Use NULL for unlimited and 0 for nothing at all.';
    END IF;
    IF period IS NULL OR period NOT IN ('total', 'hour', 'day', 'week', 'month', 'year') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('unknown limit period "%s"', period),
            HINT = 'Periods are total, hour, day, week, month and year.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.check_limit_arguments(text, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_limit_arguments(text, bigint, text) IS
'Internal: raises the error of a bad limit.';

CREATE FUNCTION tenancy.set_limit(plan text, metric text, amount bigint, period text DEFAULT 'month')
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row tenancy.plan_limits;
    new_row tenancy.plan_limits;
BEGIN
    PERFORM FROM tenancy.plans p WHERE p.id = set_limit.plan FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('plan "%s" does not exist', set_limit.plan),
            HINT = 'Create it with tenancy.create_plan().';
    END IF;
    PERFORM tenancy.check_limit_arguments(metric, amount, period);
    SELECT * INTO old_row FROM tenancy.plan_limits l
    WHERE l.plan = set_limit.plan AND l.metric = set_limit.metric AND l.period = set_limit.period;
    IF FOUND AND old_row.amount IS NOT DISTINCT FROM set_limit.amount THEN
        RETURN false;
    END IF;
    INSERT INTO tenancy.plan_limits AS l (plan, metric, period, amount)
    VALUES (set_limit.plan, set_limit.metric, set_limit.period, set_limit.amount)
    ON CONFLICT ON CONSTRAINT plan_limits_pkey DO UPDATE SET amount = excluded.amount
    RETURNING * INTO new_row;
    PERFORM tenancy.write_audit('set_limit', plan || '/' || metric || '/' || period,
        CASE WHEN old_row.plan IS NOT NULL THEN to_jsonb(old_row) END, to_jsonb(new_row));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_limit(text, text, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_limit(text, text, bigint, text) IS
'Sets what tenants of a plan may use of a metric in a period (total, hour, day, week, month, year; default month, in the tenant''s time zone); null = unlimited. A limit below present use refuses further use and takes nothing back. False if nothing changes. Errors: 42704 unknown plan or metric, 22023 negative limit or unknown period.';

CREATE FUNCTION tenancy.override_limit(tenant text, metric text, amount bigint,
    period text DEFAULT 'month', reason text DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant_key text;
    old_row tenancy.tenant_limits;
    new_row tenancy.tenant_limits;
BEGIN
    SELECT t.id INTO tenant_key FROM tenancy.tenants t
    WHERE lower(t.id) = lower(override_limit.tenant) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('tenant "%s" does not exist', override_limit.tenant),
            HINT = 'Check the spelling, or create it with tenancy.create_tenant().';
    END IF;
    PERFORM tenancy.check_limit_arguments(metric, amount, period);
    SELECT * INTO old_row FROM tenancy.tenant_limits l
    WHERE l.tenant_id = tenant_key AND l.metric = override_limit.metric AND l.period = override_limit.period;
    IF FOUND AND old_row.amount IS NOT DISTINCT FROM override_limit.amount
       AND old_row.reason IS NOT DISTINCT FROM coalesce(override_limit.reason, old_row.reason) THEN
        RETURN false;
    END IF;
    INSERT INTO tenancy.tenant_limits AS l (tenant_id, metric, period, amount, reason)
    VALUES (tenant_key, override_limit.metric, override_limit.period, override_limit.amount, override_limit.reason)
    ON CONFLICT ON CONSTRAINT tenant_limits_pkey DO UPDATE SET amount = excluded.amount, reason = excluded.reason
    RETURNING * INTO new_row;
    PERFORM tenancy.write_audit('override_limit', tenant_key || '/' || metric || '/' || period,
        CASE WHEN old_row.tenant_id IS NOT NULL THEN to_jsonb(old_row) END, to_jsonb(new_row));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.override_limit(text, text, bigint, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.override_limit(text, text, bigint, text, text) IS
'Gives one tenant a limit of its own in place of its plan''s for the same metric and period; null = unlimited. False if nothing changes. Errors: 42704 unknown tenant or metric, 22023 negative limit or unknown period.';

CREATE FUNCTION tenancy.remove_limit(plan text, metric text, period text DEFAULT 'month') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row tenancy.plan_limits;
BEGIN
    DELETE FROM tenancy.plan_limits l
    WHERE l.plan = remove_limit.plan AND l.metric = remove_limit.metric AND l.period = remove_limit.period
    RETURNING * INTO old_row;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('remove_limit', plan || '/' || metric || '/' || period, to_jsonb(old_row), NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.remove_limit(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.remove_limit(text, text, text) IS
'Removes a plan''s limit; false if there was none.';

CREATE FUNCTION tenancy.remove_override(tenant text, metric text, period text DEFAULT 'month') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row tenancy.tenant_limits;
BEGIN
    DELETE FROM tenancy.tenant_limits l
    WHERE lower(l.tenant_id) = lower(remove_override.tenant) AND l.metric = remove_override.metric
      AND l.period = remove_override.period
    RETURNING * INTO old_row;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('remove_override', old_row.tenant_id || '/' || metric || '/' || period,
        to_jsonb(old_row), NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.remove_override(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.remove_override(text, text, text) IS
'Removes a tenant''s own limit, so that its plan''s applies again; false if there was none.';

