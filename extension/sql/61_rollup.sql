-- Rollup: the ledger's rows added up by hour, exactly once.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.usage_hourly (
    tenant_id text COLLATE "C" NOT NULL,
    metric text COLLATE "C" NOT NULL,
    hour timestamptz NOT NULL,
    quantity numeric NOT NULL,
    events bigint NOT NULL,
    released numeric NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, metric, hour)
);
COMMENT ON TABLE tenancy.usage_hourly IS
'Usage by hour, from the ledger up to the watermark: what was used less what was released; events are ledger rows. A row is of an hour of UTC or, where those of the tenant''s time zone begin within it, of the part before or after.';
REVOKE ALL ON tenancy.usage_hourly FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.usage_hourly', '');

-- A stamp is a transaction id plus an offset. All transactions that may still write have an id of at
-- least the snapshot's xmin, so stamps below xmin + offset are complete: no commit can add to them.
-- After dump and restore the ids of another cluster begin elsewhere; a new offset lets stamps go on
-- growing from where the old ones ended.
CREATE FUNCTION tenancy.begin_ledger_era() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here bigint := (SELECT system_identifier FROM pg_control_system());
    state tenancy.ledger_state;
BEGIN
    SELECT * INTO state FROM tenancy.ledger_state FOR UPDATE;
    IF NOT FOUND THEN
        -- Of no cluster: what is in the ledger already decides.
        INSERT INTO tenancy.ledger_state (system_identifier, stamp_offset, watermark)
        VALUES (0, 0, 0) ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT state FROM tenancy.ledger_state FOR UPDATE;
    END IF;
    IF state.system_identifier <> here THEN
        UPDATE tenancy.ledger_state SET system_identifier = here,
            stamp_offset = greatest(0, greatest(state.watermark,
                    (SELECT max(l.stamp) + 1 FROM tenancy.usage_ledger l))
                - pg_snapshot_xmin(pg_current_snapshot())::text::bigint);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.begin_ledger_era() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.begin_ledger_era() IS
'Internal: makes the ledger''s stamps those of this cluster, once after installation or restore.';

-- Made with the extension, so that the first transaction that records usage does not make everybody wait
-- for its end. A restored row takes its place; once usage was rolled up here, there is no place to take.
CREATE FUNCTION tenancy.replace_ledger_state() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM tenancy.ledger_state s WHERE s.rolled_at IS NULL AND s.watermark = 0;
    RETURN new;
END
$$;
REVOKE ALL ON FUNCTION tenancy.replace_ledger_state() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.replace_ledger_state() IS
'Trigger: lets a restored row take the place of the one that was made with the extension.';
SELECT tenancy.begin_ledger_era();
CREATE TRIGGER replace BEFORE INSERT ON tenancy.ledger_state
    FOR EACH ROW EXECUTE FUNCTION tenancy.replace_ledger_state();

CREATE FUNCTION tenancy.roll_up_once(OUT rows_rolled bigint, OUT tenants bigint, OUT watermark_from bigint,
    OUT watermark_to bigint, OUT pending bigint)
-- How many rows are new is estimated as a share of all: with some millions in the ledger the planner takes the groups for
-- more than work_mem holds, and would sort the new rows instead of hashing them, in twice the time. They are few.
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_sort = off SET jit = off AS $$
DECLARE
    state tenancy.ledger_state;
