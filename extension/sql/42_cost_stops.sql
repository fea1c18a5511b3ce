-- Caps on cost: what a budget stops, consume() refuses.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.cost_stops (
    tenant_id text COLLATE "C" PRIMARY KEY,
    spent numeric NOT NULL,
    cap numeric NOT NULL,
    currency text NOT NULL,
    until timestamptz NOT NULL,
    stopped_at timestamptz NOT NULL DEFAULT tenancy.clock_time()
);
COMMENT ON TABLE tenancy.cost_stops IS
'Tenants whose cost has reached its cap, in the currency''s major unit: until the given time consume() refuses every metric that has a price in their plan.';
REVOKE ALL ON tenancy.cost_stops FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.cost_stops', '');
CREATE TRIGGER tell_sessions AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenancy.cost_stops
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
ALTER TABLE tenancy.cost_stops ENABLE ALWAYS TRIGGER tell_sessions;

CREATE FUNCTION tenancy.stop_for_cost(tenant text, spent numeric, cap numeric, currency text, until timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant_key text;
    old_row tenancy.cost_stops;
BEGIN
    SELECT t.id INTO tenant_key FROM tenancy.tenants t WHERE lower(t.id) = lower(stop_for_cost.tenant) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('tenant "%s" does not exist', stop_for_cost.tenant),
            HINT = 'Check the spelling, or create it with tenancy.create_tenant().';
    ELSIF (spent >= cap AND cap >= 0 AND until > tenancy.clock_time()) IS NOT TRUE OR currency IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid stop for cost',
            DETAIL = format('Spent %s of %s %s, until %s.', spent, cap, currency, until),
            HINT = 'What is spent has reached the cap, and the end is in the future.';
    END IF;
    SELECT * INTO old_row FROM tenancy.cost_stops s WHERE s.tenant_id = tenant_key;
    -- What is spent by now does not make it another stop.
    IF (old_row.cap, old_row.currency, old_row.until) IS NOT DISTINCT FROM (cap, currency, until) THEN
        RETURN false;
    END IF;
    INSERT INTO tenancy.cost_stops AS s (tenant_id, spent, cap, currency, until) VALUES (tenant_key, spent, cap, currency, until)
    ON CONFLICT ON CONSTRAINT cost_stops_pkey DO UPDATE SET spent = excluded.spent, cap = excluded.cap,
        currency = excluded.currency, until = excluded.until, stopped_at = excluded.stopped_at;
    PERFORM tenancy.write_audit('stop_for_cost', tenant_key, CASE WHEN old_row.tenant_id IS NOT NULL THEN to_jsonb(old_row) END,
        jsonb_build_object('spent', spent, 'cap', cap, 'currency', currency, 'until', until));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.stop_for_cost(text, numeric, numeric, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.stop_for_cost(text, numeric, numeric, text, timestamptz) IS
'Lets consume() refuse, with 53400, whatever has a price in the tenant''s plan: its cost (spent) has reached a cap, until the period ends. In running sessions from their next call on. Budgets call it; what was consumed between two of their looks is over the cap. record_usage() still records. False if it is stopped so already. Errors: 42704 unknown tenant, 22023 less spent than the cap, an end in the past, or a null.';

CREATE FUNCTION tenancy.lift_cost_stop(tenant text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row tenancy.cost_stops;
BEGIN
    DELETE FROM tenancy.cost_stops s WHERE lower(s.tenant_id) = lower(lift_cost_stop.tenant) RETURNING * INTO old_row;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('lift_cost_stop', old_row.tenant_id, to_jsonb(old_row), NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.lift_cost_stop(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.lift_cost_stop(text) IS
'Takes back stop_for_cost(), as when a cap is raised; false if there was none. A stop ends by itself when its time is over.';
