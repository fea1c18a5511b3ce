-- Which limits hold for a tenant, where each comes from, and what would happen now.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.limits_of(tenant text, metric text, amount bigint,
    OUT allowed boolean, OUT period text, OUT used bigint, OUT limit_amount bigint, OUT remaining bigint,
    OUT resets_at timestamptz, OUT soft boolean, OUT retry_after_seconds double precision, OUT in_flight bigint)
RETURNS SETOF record LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_limits_of';
REVOKE ALL ON FUNCTION tenancy.limits_of(text, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.limits_of(text, text, bigint) IS
'Internal: check_quota() of any tenant.';

CREATE FUNCTION tenancy.explain_quota(tenant text, metric text, amount bigint DEFAULT 1,
    OUT period text, OUT limit_amount bigint, OUT soft boolean, OUT per interval, OUT burst bigint, OUT source text,
    OUT reason text, OUT until timestamptz, OUT used bigint, OUT in_flight bigint, OUT remaining bigint,
    OUT resets_at timestamptz, OUT outcome text, OUT retry_after_seconds double precision)
RETURNS SETOF record LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    subject tenancy.tenants;
BEGIN
    IF explain_quota.tenant IS NULL OR explain_quota.metric IS NULL OR explain_quota.amount IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'tenant, metric and amount must not be null';
    END IF;
    SELECT * INTO subject FROM tenancy.tenants t WHERE lower(t.id) = lower(explain_quota.tenant);
    RETURN QUERY
    SELECT s.period, s.limit_amount, s.soft, coalesce(o.per, p.per), coalesce(o.burst, p.burst),
        CASE WHEN s.period = 'cost' THEN 'cap on cost' WHEN o.tenant_id IS NOT NULL THEN 'override' WHEN p.plan IS NOT NULL THEN 'plan ' || p.plan ELSE 'no limit' END,
        o.reason, o.until, s.used, s.in_flight, CASE WHEN s.limit_amount IS NOT NULL THEN s.remaining END, s.resets_at,
        CASE WHEN subject.status <> 'active' THEN subject.status WHEN s.allowed AND s.soft AND s.used + explain_quota.amount::numeric > s.limit_amount
             THEN 'passes, over the soft limit' WHEN s.allowed THEN 'passes' ELSE 'refused' END,
        s.retry_after_seconds
    FROM tenancy.limits_of(explain_quota.tenant, explain_quota.metric, explain_quota.amount) s
    LEFT JOIN tenancy.tenant_limits o ON s.limit_amount IS NOT NULL AND o.tenant_id = subject.id AND o.metric = explain_quota.metric
        AND o.period = s.period AND (o.until IS NULL OR o.until > tenancy.clock_time())
    LEFT JOIN tenancy.plan_limits p ON s.limit_amount IS NOT NULL AND p.plan = subject.plan AND p.metric = explain_quota.metric
        AND p.period = s.period AND o.tenant_id IS NULL
    WHERE s.limit_amount IS NOT NULL OR s.period = 'cost' OR NOT EXISTS (SELECT FROM tenancy.tenant_limits l
        WHERE l.tenant_id = subject.id AND l.metric = explain_quota.metric AND l.amount IS NULL AND (l.until IS NULL OR l.until > tenancy.clock_time()));
    -- What lifts a limit of the plan is not among the limits, and yet the answer to why there is none.
    RETURN QUERY
    SELECT o.period, NULL::bigint, false, NULL::interval, NULL::bigint, 'override', o.reason, o.until, s.used, s.in_flight,
        NULL::bigint, NULL::timestamptz, CASE WHEN subject.status <> 'active' THEN subject.status ELSE 'passes' END, 0::double precision
    FROM tenancy.tenant_limits o
    LEFT JOIN tenancy.limits_of(explain_quota.tenant, explain_quota.metric, explain_quota.amount) s
        ON s.limit_amount IS NULL AND s.period = 'total' AND o.period = 'total'
    WHERE o.tenant_id = subject.id AND o.metric = explain_quota.metric AND o.amount IS NULL
      AND (o.until IS NULL OR o.until > tenancy.clock_time())
    ORDER BY o.period;
END
$$;
REVOKE ALL ON FUNCTION tenancy.explain_quota(text, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.explain_quota(text, text, bigint) IS
'A row for each limit of a metric that holds for a tenant now: its period or kind, amount, whether it is soft, interval and burst of a rate, where it comes from (plan or override, with reason and end), what is used and what of it running transactions and leases hold (in_flight), what remains, when it resets, what would become of a request for an amount (default 1) now, and after how many seconds it would pass (0 now, -1 not by waiting). Overrides that lift a limit have a row, too, and where nothing else holds the only one. Consumes nothing. Errors: 42704 unknown tenant or metric, 22023 negative amount, 22004 null.';