BEGIN
    -- One rollup at a time; the next one waits here and then, in a statement of its own, sees what
    -- this one has done.
    SELECT * INTO STRICT state FROM tenancy.ledger_state FOR UPDATE;
    watermark_from := state.watermark;

    -- The bound comes from the snapshot that also reads the ledger. Quarters of an hour first: they
    -- are cheap to tell, few are left, and no time zone's hour begins within one.
    WITH bound AS MATERIALIZED (
        SELECT greatest(state.watermark,
            pg_snapshot_xmin(pg_current_snapshot())::text::bigint + state.stamp_offset) AS stamp
    ), quarters AS MATERIALIZED (
        SELECT l.tenant_id, l.metric, date_bin('15 minutes', l.at, timestamptz '2000-01-01 00:00:00+00') AS quarter,
            sum(l.amount) AS quantity, count(*) AS events, -sum(least(l.amount, 0)) AS released
        FROM tenancy.usage_ledger l
        WHERE l.stamp >= state.watermark AND l.stamp < (SELECT b.stamp FROM bound b)
        GROUP BY l.tenant_id, l.metric, quarter
    ), hours AS (
        -- No row crosses an hour of UTC, so that sums of those are right whatever a tenant's zone has been.
        SELECT q.tenant_id, q.metric, greatest(date_bin('1 hour', q.quarter, timestamptz '2000-01-01 00:00:00+00'),
                date_trunc('hour', q.quarter, coalesce(t.time_zone, 'UTC'))) AS hour, sum(q.quantity) AS quantity, sum(q.events) AS events,
            sum(q.released) AS released
        FROM quarters q LEFT JOIN tenancy.tenants t ON t.id = q.tenant_id
        GROUP BY q.tenant_id, q.metric, hour
    ), written AS (
        INSERT INTO tenancy.usage_hourly AS u (tenant_id, metric, hour, quantity, events, released)
        SELECT h.tenant_id, h.metric, h.hour, h.quantity, h.events, h.released FROM hours h
        ON CONFLICT ON CONSTRAINT usage_hourly_pkey DO UPDATE SET quantity = u.quantity + excluded.quantity,
            events = u.events + excluded.events, released = u.released + excluded.released
    )
    SELECT b.stamp, coalesce(sum(q.events), 0), count(DISTINCT q.tenant_id)
    INTO watermark_to, rows_rolled, tenants
    FROM bound b LEFT JOIN quarters q ON true GROUP BY b.stamp;

    IF watermark_to > watermark_from THEN
        UPDATE tenancy.ledger_state s SET watermark = watermark_to, rolled_at = tenancy.clock_time();
    END IF;
    SELECT count(*) INTO pending FROM tenancy.usage_ledger l WHERE l.stamp >= watermark_to;
END
$$;
REVOKE ALL ON FUNCTION tenancy.roll_up_once() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.roll_up_once() IS 'Internal: one step of rollup().';

CREATE FUNCTION tenancy.rollup(max_wait interval DEFAULT '0', OUT rows_rolled bigint, OUT tenants bigint,
    OUT watermark_from bigint, OUT watermark_to bigint, OUT pending bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    until timestamptz := clock_timestamp() + max_wait;
    step record;
BEGIN
    PERFORM tenancy.begin_ledger_era();
    SELECT r.* INTO rows_rolled, tenants, watermark_from, watermark_to, pending FROM tenancy.roll_up_once() r;
    WHILE pending > 0 AND clock_timestamp() < until LOOP
        PERFORM pg_sleep(0.01);
        SELECT * INTO step FROM tenancy.roll_up_once();
        rows_rolled := rows_rolled + step.rows_rolled;
        tenants := greatest(tenants, step.tenants);
        watermark_to := step.watermark_to;
        pending := step.pending;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.rollup(interval) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.rollup(interval) IS
'Adds the ledger''s new rows to tenancy.usage_hourly and moves the watermark, in one transaction: each row counts exactly once, from however many places this is called. Rows that are not older than every running transaction wait for the next time (pending), so that none can be passed over; max_wait (default none) is how long to wait for those transactions to end.';

CREATE FUNCTION tenancy.used(tenant text, metric text, since timestamptz DEFAULT '-infinity') RETURNS numeric
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known_id text := (SELECT t.id FROM tenancy.tenants t WHERE lower(t.id) = lower(used.tenant));
BEGIN
    IF known_id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('tenant "%s" does not exist', used.tenant), HINT = 'Check the spelling.';
    END IF;
    IF NOT EXISTS (SELECT FROM tenancy.metrics m WHERE m.name = used.metric) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('metric "%s" does not exist', used.metric), HINT = 'Check the spelling.';
    END IF;
    IF tenancy.is_metric_of_rows(metric) THEN
        RETURN tenancy.rows_used(known_id, metric);
    END IF;
    -- One statement, so that what is rolled up and what is not come from one snapshot.
    RETURN (SELECT coalesce(sum(u.quantity), 0) FROM (
        SELECT h.quantity FROM tenancy.usage_hourly h
        WHERE h.tenant_id = known_id AND h.metric = used.metric AND h.hour >= used.since
        UNION ALL
        SELECT l.amount FROM tenancy.usage_ledger l
        WHERE l.tenant_id = known_id AND l.metric = used.metric AND l.at >= used.since
          AND l.stamp >= coalesce((SELECT s.watermark FROM tenancy.ledger_state s), -9223372036854775808)) u);
END
$$;
REVOKE ALL ON FUNCTION tenancy.used(text, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.used(text, text, timestamptz) IS
'Committed usage of a tenant since the start of an hour (default: ever), rolled up or not, in the metric''s unit; of a metric of rows the present rows. Errors: 42704 unknown tenant or metric.';

