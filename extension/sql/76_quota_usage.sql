-- How much of their limits tenants have used: who is nearest.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.quota_usage(max_count integer DEFAULT 20)
RETURNS TABLE (tenant_id text, metric text, period text, used numeric, limit_amount bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH limits AS MATERIALIZED (
        SELECT t.id, l.metric, l.period, l.amount, t.time_zone
        FROM tenancy.tenants t JOIN tenancy.plan_limits l ON l.plan = t.plan
        WHERE t.status <> 'closed'
          AND NOT EXISTS (SELECT FROM tenancy.tenant_limits o WHERE (o.tenant_id, o.metric, o.period) = (t.id, l.metric, l.period)
                          AND (o.until IS NULL OR o.until > tenancy.clock_time()))
        UNION ALL
        SELECT t.id, o.metric, o.period, o.amount, t.time_zone
        FROM tenancy.tenant_limits o JOIN tenancy.tenants t ON t.id = o.tenant_id
        WHERE t.status <> 'closed' AND (o.until IS NULL OR o.until > tenancy.clock_time())
    ), windows AS MATERIALIZED (
        SELECT l.*, l.metric = 'storage.bytes' OR l.metric IN (SELECT c.metric FROM tenancy.counted_tables c WHERE c.metric IS NOT NULL) AS of_rows,
            CASE l.period WHEN 'total' THEN '-infinity'::timestamptz
            ELSE date_trunc(l.period, n.now - CASE WHEN date_trunc(l.period, n.now, l.time_zone) > n.now
                -- within the first of two midnights, which belongs to the day before
                THEN interval '3 hours' ELSE '0' END, l.time_zone) END AS since
        FROM limits l CROSS JOIN (SELECT tenancy.clock_time() AS now) n WHERE l.amount > 0 AND l.period IN ('total', 'hour', 'day', 'week', 'month', 'year')
    ), tail AS MATERIALIZED (
        -- What is not rolled up yet: few rows, read once.
        SELECT u.tenant_id, u.metric, u.at, u.amount FROM tenancy.usage_ledger u
        WHERE u.stamp >= coalesce((SELECT s.watermark FROM tenancy.ledger_state s), -9223372036854775808)
    ), fresh AS MATERIALIZED (
        -- What was released lowers the total alone.
        SELECT w.id, w.metric, w.period, sum(CASE w.period WHEN 'total' THEN u.amount ELSE greatest(u.amount, 0) END) AS amount
        FROM windows w JOIN tail u ON u.tenant_id = w.id AND u.metric = w.metric AND u.at >= w.since GROUP BY w.id, w.metric, w.period
    ), rows AS MATERIALIZED (
        SELECT c.metric, r.tenant_id, sum(r.rows) AS amount
        FROM tenancy.counted_tables c
        JOIN (SELECT t.count_id, t.tenant_id, t.rows FROM tenancy.row_totals t
              UNION ALL SELECT d.count_id, d.tenant_id, d.rows FROM tenancy.row_changes d) r ON r.count_id = c.count_id
        WHERE c.metric IS NOT NULL GROUP BY c.metric, r.tenant_id
        UNION ALL
        SELECT 'storage.bytes', s.tenant_id, sum(s.bytes) FROM tenancy.tenant_storage s
        WHERE EXISTS (SELECT FROM windows w WHERE w.metric = 'storage.bytes') GROUP BY s.tenant_id
    ), sums AS (
        SELECT w.id, w.metric, w.period, w.amount,
            coalesce((SELECT sum(CASE w.period WHEN 'total' THEN h.quantity ELSE h.quantity + h.released END) FROM tenancy.usage_hourly h
                      WHERE h.tenant_id = w.id AND h.metric = w.metric AND h.hour >= w.since), 0) + coalesce(f.amount, 0) AS used
        FROM windows w LEFT JOIN fresh f USING (id, metric, period) WHERE NOT w.of_rows
        UNION ALL
        -- The tenant's column has the id as registered, or in the one form of a uuid or number.
        SELECT w.id, w.metric, w.period, w.amount, sum(r.amount)
        FROM windows w JOIN rows r ON r.metric = w.metric AND lower(r.tenant_id) = lower(w.id) AND r.tenant_id IN (w.id, lower(w.id))
        WHERE w.of_rows AND w.period = 'total' GROUP BY w.id, w.metric, w.period, w.amount
    )
    SELECT s.id, s.metric, s.period, s.used, s.amount FROM sums s
    WHERE s.used > 0 ORDER BY s.used / s.amount DESC, s.id, s.metric, s.period LIMIT quota_usage.max_count;
END;
REVOKE ALL ON FUNCTION tenancy.quota_usage(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.quota_usage(integer) IS
'The limits that are used up most, at most max_count (default 20): use in the present period of a limit, committed, in the metric''s unit, and the limit; of rows and storage what is there. It reads the usage of all tenants with limits in their periods, so it is for looking now and then; tenancyd shows it at /metrics.';
