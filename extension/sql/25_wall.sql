-- ---------------------------------------------------------------------------------------------
-- The wall: what COPY asks of each row, and the one door for roles that may, with a reason, on record.
-- ---------------------------------------------------------------------------------------------

CREATE FUNCTION tenancy.open_glass(until timestamptz) RETURNS void
LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_open_glass';
REVOKE ALL ON FUNCTION tenancy.open_glass(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.open_glass(timestamptz) IS
'Internal: lets roles that bypass row security past the wall in this session until a time.';

CREATE FUNCTION tenancy.break_glass(reason text, "for" interval DEFAULT '5 minutes') RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    until timestamptz := clock_timestamp() + "for";
BEGIN
    IF coalesce(trim(reason), '') = '' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'breaking the glass needs a reason';
    END IF;
    IF "for" IS NULL OR "for" <= interval '0' OR "for" > interval '1 day' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('invalid time for breaking the glass: %s', "for"),
            DETAIL = 'It is more than nothing and at most a day.';
    END IF;
    IF NOT (SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles r WHERE r.rolname = tenancy.calling_role()) THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format('role "%s" has no glass to break', tenancy.calling_role()),
            DETAIL = 'Only roles that bypass row security can see past the wall at all.';
    END IF;
    PERFORM tenancy.write_audit('break_glass', tenancy.calling_role()::text,
        jsonb_build_object('tenant', nullif(tenancy.present_tenant_key(), '')),
        jsonb_build_object('reason', reason, 'until', until));
    PERFORM tenancy.open_glass(until);
    RETURN until;
END
$$;
REVOKE ALL ON FUNCTION tenancy.break_glass(text, interval) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.break_glass(text, interval) IS
'Lets a role that bypasses row security see all tenants in this session although a tenant is set, for a time (default 5 minutes, at most a day), and puts who, why and for how long into the audit log; returns when it ends. A transaction under way at that time may finish. Errors: 22023 no reason or bad time, 42501 a role subject to row security.';

CREATE FUNCTION tenancy.close_glass() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM tenancy.open_glass('-infinity');
END
$$;
REVOKE ALL ON FUNCTION tenancy.close_glass() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.close_glass() IS
'Ends break_glass() in this session before its time.';

-- What COPY FROM asks of each row, in a tenant's session.
CREATE FUNCTION tenancy.require_own_row(is_own boolean) RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tenancy_require_own_row';
COMMENT ON FUNCTION tenancy.require_own_row(boolean) IS
'Internal: an error (42501) unless the row is the current tenant''s.';

