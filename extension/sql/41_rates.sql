-- Rate limits: so much per interval, and a burst of it at once.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.check_rate_arguments(metric text, amount bigint, per interval, burst bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM tenancy.check_limit_arguments(metric, amount, 'total', false);
    IF amount < 1 OR amount > 1000000000000 OR burst < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid rate',
            DETAIL = format('The rate is %s, with a burst of %s.', amount, burst),
            HINT = 'Use NULL for unlimited, and tenancy.set_limit() with 0 for nothing at all; a rate is at most 1000000000000.';
    ELSIF (per BETWEEN interval '1 millisecond' AND interval '366 days') IS NOT TRUE
          OR extract(year FROM per) <> 0 OR extract(month FROM per) <> 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid interval of a rate',
            DETAIL = format('The interval is %s.', per),
            HINT = 'It is from 1 millisecond to 366 days; months differ in length, so use 30 days, or set_limit() for calendar months.';
    ELSIF burst::numeric * extract(epoch FROM per) * 1000000 > 2305843009213693951 THEN
        RAISE EXCEPTION USING ERRCODE = 'numeric_value_out_of_range', MESSAGE = 'the burst of a rate is too large',
            DETAIL = format('Burst %s times %s is more than 2305843009213693951 microseconds.', burst, per),
            HINT = 'Set a lower burst, or a shorter interval.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.check_rate_arguments(text, bigint, interval, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_rate_arguments(text, bigint, interval, bigint) IS
'Internal: raises the error of a bad rate.';

CREATE FUNCTION tenancy.set_rate_limit(plan text, metric text, amount bigint, per interval DEFAULT '1 second', burst bigint DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    at_once bigint := coalesce(burst, amount, 1);
BEGIN
    PERFORM tenancy.lock_plan(plan);
    PERFORM tenancy.check_rate_arguments(metric, amount, per, at_once);
    RETURN tenancy.write_plan_limit(ROW(plan, metric, 'rate', amount, false, per, at_once));
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_rate_limit(text, text, bigint, interval, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_rate_limit(text, text, bigint, interval, bigint) IS
'Sets how fast tenants of a plan may use a metric: an amount per interval (default a second), of which burst (default: the amount) may come at once; null = unlimited. What is used comes back evenly, amount by amount. A new rate takes effect at once and keeps what is left of the burst. What is rolled back has been requested all the same and does not come back. One rate a plan and metric; remove_limit(plan, metric, ''rate'') removes it. False if nothing changes. Errors: 42704 unknown plan or metric, 22023 amount or burst below 1, an interval with months, below 1 ms or above 366 days, 22003 a burst that is too large.';

CREATE FUNCTION tenancy.override_rate_limit(tenant text, metric text, amount bigint, per interval DEFAULT '1 second',
    burst bigint DEFAULT NULL, reason text DEFAULT NULL, until timestamptz DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    at_once bigint := coalesce(burst, amount, 1);
BEGIN
    PERFORM tenancy.check_rate_arguments(metric, amount, per, at_once);
    RETURN tenancy.write_tenant_limit(ROW(tenant, metric, 'rate', amount, reason, false, per, at_once, until));
END
$$;
REVOKE ALL ON FUNCTION tenancy.override_rate_limit(text, text, bigint, interval, bigint, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.override_rate_limit(text, text, bigint, interval, bigint, text, timestamptz) IS
'Gives one tenant a rate of its own in place of its plan''s, as set_rate_limit() and, with reason and end, override_limit(). False if nothing changes. Errors: 42704 unknown tenant or metric, 22023 and 22003 as set_rate_limit(), 22023 an end that is not in the future.';
