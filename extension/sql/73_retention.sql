-- Retention: how long the ledger and its keys are kept, and what may go.
-- SPDX-License-Identifier: PostgreSQL

-- The ledger is one table, not partitions: record_usage() writes it past the executor, and partitions that are made
-- later would belong to no extension, so that dumps would bring them back as tables of their own. Deleting what is old,
-- batch by batch along the index by tenant, costs what writing it did, once.
CREATE TABLE tenancy.ledger_retention (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    months integer CHECK (months BETWEEN 1 AND 1200),
    dedupe_window interval,
    keys_kept_since timestamptz NOT NULL DEFAULT '-infinity'
);
COMMENT ON TABLE tenancy.ledger_retention IS
'At most one row: for how many months the ledger''s rows are kept (null = for ever), for how long idempotency keys are (null = for ever), and since when keys are complete.';

CREATE TABLE tenancy.ledger_horizons (
    tenant_id text COLLATE "C" PRIMARY KEY,
    kept_since timestamptz NOT NULL
);
COMMENT ON TABLE tenancy.ledger_horizons IS 'Since when the ledger of a tenant is complete, where rows of before were dropped.';
REVOKE ALL ON tenancy.ledger_retention, tenancy.ledger_horizons FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.ledger_retention', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.ledger_horizons', '');

