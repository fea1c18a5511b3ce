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
    period text NOT NULL CHECK (period IN ('total', 'hour', 'day', 'week', 'month', 'year', 'concurrency', 'rate')),
    amount bigint CHECK (amount >= 0),
    soft boolean NOT NULL DEFAULT false CHECK (NOT soft OR period NOT IN ('concurrency', 'rate')),
    per interval CHECK ((per IS NOT NULL) = (period = 'rate')),
    burst bigint CHECK ((burst IS NOT NULL) = (period = 'rate')),
    PRIMARY KEY (plan, metric, period)
);
COMMENT ON TABLE tenancy.plan_limits IS 'The most a tenant of the plan may use in a period of its time zone, hold at a time (concurrency), or use per interval (rate, burst of it at once); null = unlimited. Soft limits let pass what they are exceeded by.';

CREATE TABLE tenancy.tenant_limits (
    tenant_id text COLLATE "C" NOT NULL,
    metric text COLLATE "C" NOT NULL,
    period text NOT NULL CHECK (period IN ('total', 'hour', 'day', 'week', 'month', 'year', 'concurrency', 'rate')),
    amount bigint CHECK (amount >= 0),
    reason text,
    soft boolean NOT NULL DEFAULT false CHECK (NOT soft OR period NOT IN ('concurrency', 'rate')),
    per interval CHECK ((per IS NOT NULL) = (period = 'rate')),
    burst bigint CHECK ((burst IS NOT NULL) = (period = 'rate')),
    until timestamptz,
    PRIMARY KEY (tenant_id, metric, period)
);
COMMENT ON TABLE tenancy.tenant_limits IS 'Limits of single tenants, which replace their plan''s for the same metric and period, until they expire; null = unlimited, or never.';

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

CREATE FUNCTION tenancy.check_limit_arguments(metric text, amount bigint, period text, soft boolean) RETURNS void
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
    IF period = 'rate' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'a rate needs an interval',
            HINT = 'Use tenancy.set_rate_limit() or tenancy.override_rate_limit().';
    ELSIF period IS NULL OR period NOT IN ('total', 'hour', 'day', 'week', 'month', 'year', 'concurrency') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('unknown limit period "%s"', period),
            HINT = 'Periods are total, hour, day, week, month, year and concurrency.';
    ELSIF soft IS NULL OR soft AND period = 'concurrency' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a limit of concurrency cannot be soft', HINT = 'Only limits of total and calendar periods can.';
    ELSIF period <> 'total' AND tenancy.is_metric_of_rows(metric) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('metric "%s" counts rows, which have a total only', metric), HINT = 'Use the period total.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.check_limit_arguments(text, bigint, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_limit_arguments(text, bigint, text, boolean) IS
'Internal: raises the error of a bad limit.';

