-- Analytics: revenue, cost and margin, recurring revenue and how it moves, and the plan that would cost least.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.metric_costs (
    metric text COLLATE "C" NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    valid_from timestamptz NOT NULL CHECK (valid_from < 'infinity'),
    unit_cost numeric NOT NULL CHECK (unit_cost >= 0 AND unit_cost < 'Infinity'),
    PRIMARY KEY (metric, currency, valid_from)
);
COMMENT ON TABLE tenancy.metric_costs IS
'What a unit of a metric costs you (not the tenant), in a currency, from a time on until the next row''s.';
REVOKE ALL ON tenancy.metric_costs FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.metric_costs', '');

CREATE FUNCTION tenancy.set_metric_cost(metric text, unit_cost numeric, currency text DEFAULT 'USD', valid_from timestamptz DEFAULT '-infinity')
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before numeric;
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.metrics m WHERE m.name = set_metric_cost.metric) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('metric "%s" does not exist', set_metric_cost.metric),
            HINT = 'Create it with tenancy.create_metric().';
    ELSIF unit_cost < 0 OR unit_cost IN ('NaN', 'Infinity') OR tenancy.is_currency(currency) IS NOT TRUE OR (valid_from < 'infinity') IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid cost of a metric',
            HINT = 'A cost that is not negative, or null to take it away; a three-letter ISO 4217 code; a time to begin.';
    END IF;
    -- One change at a time.
    PERFORM FROM tenancy.metrics m WHERE m.name = set_metric_cost.metric FOR NO KEY UPDATE;
    DELETE FROM tenancy.metric_costs c
    WHERE c.metric = set_metric_cost.metric AND c.currency = set_metric_cost.currency AND c.valid_from = set_metric_cost.valid_from
    RETURNING c.unit_cost INTO before;
    INSERT INTO tenancy.metric_costs (metric, currency, valid_from, unit_cost)
    SELECT set_metric_cost.metric, set_metric_cost.currency, set_metric_cost.valid_from, set_metric_cost.unit_cost WHERE set_metric_cost.unit_cost IS NOT NULL;
    IF before IS NOT DISTINCT FROM set_metric_cost.unit_cost THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('set_metric_cost', metric, jsonb_build_object('unit_cost', before),
        jsonb_build_object('unit_cost', set_metric_cost.unit_cost, 'currency', set_metric_cost.currency, 'valid_from', set_metric_cost.valid_from));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_metric_cost(text, numeric, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_metric_cost(text, numeric, text, timestamptz) IS
'Sets what a unit of a metric costs you in a currency, from a time on (default: ever) until the next; null takes it away. Margins are in the currency of a tenant''s plan: set a cost for each. False if nothing changes. Errors: 42704 unknown metric, 22023 negative, not finite, no currency or no time.';

-- Of the month that it is for, not the one it was billed in: so it stands beside the cost of the same usage.
CREATE VIEW tenancy.monthly_revenue AS
SELECT date_trunc('month', coalesce(l.item_start, i.period_start) AT TIME ZONE i.time_zone)::date AS month, i.tenant_id,
    coalesce(l.plan, i.plan) AS plan, i.currency, sum(l.amount) AS revenue
FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id
WHERE i.status IN ('final', 'paid', 'uncollectible') AND l.kind NOT IN ('tax', 'credit', 'carried')
GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW tenancy.monthly_revenue IS
'What was billed for each month, tenant and plan: items less discounts and credit notes, without taxes; prepaid credits pay it and do not make it less. An item belongs to the month in which its time begins (a yearly fee whole), in the invoice''s time zone. Source: final invoices that are not void.';
REVOKE ALL ON tenancy.monthly_revenue FROM PUBLIC;

CREATE VIEW tenancy.monthly_costs AS
SELECT date_trunc('month', h.hour AT TIME ZONE s.time_zone)::date AS month, h.tenant_id, s.plan, h.metric, c.currency,
    sum(h.quantity + h.released) AS quantity, sum(h.events) AS events, sum((h.quantity + h.released) * c.unit_cost) AS cost,
    sum((h.quantity + h.released) * c.unit_cost) / nullif(sum(h.events), 0) AS cost_per_event
FROM tenancy.usage_hourly h
JOIN LATERAL (
    SELECT x.plan, x.time_zone FROM tenancy.subscriptions x
    WHERE x.tenant_id = h.tenant_id AND x.starts_at < h.hour + interval '1 hour' AND (x.ends_at IS NULL OR x.ends_at > h.hour)
    ORDER BY x.starts_at DESC LIMIT 1) s ON true
JOIN tenancy.metric_costs c ON c.metric = h.metric AND c.valid_from <= h.hour
    AND NOT EXISTS (SELECT FROM tenancy.metric_costs n WHERE n.metric = c.metric AND n.currency = c.currency AND n.valid_from <= h.hour AND n.valid_from > c.valid_from)
GROUP BY 1, 2, 3, 4, 5;
COMMENT ON VIEW tenancy.monthly_costs IS
'What usage of each month cost you: quantity by unit cost (set_metric_cost()), for each tenant, the plan it was on, and metric, in each currency that there is a cost in. events are rows of the ledger; cost_per_event is cost by events. Source: tenancy.usage_hourly, hence as of the last rollup.';
REVOKE ALL ON tenancy.monthly_costs FROM PUBLIC;

CREATE VIEW tenancy.monthly_margins AS
SELECT month, tenant_id, plan, currency, coalesce(r.revenue, 0) AS revenue, coalesce(c.cost, 0) AS cost, coalesce(r.revenue, 0) - coalesce(c.cost, 0) AS margin,
    CASE WHEN r.revenue > 0 THEN round(100 * (r.revenue - coalesce(c.cost, 0)) / r.revenue, 2) END AS margin_pct
FROM tenancy.monthly_revenue r
FULL JOIN (SELECT k.month, k.tenant_id, k.plan, k.currency, sum(k.cost) AS cost FROM tenancy.monthly_costs k
           JOIN tenancy.plans p ON p.id = k.plan AND p.currency = k.currency GROUP BY 1, 2, 3, 4) c USING (month, tenant_id, plan, currency);
COMMENT ON VIEW tenancy.monthly_margins IS
'Revenue less cost for each month, tenant and plan, in the plan''s currency, and in percent of revenue. Sum it by plan or month. Sources: monthly_revenue and monthly_costs; usage of metrics without a cost costs nothing.';
REVOKE ALL ON tenancy.monthly_margins FROM PUBLIC;

CREATE FUNCTION tenancy.recurring_revenue(at timestamptz DEFAULT NULL)
RETURNS TABLE (tenant_id text, plan text, currency text, mrr numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    instant timestamptz := coalesce(recurring_revenue.at, tenancy.clock_time());
BEGIN
    RETURN QUERY
    SELECT s.tenant_id, s.plan, p.currency, trim_scale(greatest(f.fees, f.minimum) / CASE s.period WHEN 'year' THEN 12 ELSE 1 END)
    FROM tenancy.subscriptions s JOIN tenancy.plans p ON p.id = s.plan
    JOIN (SELECT x.plan, coalesce(sum((x.params ->> 'amount')::numeric) FILTER (WHERE x.kind = 'fee'), 0) AS fees,
              coalesce(sum((x.params ->> 'amount')::numeric) FILTER (WHERE x.kind = 'minimum'), 0) AS minimum
          FROM tenancy.prices x WHERE x.kind IN ('fee', 'minimum') AND x.valid_from <= instant AND (x.valid_to IS NULL OR x.valid_to > instant)
          GROUP BY x.plan) f ON f.plan = s.plan
    WHERE s.starts_at <= instant AND (s.ends_at IS NULL OR s.ends_at > instant) AND (s.trial_end IS NULL OR s.trial_end <= instant)
      AND greatest(f.fees, f.minimum) > 0;
END
$$;
REVOKE ALL ON FUNCTION tenancy.recurring_revenue(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.recurring_revenue(timestamptz) IS
'Monthly recurring revenue of each tenant at an instant (default now): the fees of its plan or, where that is more, the minimum, at the prices of that instant; a year''s by twelve. Usage, set-up fees, coupons and taxes are not in it; nor are trials, paused and ended subscriptions.';

CREATE FUNCTION tenancy.growth(since date, until date)
RETURNS TABLE (month date, currency text, opening numeric, new numeric, reactivated numeric, expansion numeric, contraction numeric,
    churned numeric, closing numeric, tenants_opening bigint, tenants_new bigint, tenants_churned bigint, tenants_closing bigint,
    tenant_churn_pct numeric, revenue_churn_pct numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF (growth.since < growth.until AND isfinite(growth.since) AND isfinite(growth.until)) IS NOT TRUE OR growth.until - growth.since > 36600 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid months',
            DETAIL = format('They are from %s until before %s.', growth.since, growth.until), HINT = 'At most a hundred years.';
    END IF;
    RETURN QUERY
    WITH months AS (
        SELECT m::date AS month, m AT TIME ZONE 'UTC' AS starts, (m + interval '1 month') AT TIME ZONE 'UTC' AS ends
        FROM generate_series(date_trunc('month', growth.since::timestamp), growth.until::timestamp - interval '1 day', interval '1 month') m
    ), moves AS (
        SELECT m.month, coalesce(a.currency, z.currency) AS currency, coalesce(a.mrr, 0) AS was, coalesce(z.mrr, 0) AS is_now,
            z.tenant_id IS NOT NULL AND EXISTS (SELECT FROM tenancy.subscriptions s WHERE s.tenant_id = z.tenant_id AND s.starts_at < m.starts
                AND (s.trial_end IS NULL OR s.trial_end < least(m.starts, s.ends_at))
                AND EXISTS (SELECT FROM tenancy.prices x WHERE x.plan = s.plan AND x.kind IN ('fee', 'minimum') AND (x.params ->> 'amount')::numeric > 0)) AS was_there_before
        FROM months m CROSS JOIN LATERAL (
            SELECT coalesce(o.tenant_id, c.tenant_id) AS tenant_id, o AS o, c AS c
            FROM tenancy.recurring_revenue(m.starts - interval '1 microsecond') o
            -- What begins and ends with a month, as most changes do, is that month's.
            FULL JOIN tenancy.recurring_revenue(least(m.ends - interval '1 microsecond', tenancy.clock_time())) c USING (tenant_id, currency)) j
        CROSS JOIN LATERAL (SELECT (j.o).*) a CROSS JOIN LATERAL (SELECT (j.c).*) z
    )
    SELECT v.month, v.currency, sum(v.was), sum(v.is_now) FILTER (WHERE v.was = 0 AND NOT v.was_there_before), sum(v.is_now) FILTER (WHERE v.was = 0 AND v.was_there_before),
        sum(v.is_now - v.was) FILTER (WHERE v.was > 0 AND v.is_now > v.was), sum(v.was - v.is_now) FILTER (WHERE v.is_now > 0 AND v.is_now < v.was),
        sum(v.was) FILTER (WHERE v.is_now = 0), sum(v.is_now),
        count(*) FILTER (WHERE v.was > 0), count(*) FILTER (WHERE v.was = 0), count(*) FILTER (WHERE v.is_now = 0), count(*) FILTER (WHERE v.is_now > 0),
        round(100.0 * count(*) FILTER (WHERE v.is_now = 0) / nullif(count(*) FILTER (WHERE v.was > 0), 0), 2),
        round(100 * sum(v.was) FILTER (WHERE v.is_now = 0) / nullif(sum(v.was), 0), 2)
    FROM moves v GROUP BY v.month, v.currency ORDER BY v.month, v.currency;
END
$$;
REVOKE ALL ON FUNCTION tenancy.growth(date, date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.growth(date, date) IS
'How monthly recurring revenue (recurring_revenue()) moved in each calendar month (UTC; the running one until now), by currency: opening + new + reactivated + expansion - contraction - churned = closing, null for 0. A tenant is new when it pays for the first time, reactivated when it did before and not at the month''s start, churned when it did then and does not at its end. What changes as a month begins is that month''s. tenant_churn_pct is of the tenants at the start, revenue_churn_pct of the revenue then. Error: 22023 no months, or more than a hundred years.';

CREATE FUNCTION tenancy.recommend_plan(tenant text)
RETURNS TABLE (plan text, currency text, cost numeric, monthly numeric, saving numeric, is_present boolean, fits boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    now timestamptz := tenancy.clock_time();
    payer tenancy.tenants;
    open tenancy.subscriptions;
BEGIN
    SELECT * INTO payer FROM tenancy.tenants t WHERE lower(t.id) = lower(recommend_plan.tenant);
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('tenant "%s" does not exist', recommend_plan.tenant), HINT = 'Check the spelling.';
    END IF;
    SELECT * INTO open FROM tenancy.subscriptions s WHERE s.tenant_id = payer.id AND s.starts_at <= now AND (s.ends_at IS NULL OR s.ends_at > now);
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('tenant "%s" has no subscription that runs', payer.id),
            HINT = 'Give it one with tenancy.change_plan().';
    END IF;
    RETURN QUERY
    WITH months AS MATERIALIZED (
        SELECT (m AT TIME ZONE open.time_zone) AS starts, ((m + interval '1 month') AT TIME ZONE open.time_zone) AS ends
        FROM generate_series(date_trunc('month', now AT TIME ZONE open.time_zone) - interval '3 months',
            date_trunc('month', now AT TIME ZONE open.time_zone) - interval '1 day', interval '1 month') m
    ), offers AS MATERIALIZED (
        SELECT p.id, p.currency FROM tenancy.plans p
        WHERE p.currency = (SELECT c.currency FROM tenancy.plans c WHERE c.id = open.plan) AND p.period = 'month' AND open.period = 'month'
          AND EXISTS (SELECT FROM tenancy.prices x WHERE x.plan = p.id AND x.valid_from <= now AND (x.valid_to IS NULL OR x.valid_to > now))
    ), parts AS MATERIALIZED (
        SELECT o.id, o.currency, m.starts, x.kind, CASE WHEN x.kind = 'usage' THEN (
                SELECT u.exact_amount FROM tenancy.price_usage(payer.id, x.metric, x.model, x.params,
                    tenancy.measure_usage(payer.id, x.metric, m.starts, m.ends), m.starts, m.ends, NULL) u)
            ELSE tenancy.price_number(x.params, 'amount') END AS amount
        FROM offers o CROSS JOIN months m
        JOIN tenancy.prices x ON x.plan = o.id AND x.kind <> 'setup' AND x.valid_from <= now AND (x.valid_to IS NULL OR x.valid_to > now)
    ), totals AS (
        SELECT s.id, s.currency, sum(greatest(s.amount, s.minimum)) AS cost FROM (
            SELECT p.id, p.currency, coalesce(sum(p.amount) FILTER (WHERE p.kind <> 'minimum'), 0) AS amount, coalesce(sum(p.amount) FILTER (WHERE p.kind = 'minimum'), 0) AS minimum
            FROM parts p GROUP BY p.id, p.currency, p.starts) s
        GROUP BY s.id, s.currency
    ), peaks AS MATERIALIZED (
        SELECT k.period, k.metric, max(k.quantity) AS quantity FROM (
            SELECT n.period, h.metric, sum(h.quantity + h.released) AS quantity
            FROM tenancy.usage_hourly h CROSS JOIN unnest('{hour,day,week,month}'::text[]) AS n(period)
            WHERE h.tenant_id = payer.id AND h.hour >= (SELECT min(starts) FROM months) AND h.hour < (SELECT max(ends) FROM months)
            GROUP BY n.period, h.metric, date_trunc(n.period, h.hour, open.time_zone)) k
        GROUP BY k.period, k.metric
    ), ranked AS (
        SELECT t.id, t.currency, round(t.cost, tenancy.currency_digits(t.currency)) AS cost, t.id = open.plan AS is_present,
            NOT EXISTS (SELECT FROM tenancy.plan_limits l JOIN peaks k ON k.metric = l.metric AND k.period = l.period WHERE l.plan = t.id AND NOT l.soft AND k.quantity > l.amount) AS fits
        FROM totals t
    )
    SELECT r.id, r.currency, r.cost, round(r.cost / 3, tenancy.currency_digits(r.currency)), (SELECT c.cost FROM ranked c WHERE c.is_present) - r.cost, r.is_present, r.fits
    FROM ranked r ORDER BY r.fits DESC, r.cost, r.is_present DESC, r.id;
END
$$;
REVOKE ALL ON FUNCTION tenancy.recommend_plan(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.recommend_plan(text) IS
'What the last three whole months'' use of a tenant would have cost on each plan, at the prices of now and by the functions that invoices use; the first row is the plan to recommend. cost is of the three months, fees and minimums included, set-up fees, coupons and taxes not; saving is what the present plan would have cost more; fits is whether use stayed within the plan''s limits by hour, day, week and month that are not soft. Compared are plans with prices that are billed by the month in the currency of the present one, which must be billed by the month, too. Errors: 42704 unknown tenant, 55000 no subscription that runs.';
