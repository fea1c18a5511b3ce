-- ---------------------------------------------------------------------------------------------
-- The flush of resource counters, their history by the hour and the day, and questions to it.
-- ---------------------------------------------------------------------------------------------

-- By the hour, and later by the day: see prune_resource_history().
CREATE TABLE tenancy.resource_history (
    tenant_id text COLLATE "C" NOT NULL,
    grain text COLLATE "C" NOT NULL CHECK (grain IN ('hour', 'day')),
    starts_at timestamptz NOT NULL,
    counts bigint[] NOT NULL,
    latency bigint[] NOT NULL,
    PRIMARY KEY (grain, starts_at, tenant_id)
) WITH (fillfactor = 70);
CREATE INDEX resource_history_tenant ON tenancy.resource_history (tenant_id, starts_at);
COMMENT ON TABLE tenancy.resource_history IS
'What resource counters have grown by in each hour or day (UTC) in which they were flushed; tenancy.usage() reads it.';

-- For plans, and '' for all others; without a row seven days and four hundred.
CREATE TABLE tenancy.resource_retention (
    plan text COLLATE "C" PRIMARY KEY,
    hours interval NOT NULL,
    days interval NOT NULL
);
COMMENT ON TABLE tenancy.resource_retention IS
'How long resource history is kept by the hour and by the day for tenants of a plan; the plan '''' stands for all others.';
REVOKE ALL ON tenancy.resource_history, tenancy.resource_retention FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.resource_history', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.resource_retention', '');

CREATE FUNCTION tenancy.set_resource_retention(hours interval, days interval, plan text DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row tenancy.resource_retention;
    new_row tenancy.resource_retention;
BEGIN
    IF plan IS NOT NULL THEN
        PERFORM FROM tenancy.plans p WHERE p.id = set_resource_retention.plan FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('plan "%s" does not exist', plan),
                HINT = 'Create it with tenancy.create_plan().';
        END IF;
    END IF;
    IF hours IS NULL OR days IS NULL OR hours < interval '1 day' OR days < hours THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'hours are kept for a day at least, and days as long as hours at least';
    END IF;
    SELECT * INTO old_row FROM tenancy.resource_retention r
    WHERE r.plan = coalesce(set_resource_retention.plan, '');
    IF FOUND AND (old_row.hours, old_row.days) = (set_resource_retention.hours, set_resource_retention.days) THEN
        RETURN false;
    END IF;
    INSERT INTO tenancy.resource_retention AS r (plan, hours, days)
    VALUES (coalesce(set_resource_retention.plan, ''), set_resource_retention.hours, set_resource_retention.days)
    ON CONFLICT ON CONSTRAINT resource_retention_pkey DO UPDATE SET hours = excluded.hours, days = excluded.days
    RETURNING * INTO new_row;
    PERFORM tenancy.write_audit('set_resource_retention', new_row.plan,
        CASE WHEN old_row.plan IS NOT NULL THEN to_jsonb(old_row) END, to_jsonb(new_row));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_resource_retention(interval, interval, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_resource_retention(interval, interval, text) IS
'Sets how long the resource history of a plan''s tenants is kept by the hour (at least a day) and by the day; without a plan, that of all others (before that: 7 and 400 days). False if nothing changes. Errors: 42704 unknown plan, 22023 intervals too short.';

CREATE FUNCTION tenancy.prune_resource_history() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH kept AS MATERIALIZED (
        SELECT p.plan, date_trunc('day', tenancy.clock_time() - coalesce(r.hours, d.hours, '7 days'), 'UTC') AS hours_since,
            date_trunc('day', tenancy.clock_time() - coalesce(r.days, d.days, '400 days'), 'UTC') AS days_since
        FROM (SELECT id AS plan FROM tenancy.plans UNION ALL VALUES ('')) p
        LEFT JOIN tenancy.resource_retention r ON r.plan = p.plan
        LEFT JOIN tenancy.resource_retention d ON d.plan = ''),
    gone AS (
        DELETE FROM tenancy.resource_history h
        USING kept k
        WHERE h.starts_at < (SELECT max(hours_since) FROM kept)
          AND k.plan = coalesce((SELECT t.plan FROM tenancy.tenants t WHERE lower(t.id) = lower(h.tenant_id)), '')
          AND h.starts_at < CASE h.grain WHEN 'hour' THEN k.hours_since ELSE k.days_since END
        RETURNING h.tenant_id, h.grain, h.starts_at, h.counts, h.latency),
    folded AS (
        INSERT INTO tenancy.resource_history AS h (tenant_id, grain, starts_at, counts, latency)
        SELECT g.tenant_id, 'day', date_trunc('day', g.starts_at, 'UTC'), tenancy.sum_counts(g.counts),
            tenancy.sum_counts(g.latency)
        FROM gone g WHERE g.grain = 'hour' GROUP BY 1, 3
        ON CONFLICT ON CONSTRAINT resource_history_pkey DO UPDATE SET
            counts = tenancy.add_counts(h.counts, excluded.counts),
            latency = tenancy.add_counts(h.latency, excluded.latency))
    SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION tenancy.prune_resource_history() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prune_resource_history() IS
'Adds hours of the resource history that are older than set_resource_retention() keeps them up to days, and deletes days that are older; returns the number of rows that went. The first flush of each hour calls it.';

CREATE FUNCTION tenancy.flush_counters() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    written bigint;
    hour timestamptz := date_trunc('hour', tenancy.clock_time(), 'UTC');
BEGIN
    -- One flush at a time, from the look at shared memory to the commit: an epoch that this one
    -- folds cannot be written again by another that looked before.
    PERFORM tenancy.take_lock(29777, 5);
    -- The first flush of an hour tidies up.
    IF NOT EXISTS (SELECT FROM tenancy.resource_history h WHERE h.grain = 'hour' AND h.starts_at = hour) THEN
        PERFORM tenancy.prune_resource_history();
    END IF;
    WITH fresh AS MATERIALIZED (
        SELECT * FROM tenancy.stat_counters(to_flush => true)),
    growth AS MATERIALIZED (
        SELECT f.tenant_id, tenancy.subtract_counts(f.counts, u.counts) AS counts,
            tenancy.subtract_counts(f.latency, u.latency) AS latency
        FROM fresh f LEFT JOIN tenancy.resource_usage u USING (tenant_id, epoch)),
    history AS (
        INSERT INTO tenancy.resource_history AS h (tenant_id, grain, starts_at, counts, latency)
        SELECT g.tenant_id, 'hour', hour, g.counts, g.latency
        FROM growth g
        ON CONFLICT (grain, starts_at, tenant_id) DO UPDATE SET
            counts = tenancy.add_counts(h.counts, excluded.counts),
            latency = tenancy.add_counts(h.latency, excluded.latency)),
    over AS (
        -- A tenant that left shared memory and came back began another epoch.
        DELETE FROM tenancy.resource_usage u USING fresh f
        WHERE u.tenant_id = f.tenant_id AND u.epoch NOT IN (0, f.epoch)
        RETURNING u.tenant_id, u.counts, u.latency),
    folded AS (
        INSERT INTO tenancy.resource_usage AS u (tenant_id, epoch, counts, latency)
        SELECT o.tenant_id, 0, tenancy.sum_counts(o.counts), tenancy.sum_counts(o.latency)
        FROM over o GROUP BY o.tenant_id
        ON CONFLICT ON CONSTRAINT resource_usage_pkey DO UPDATE SET
            counts = tenancy.add_counts(u.counts, excluded.counts),
            latency = tenancy.add_counts(u.latency, excluded.latency), updated_at = clock_timestamp())
    -- Absolute values: to write them twice does no harm.
    INSERT INTO tenancy.resource_usage AS u (tenant_id, epoch, counts, latency)
    SELECT f.tenant_id, f.epoch, f.counts, f.latency FROM fresh f
    ON CONFLICT ON CONSTRAINT resource_usage_pkey DO UPDATE SET
        counts = excluded.counts, latency = excluded.latency, updated_at = clock_timestamp();
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
REVOKE ALL ON FUNCTION tenancy.flush_counters() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.flush_counters() IS
'Writes the resource counters of this database that have news to tenancy.resource_usage and tenancy.resource_history now, as a worker does every tenancy.flush_interval; returns the number of tenants written. Error: 55000 not preloaded.';

CREATE FUNCTION tenancy.usage(tenant text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    grain text DEFAULT 'hour')
RETURNS TABLE (starts_at timestamptz,
    statements bigint, selects bigint, inserts bigint, updates bigint, deletes bigint, merges bigint,
    copies bigint, utilities bigint, failed bigint, transactions bigint, sessions bigint, rows_read
    bigint, rows_returned bigint, rows_inserted bigint, rows_updated bigint, rows_deleted bigint,
    blocks_hit bigint, blocks_read bigint, blocks_dirtied bigint, blocks_written bigint, temp_bytes
    bigint, wal_records bigint, wal_bytes bigint, exec_ms double precision, cpu_ms double precision,
    wait_ms double precision, p50_ms double precision, p95_ms double precision, p99_ms double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF grain IS NULL OR grain NOT IN ('hour', 'day', 'month') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('unknown grain "%s"', grain),
            HINT = 'It is hour, day or month.';
    END IF;
    RETURN QUERY
    SELECT u.starts_at, f.*
    FROM (SELECT date_trunc(usage.grain, h.starts_at, 'UTC') AS starts_at, tenancy.sum_counts(h.counts) AS counts,
            tenancy.sum_counts(h.latency) AS latency
        FROM tenancy.resource_history h
        WHERE h.tenant_id = coalesce((SELECT t.id FROM tenancy.tenants t WHERE lower(t.id) = lower(tenant)), tenant, '')
          AND (h.grain = 'hour' OR usage.grain <> 'hour')
          AND (since IS NULL OR h.starts_at >= date_trunc(usage.grain, since, 'UTC'))
          AND (until IS NULL OR h.starts_at < until)
        GROUP BY 1) u
    CROSS JOIN LATERAL tenancy.resource_figures(u.counts, u.latency) f
    ORDER BY 1;
END
$$;
REVOKE ALL ON FUNCTION tenancy.usage(text, timestamptz, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.usage(text, timestamptz, timestamptz, text) IS
'What a tenant has used of the server by hour, day or month (UTC; default hour), from the beginning of the one that since is in to before until; defaults: all that is kept. The tenant null is work without one. Counts stand in the hour they were flushed in. The figures are those of tenancy.stat_tenants. Error: 22023 unknown grain.';

-- Everybody's use of the last hours, as one number for each of the figures asked for.
CREATE FUNCTION tenancy.recent_figures(figures text[], over interval)
RETURNS TABLE (tenant_id text, figure text, value double precision)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.tenant_id, n.figure, (to_jsonb(f) ->> n.figure)::float8
    FROM (SELECT h.tenant_id, tenancy.sum_counts(h.counts) AS counts, tenancy.sum_counts(h.latency) AS latency
        FROM tenancy.resource_history h
        WHERE recent_figures.over IS NULL
           OR h.starts_at BETWEEN date_trunc('hour', tenancy.clock_time() - recent_figures.over, 'UTC') AND tenancy.clock_time()
        GROUP BY h.tenant_id) u
    CROSS JOIN LATERAL tenancy.resource_figures(u.counts, u.latency) f
    CROSS JOIN unnest(recent_figures.figures) n (figure)
$$;
REVOKE ALL ON FUNCTION tenancy.recent_figures(text[], interval) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.recent_figures(text[], interval) IS
'Internal: what each tenant has used, from the beginning of the hour in which the interval begins; null is all that is kept.';

CREATE FUNCTION tenancy.top_tenants(by text DEFAULT 'exec_ms', most integer DEFAULT 10, over interval DEFAULT '1 hour')
RETURNS TABLE (tenant_id text, value double precision, share double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF by IS NULL OR to_jsonb(tenancy.resource_figures('{}', '{}')) -> by IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('unknown figure "%s"', by),
            HINT = 'It is a column of tenancy.stat_tenants, such as exec_ms, cpu_ms, rows_read or wal_bytes.';
    END IF;
    RETURN QUERY
    SELECT nullif(r.tenant_id, ''), r.value, round((r.value / nullif(sum(r.value) OVER (), 0))::numeric, 4)::float8
    FROM tenancy.recent_figures(ARRAY[by], over) r
    WHERE r.value > 0
    ORDER BY r.value DESC, r.tenant_id LIMIT most;
END
$$;
REVOKE ALL ON FUNCTION tenancy.top_tenants(text, integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.top_tenants(text, integer, interval) IS
'The tenants that used most of one figure of tenancy.stat_tenants (default exec_ms), with their share of all (0 to 1; of no meaning for percentiles), from the beginning of the hour in which the interval begins (default an hour, null is all that is kept). The tenant null is work without one. Error: 22023 unknown figure.';

CREATE FUNCTION tenancy.noisy_neighbours(factor double precision DEFAULT 3, over interval DEFAULT '1 hour')
RETURNS TABLE (tenant_id text, figure text, value double precision, share double precision,
    times_others double precision, times_usual double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH recent AS (
        SELECT r.*, sum(r.value) OVER w AS total, count(*) OVER w AS tenants
        FROM tenancy.recent_figures('{exec_ms,cpu_ms,rows_read,blocks_read,wal_bytes,temp_bytes}', over) r
        WHERE r.tenant_id NOT IN ('', '(others)')
        WINDOW w AS (PARTITION BY r.figure)),
    noisy AS (
        SELECT r.*, r.value * (r.tenants - 1) / nullif(r.total - r.value, 0) AS times
        FROM recent r
        WHERE r.tenants > 1 AND r.value > 0 AND r.value * (r.tenants - 1) >= factor * (r.total - r.value))
    SELECT n.tenant_id, n.figure, n.value, round((n.value / n.total)::numeric, 4)::float8,
        round(n.times::numeric, 1)::float8,
        -- Against as long a time (it began with an hour) on average of the seven days before.
        round((n.value / nullif(past.value * extract(epoch FROM tenancy.clock_time() - date_trunc('hour', tenancy.clock_time() - over, 'UTC')) / 604800, 0))::numeric, 1)::float8
    FROM noisy n
    LEFT JOIN LATERAL (
        SELECT (to_jsonb(tenancy.resource_figures(tenancy.sum_counts(h.counts), tenancy.sum_counts(h.latency)))
            ->> n.figure)::float8 AS value
        FROM tenancy.resource_history h
        WHERE h.tenant_id = n.tenant_id
          AND h.starts_at >= date_trunc('hour', tenancy.clock_time() - over, 'UTC') - interval '7 days'
          AND h.starts_at < date_trunc('hour', tenancy.clock_time() - over, 'UTC')) past ON true
    ORDER BY n.value / n.total DESC, n.figure, n.tenant_id
$$;
REVOKE ALL ON FUNCTION tenancy.noisy_neighbours(double precision, interval) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.noisy_neighbours(double precision, interval) IS
'Tenants that have used at least factor (default 3) times as much as the other active ones on average, of time, processor time, rows read, blocks read, WAL or temporary files, from the beginning of the hour in which the interval begins (default an hour): with their share of all tenants'' use, and how many times as much as the others, and as themselves in the seven days before (null: nothing to compare with).';