CREATE FUNCTION tenancy.lock_plan(plan text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM tenancy.plans p WHERE p.id = lock_plan.plan FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('plan "%s" does not exist', lock_plan.plan),
            HINT = 'Create it with tenancy.create_plan().';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.lock_plan(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.lock_plan(text) IS
'Internal: one change of a plan''s limits at a time; an error when there is no such plan.';

CREATE FUNCTION tenancy.write_plan_limit(new_row tenancy.plan_limits) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row tenancy.plan_limits;
BEGIN
    SELECT * INTO old_row FROM tenancy.plan_limits l
    WHERE l.plan = new_row.plan AND l.metric = new_row.metric AND l.period = new_row.period;
    IF old_row IS NOT DISTINCT FROM new_row THEN
        RETURN false;
    END IF;
    INSERT INTO tenancy.plan_limits AS l SELECT new_row.*
    ON CONFLICT ON CONSTRAINT plan_limits_pkey DO UPDATE SET amount = excluded.amount, soft = excluded.soft,
        per = excluded.per, burst = excluded.burst;
    PERFORM tenancy.write_audit('set_limit', new_row.plan || '/' || new_row.metric || '/' || new_row.period,
        CASE WHEN old_row.plan IS NOT NULL THEN to_jsonb(old_row) END, to_jsonb(new_row));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.write_plan_limit(tenancy.plan_limits) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.write_plan_limit(tenancy.plan_limits) IS
'Internal: writes a plan''s limit and the audit; false if it is there already.';

CREATE FUNCTION tenancy.write_tenant_limit(new_row tenancy.tenant_limits) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant_key text;
    old_row tenancy.tenant_limits;
BEGIN
    SELECT t.id INTO tenant_key FROM tenancy.tenants t
    WHERE lower(t.id) = lower(new_row.tenant_id) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('tenant "%s" does not exist', new_row.tenant_id),
            HINT = 'Check the spelling, or create it with tenancy.create_tenant().';
    END IF;
    IF new_row.until <= tenancy.clock_time() THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'an override must end in the future', DETAIL = format('It would end at %s.', new_row.until);
    END IF;
    new_row.tenant_id := tenant_key;
    SELECT * INTO old_row FROM tenancy.tenant_limits l
    WHERE l.tenant_id = tenant_key AND l.metric = new_row.metric AND l.period = new_row.period;
    -- An override of the same limit keeps its reason.
    new_row.reason := coalesce(new_row.reason, CASE WHEN old_row.amount IS NOT DISTINCT FROM new_row.amount THEN old_row.reason END);
    IF old_row IS NOT DISTINCT FROM new_row THEN
        RETURN false;
    END IF;
    INSERT INTO tenancy.tenant_limits AS l SELECT new_row.*
    ON CONFLICT ON CONSTRAINT tenant_limits_pkey DO UPDATE SET amount = excluded.amount, reason = excluded.reason,
        soft = excluded.soft, per = excluded.per, burst = excluded.burst, until = excluded.until;
    PERFORM tenancy.write_audit('override_limit', tenant_key || '/' || new_row.metric || '/' || new_row.period,
        CASE WHEN old_row.tenant_id IS NOT NULL THEN to_jsonb(old_row) END, to_jsonb(new_row));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.write_tenant_limit(tenancy.tenant_limits) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.write_tenant_limit(tenancy.tenant_limits) IS
'Internal: writes a tenant''s own limit and the audit; false if it is there already.';

CREATE FUNCTION tenancy.set_limit(plan text, metric text, amount bigint, period text DEFAULT 'month', soft boolean DEFAULT false)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM tenancy.lock_plan(plan);
    PERFORM tenancy.check_limit_arguments(metric, amount, period, soft);
    RETURN tenancy.write_plan_limit(ROW(plan, metric, period, amount, soft, NULL, NULL));
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_limit(text, text, bigint, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_limit(text, text, bigint, text, boolean) IS
'Sets what tenants of a plan may use of a metric in a period (total, hour, day, week, month, year; default month, in the tenant''s time zone), or hold at a time (concurrency); null = unlimited. A limit below present use refuses further use and takes nothing back. A soft one refuses nothing: tenancy.overages shows what it was exceeded by. False if nothing changes. Errors: 42704 unknown plan or metric, 22023 negative limit, unknown period, or soft concurrency.';

CREATE FUNCTION tenancy.override_limit(tenant text, metric text, amount bigint,
    period text DEFAULT 'month', reason text DEFAULT NULL, until timestamptz DEFAULT NULL, soft boolean DEFAULT false)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM tenancy.check_limit_arguments(metric, amount, period, soft);
    RETURN tenancy.write_tenant_limit(ROW(tenant, metric, period, amount, reason, soft, NULL, NULL, until));
END
$$;
REVOKE ALL ON FUNCTION tenancy.override_limit(text, text, bigint, text, text, timestamptz, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.override_limit(text, text, bigint, text, text, timestamptz, boolean) IS
'Gives one tenant a limit of its own in place of its plan''s for the same metric and period; null = unlimited. It holds until the given time, to the moment (default: for good), after which the plan''s holds again. Soft as in set_limit(). False if nothing changes. Errors: 42704 unknown tenant or metric, 22023 negative limit, unknown period, soft concurrency, or an end that is not in the future.';

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