CREATE FUNCTION tenancy.keep_ledger(months integer, dedupe_window interval DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before tenancy.ledger_retention;
    late_days integer := (SELECT coalesce(max(p.late_days), 0) FROM tenancy.plans p);
BEGIN
    IF months NOT BETWEEN 1 AND 1200 OR dedupe_window < make_interval(days => late_days) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid retention of the ledger',
            DETAIL = format('It is %s months, and %s for keys; plans bill usage that is up to %s days late.', months, coalesce(dedupe_window::text, 'for ever'), late_days),
            HINT = 'months is 1 to 1200, or null for ever; keys are kept at least as long as late usage is billed, or null for ever.';
    END IF;
    SELECT * INTO before FROM tenancy.ledger_retention FOR UPDATE;
    IF (before.months, before.dedupe_window) IS NOT DISTINCT FROM (keep_ledger.months, keep_ledger.dedupe_window) THEN
        RETURN false;
    END IF;
    INSERT INTO tenancy.ledger_retention AS r (months, dedupe_window) VALUES (keep_ledger.months, keep_ledger.dedupe_window)
    ON CONFLICT ON CONSTRAINT ledger_retention_pkey DO UPDATE SET months = excluded.months, dedupe_window = excluded.dedupe_window;
    PERFORM tenancy.write_audit('keep_ledger', 'ledger', to_jsonb(before), jsonb_build_object('months', months, 'dedupe_window', dedupe_window));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.keep_ledger(integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.keep_ledger(integer, interval) IS
'Sets for how many whole calendar months (UTC) usage stays in the ledger, and how long an idempotency key is remembered; null, the default of both, is for ever. purge_ledger() drops what is older, but never what is not rolled up, or what an invoice that is still to come may need: periods that are not invoiced, and late usage of before. What is dropped stays in tenancy.usage_hourly and in invoices, which cannot be recomputed any more. False if nothing changes. Error: 22023 out of range, or keys kept for less time than plans bill late usage.';

-- A tenant's ledger is needed from the first period that is not invoiced on, less the late days, and less a period
-- more, since the one that those reach into is billed whole.
CREATE FUNCTION tenancy.ledger_horizon(tenant text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
DECLARE
    now timestamptz := tenancy.clock_time();
    needed timestamptz;
    is_yearly boolean;
BEGIN
    SELECT min(n.period_start), bool_or(n.period = 'year') INTO needed, is_yearly FROM (
        SELECT p.period_start, s.period FROM tenancy.subscriptions s
        CROSS JOIN LATERAL tenancy.billing_period(s.period, s.anchor_month, s.anchor_day, s.time_zone, greatest(s.starts_at, least(s.ends_at - interval '1 microsecond', now))) p
        WHERE s.tenant_id = tenant AND s.starts_at <= now AND NOT tenancy.is_settled(s)
          AND NOT EXISTS (SELECT FROM tenancy.invoices i WHERE i.tenant_id = s.tenant_id AND i.kind = 'invoice' AND i.status NOT IN ('void', 'draft')
              AND i.period_start = p.period_start AND i.period_end = p.period_end)
        UNION ALL
        SELECT d.period_start, 'month' FROM tenancy.due_invoices d WHERE d.tenant_id = tenant
        UNION ALL
        SELECT now, s.period FROM tenancy.subscriptions s WHERE s.tenant_id = tenant) n;
    RETURN date_bin('1 hour', least(date_trunc('month', now, 'UTC') - make_interval(months => (SELECT r.months FROM tenancy.ledger_retention r)),
        needed - make_interval(days => (SELECT coalesce(max(p.late_days), 0) FROM tenancy.plans p)) - CASE WHEN is_yearly THEN interval '1 year' ELSE interval '1 month' END),
        timestamptz '2000-01-01 00:00:00+00');
END
$$;
REVOKE ALL ON FUNCTION tenancy.ledger_horizon(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.ledger_horizon(text) IS 'Internal: before when a tenant''s rows of the ledger may go.';

CREATE FUNCTION tenancy.purge_ledger(max_count integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    policy tenancy.ledger_retention;
    mark bigint;
    payer record;
    horizon timestamptz;
    gone bigint;
    result bigint := 0;
BEGIN
    -- One at a time.
    SELECT * INTO policy FROM tenancy.ledger_retention FOR UPDATE;
    IF policy.dedupe_window IS NOT NULL THEN
        WITH old AS (
            DELETE FROM tenancy.usage_keys k WHERE k.ctid = ANY (ARRAY(
                SELECT o.ctid FROM tenancy.usage_keys o WHERE o.claimed_at < clock_timestamp() - policy.dedupe_window LIMIT max_count)) RETURNING 1
        )
        SELECT count(*) INTO result FROM old;
        IF result > 0 THEN
            UPDATE tenancy.ledger_retention r SET keys_kept_since = clock_timestamp() - policy.dedupe_window;
        END IF;
    END IF;
    IF policy.months IS NULL THEN
        RETURN result;
    END IF;
    SELECT s.watermark INTO mark FROM tenancy.ledger_state s;
    FOR payer IN
        WITH RECURSIVE payers AS (
            (SELECT l.tenant_id FROM tenancy.usage_ledger l ORDER BY l.tenant_id LIMIT 1)
            UNION ALL
            SELECT (SELECT l.tenant_id FROM tenancy.usage_ledger l WHERE l.tenant_id > p.tenant_id ORDER BY l.tenant_id LIMIT 1) FROM payers p WHERE p.tenant_id IS NOT NULL
        )
        SELECT p.tenant_id FROM payers p WHERE p.tenant_id IS NOT NULL
    LOOP
        EXIT WHEN result >= max_count;
        horizon := tenancy.ledger_horizon(payer.tenant_id);
        -- Of a level that is weighted by time, the last one before is what the time after begins with.
        WITH old AS (
            SELECT l.ctid FROM tenancy.usage_ledger l JOIN tenancy.metrics m ON m.name = l.metric
            WHERE l.tenant_id = payer.tenant_id AND l.at < horizon AND l.stamp < mark
              AND (m.aggregation <> 'time_weighted' OR EXISTS (SELECT FROM tenancy.usage_ledger n WHERE n.tenant_id = l.tenant_id AND n.metric = l.metric
                  AND n.at < horizon AND n.stamp < mark AND (n.at, n.id) > (l.at, l.id)))
            LIMIT max_count - result
        ), dropped AS (
            DELETE FROM tenancy.usage_ledger l USING old WHERE l.ctid = old.ctid RETURNING l.tenant_id
        )
        SELECT count(*) INTO gone FROM dropped;
        IF gone > 0 THEN
            INSERT INTO tenancy.ledger_horizons AS h (tenant_id, kept_since) VALUES (payer.tenant_id, horizon)
            ON CONFLICT ON CONSTRAINT ledger_horizons_pkey DO UPDATE SET kept_since = greatest(h.kept_since, excluded.kept_since);
            result := result + gone;
        END IF;
    END LOOP;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION tenancy.purge_ledger(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.purge_ledger(integer) IS
'Drops rows of the ledger and idempotency keys that need not be kept any more (see keep_ledger()), at most about max_count (default 10000) in this transaction; returns how many. Call it again until it returns 0.';

CREATE FUNCTION tenancy.job_ledger(batch integer) RETURNS jsonb
LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT jsonb_build_object('rows', p.n, 'more', p.n >= job_ledger.batch) FROM tenancy.purge_ledger(job_ledger.batch) AS p(n);
END;
REVOKE ALL ON FUNCTION tenancy.job_ledger(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.job_ledger(integer) IS 'Internal: a step of the job ledger.';
