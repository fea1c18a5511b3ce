-- What a tenant owes: the items of its subscriptions' periods, priced, exact and unrounded.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.currency_digits(currency text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN CASE
    WHEN currency = ANY ('{BIF,CLP,DJF,GNF,ISK,JPY,KMF,KRW,PYG,RWF,UGX,UYI,VND,VUV,XAF,XOF,XPF}') THEN 0
    WHEN currency = ANY ('{BHD,IQD,JOD,KWD,LYD,OMR,TND}') THEN 3
    WHEN currency = ANY ('{CLF,UYW}') THEN 4
    ELSE 2 END;
REVOKE ALL ON FUNCTION tenancy.currency_digits(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.currency_digits(text) IS
'Decimal digits of a currency''s minor unit by ISO 4217: 2 unless it is one of the exceptions.';

-- Each share is rounded down to the minor unit; what is missing to the total goes, a unit each, to
-- those that lost most, the earlier line first where they lost the same.
CREATE FUNCTION tenancy.allot(exact numeric[], total numeric, digits integer) RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Units in 1, and 1 unit: multiplying is exact, dividing is not.
    units numeric := ('1e' || greatest(digits, 0))::numeric;
    unit numeric := ('1e-' || greatest(digits, 0))::numeric;
    result numeric[];
BEGIN
    IF exact IS NULL OR array_position(exact, NULL) IS NOT NULL OR exact && '{NaN,Infinity,-Infinity}'
       OR total IS NULL OR total IN ('NaN', 'Infinity', '-Infinity')
       OR digits IS NULL OR digits NOT BETWEEN 0 AND 20 OR round(total, digits) <> total THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'amounts to allot must be finite, and the total a multiple of the smallest unit';
    ELSIF abs(total - coalesce((SELECT sum(e) FROM unnest(exact) e), 0)) >= unit THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the total to allot is not the rounded sum of the amounts',
            DETAIL = format('The total is %s, the amounts are %s.', total, exact);
    END IF;
    SELECT array_agg((r.whole + (r.rank <= r.missing)::integer) * unit ORDER BY r.n) INTO result
    FROM (SELECT w.n, w.whole, total * units - sum(w.whole) OVER () AS missing,
              row_number() OVER (ORDER BY w.amount - w.whole DESC, w.n) AS rank
          FROM (SELECT e.n, e.amount * units AS amount, floor(e.amount * units) AS whole
                FROM unnest(exact) WITH ORDINALITY AS e(amount, n)) w) r;
    RETURN coalesce(result, '{}');
END
$$;
REVOKE ALL ON FUNCTION tenancy.allot(numeric[], numeric, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.allot(numeric[], numeric, integer) IS
'Rounds amounts to a number of digits so that they add up to a total (largest remainder method; of equal remainders the earlier first); each is less than one unit off. Error: 22023 not finite, digits not from 0 to 20, a total that is no multiple of the unit, or a whole unit or more from the sum.';

-- Sums come from the hours where whole hours are asked for, and from the ledger otherwise: for the parts of
-- hours at the ends, below a stamp (to check an invoice), and for aggregates that hours do not keep.
CREATE FUNCTION tenancy.measure_usage(tenant text, metric text, since timestamptz, until timestamptz, below_stamp bigint DEFAULT NULL)
RETURNS numeric LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    kind tenancy.metrics;
    first_hour timestamptz;
    last_hour timestamptz;
    mark bigint := coalesce(below_stamp, (SELECT s.watermark FROM tenancy.ledger_state s), -9223372036854775808);
    result numeric;
BEGIN
    IF since >= until THEN
        RETURN 0;
    END IF;
    SELECT m.* INTO kind FROM tenancy.metrics m WHERE m.name = metric;
    IF kind.aggregation <> 'sum' THEN
        RETURN tenancy.aggregate_usage(tenant, kind, since, until, mark);
    END IF;
    IF below_stamp IS NULL THEN
        -- Hours of UTC, which the rows keep to whatever the tenant's zone is and was.
        last_hour := date_bin('1 hour', until, timestamptz '2000-01-01 00:00:00+00');
        first_hour := date_bin('1 hour', since + interval '59:59.999999', timestamptz '2000-01-01 00:00:00+00');
        IF first_hour < last_hour THEN
            SELECT coalesce(sum(h.quantity + h.released), 0) INTO result FROM tenancy.usage_hourly h
            WHERE h.tenant_id = tenant AND h.metric = metric AND h.hour >= first_hour AND h.hour < last_hour;
            IF since < first_hour THEN
                result := result + (SELECT coalesce(sum(greatest(l.amount, 0)), 0) FROM tenancy.usage_ledger l
                    WHERE l.tenant_id = tenant AND l.metric = metric AND l.at >= since AND l.at < first_hour AND l.stamp < mark);
            END IF;
            IF last_hour < until THEN
                result := result + (SELECT coalesce(sum(greatest(l.amount, 0)), 0) FROM tenancy.usage_ledger l
                    WHERE l.tenant_id = tenant AND l.metric = metric AND l.at >= last_hour AND l.at < until AND l.stamp < mark);
            END IF;
            RETURN result;
        END IF;
    END IF;
    RETURN (SELECT coalesce(sum(greatest(l.amount, 0)), 0) FROM tenancy.usage_ledger l
        WHERE l.tenant_id = tenant AND l.metric = metric AND l.at >= since AND l.at < until AND l.stamp < mark);
END
$$;
REVOKE ALL ON FUNCTION tenancy.measure_usage(text, text, timestamptz, timestamptz, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.measure_usage(text, text, timestamptz, timestamptz, bigint) IS
'Internal: the billable quantity of a metric in a stretch of time (releases give nothing back), of what is rolled up or, with below_stamp, of the ledger''s rows below it.';

-- A gauge's level holds until the next one; what it was at the start is its last value before. In unit hours.
CREATE FUNCTION tenancy.aggregate_usage(tenant text, kind tenancy.metrics, since timestamptz, until timestamptz, below_stamp bigint)
RETURNS numeric LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    initial numeric := 0;
    vals jsonb[];
    times timestamptz[];
BEGIN
    SELECT array_agg(CASE WHEN kind.aggregation = 'unique' THEN coalesce(l.attributes -> kind.attribute, 'null') ELSE to_jsonb(l.amount) END
            ORDER BY l.at, l.id), array_agg(l.at ORDER BY l.at, l.id)
    INTO vals, times FROM tenancy.usage_ledger l
    WHERE l.tenant_id = tenant AND l.metric = kind.name AND l.at >= since AND l.at < until AND l.stamp < below_stamp;
    IF kind.aggregation <> 'time_weighted' THEN
        RETURN tenancy.aggregate_values(kind.aggregation, coalesce(vals, '{}'));
    END IF;
    SELECT l.amount INTO initial FROM tenancy.usage_ledger l
    WHERE l.tenant_id = tenant AND l.metric = kind.name AND l.at < since AND l.stamp < below_stamp ORDER BY l.at DESC, l.id DESC LIMIT 1;
    RETURN tenancy.prorate(w.unit_seconds, 1, 3600)
    FROM (SELECT array_agg(v.level - coalesce(v.before, initial, 0) ORDER BY v.n) AS changes
          FROM (SELECT n, (e #>> '{}')::numeric AS level, lag((e #>> '{}')::numeric) OVER (ORDER BY n) AS before
                FROM unnest(vals) WITH ORDINALITY AS u(e, n)) v) c,
        tenancy.weigh_by_time(since, until, coalesce(initial, 0), coalesce(times, '{}'), coalesce(c.changes, '{}')) w;
END
$$;
REVOKE ALL ON FUNCTION tenancy.aggregate_usage(text, tenancy.metrics, timestamptz, timestamptz, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.aggregate_usage(text, tenancy.metrics, timestamptz, timestamptz, bigint) IS
'Internal: the billable quantity of a metric that is not added up.';

-- The tiers of a price as JSON, so that an invoice line can show what it was made of.
CREATE FUNCTION tenancy.price_usage(tenant text, metric text, model text, params jsonb, quantity numeric, since timestamptz,
    until timestamptz, below_stamp bigint, OUT exact_amount numeric, OUT tiers jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    mark bigint := coalesce(below_stamp, (SELECT s.watermark FROM tenancy.ledger_state s), -9223372036854775808);
BEGIN
    IF model = 'matrix' THEN
        SELECT sum(m.amount), jsonb_agg(to_jsonb(m) || coalesce(u.one, '{}')) INTO exact_amount, tiers
        FROM (SELECT coalesce(jsonb_object_agg(g.value, g.amount::text), '{}') AS quantities FROM (
                SELECT coalesce(l.attributes ->> (params ->> 'attribute'), '') AS value, sum(greatest(l.amount, 0)) AS amount FROM tenancy.usage_ledger l
                WHERE l.tenant_id = tenant AND l.metric = metric AND l.at >= since AND l.at < until AND l.stamp < mark GROUP BY 1) g) q,
            tenancy.price_matrix(params, q.quantities) m
            -- What a unit costs, where there is one such amount.
            LEFT JOIN LATERAL (
                SELECT jsonb_build_object('unit_amount', min(p.unit_amount), 'flat_amount', min(p.flat_amount)) AS one
                FROM coalesce(params -> 'prices' -> m.value, params -> 'default') c, tenancy.price(c ->> 'model', c -> 'params', m.units) p
                HAVING count(*) = 1 AND min(p.units) = m.units) u ON true;
    ELSIF model = 'percentage' AND params - 'rate_pct' <> '{}' THEN
        SELECT sum(e.amount), jsonb_build_array(jsonb_build_object('events', count(*), 'charged', count(*) FILTER (WHERE e.amount > 0),
            'units', sum(e.units), 'flat_amount', sum(e.flat_amount), 'amount', sum(e.amount))) INTO exact_amount, tiers
        FROM (SELECT coalesce(array_agg(l.amount::numeric ORDER BY l.at, l.id), '{}') AS amounts FROM tenancy.usage_ledger l
              -- What was given back was used.
              WHERE l.tenant_id = tenant AND l.metric = metric AND l.at >= since AND l.at < until AND l.stamp < mark AND l.amount >= 0) a,
            tenancy.price_events(model, params, a.amounts) e;
    ELSE
        SELECT sum(p.amount), jsonb_agg(to_jsonb(p) ORDER BY p.tier) INTO exact_amount, tiers FROM tenancy.price(model, params, quantity) p;
    END IF;
    exact_amount := coalesce(exact_amount, 0);
END
$$;
REVOKE ALL ON FUNCTION tenancy.price_usage(text, text, text, jsonb, numeric, timestamptz, timestamptz, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price_usage(text, text, text, jsonb, numeric, timestamptz, timestamptz, bigint) IS
'Internal: what usage of a stretch of time costs, with its tiers.';

CREATE FUNCTION tenancy.part_of_period(s tenancy.subscriptions, item_start timestamptz, item_end timestamptz, period_start timestamptz,
    period_end timestamptz, OUT numerator numeric, OUT denominator numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    numerator := 1;
    denominator := 1;
    IF s.proration = 'day' THEN
        numerator := (item_end AT TIME ZONE s.time_zone)::date - (item_start AT TIME ZONE s.time_zone)::date;
        denominator := (period_end AT TIME ZONE s.time_zone)::date - (period_start AT TIME ZONE s.time_zone)::date;
    ELSIF s.proration = 'second' THEN
        numerator := trim_scale(extract(epoch FROM item_end - item_start));
        denominator := trim_scale(extract(epoch FROM period_end - period_start));
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.part_of_period(tenancy.subscriptions, timestamptz, timestamptz, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.part_of_period(tenancy.subscriptions, timestamptz, timestamptz, timestamptz, timestamptz) IS
'Internal: how much of a period a part of it is, as the subscription prorates.';

-- Everything that is due by an instant: whether it was billed before is the invoice's question.
CREATE FUNCTION tenancy.billable_items(tenant text, since timestamptz, until timestamptz, below_stamp bigint DEFAULT NULL,
    known_at timestamptz DEFAULT 'infinity', versions bigint[] DEFAULT NULL)
RETURNS TABLE (subscription_id bigint, component text, item_start timestamptz, item_end timestamptz, kind text, plan text, price_id bigint,
    metric text, model text, params jsonb, quantity numeric, numerator numeric, denominator numeric, tiers jsonb, exact_amount numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    -- In PL/pgSQL, which keeps its plans: before 18, SQL functions are planned at every call.
    RETURN QUERY
    WITH stretches AS MATERIALIZED (
        SELECT ROW(x.*)::tenancy.subscriptions AS s, x.id, x.plan, x.starts_at, x.trial_end, x.is_new, x.ends_at, x.end_reason = 'paused' AS is_paused
        FROM (SELECT s.* FROM tenancy.subscriptions s
              WHERE s.tenant_id = billable_items.tenant AND (billable_items.versions IS NULL OR s.version = ANY (billable_items.versions))
              UNION ALL
              SELECT h.* FROM tenancy.subscription_history h WHERE h.tenant_id = billable_items.tenant AND h.version = ANY (billable_items.versions)) x
        WHERE x.starts_at <= billable_items.until
    ), book AS MATERIALIZED (
        -- As it was known then, too: a version that came later had not ended the one before yet.
        SELECT p.id, p.plan, p.component, p.kind, p.timing, p.metric, p.model, p.params, p.valid_from,
            CASE WHEN billable_items.known_at < 'infinity' AND EXISTS (SELECT FROM tenancy.prices n WHERE n.plan = p.plan
                    AND n.component = p.component AND n.valid_from = p.valid_to AND n.created_at > billable_items.known_at)
                 THEN lead(p.valid_from) OVER (PARTITION BY p.plan, p.component ORDER BY p.valid_from) ELSE p.valid_to END AS valid_to
        FROM tenancy.prices p
        WHERE p.plan IN (SELECT x.plan FROM stretches x) AND p.created_at <= billable_items.known_at
    ), periods AS MATERIALIZED (
        SELECT x.*, p.period_start, p.period_end,
            greatest(p.period_start, x.starts_at, x.trial_end) AS item_start, least(p.period_end, x.ends_at) AS item_end,
            o.earlier, o.later, o.paid_earlier, CASE WHEN o.goes_on THEN p.period_start ELSE greatest(p.period_start, x.starts_at) END AS price_at,
            -- Usage of a period that no stretch covers belongs to the one after or before it; but none while paused.
            CASE WHEN x.trial_end > x.starts_at OR o.earlier THEN greatest(p.period_start, x.starts_at, x.trial_end)
                 ELSE p.period_start END AS usage_start,
            CASE WHEN o.later OR x.is_paused THEN least(p.period_end, x.ends_at) ELSE p.period_end END AS usage_end
        FROM stretches x
        CROSS JOIN LATERAL tenancy.billing_periods(x.s, billable_items.since, least(billable_items.until, x.ends_at)) p
        CROSS JOIN LATERAL (
            SELECT EXISTS (SELECT FROM stretches y WHERE (y.starts_at, y.id) < (x.starts_at, x.id) AND y.ends_at > p.period_start) AS earlier,
                EXISTS (SELECT FROM stretches y WHERE (y.starts_at, y.id) < (x.starts_at, x.id) AND y.ends_at > p.period_start
                    AND (y.trial_end IS NULL OR y.trial_end < y.ends_at)) AS paid_earlier,
                EXISTS (SELECT FROM stretches y WHERE (y.starts_at, y.id) < (x.starts_at, x.id) AND y.ends_at > p.period_start AND y.plan = x.plan) AS goes_on,
                EXISTS (SELECT FROM stretches y WHERE (y.starts_at, y.id) > (x.starts_at, x.id) AND y.starts_at < p.period_end) AS later) o
        WHERE (x.ends_at IS NULL OR p.period_start < x.ends_at) AND x.starts_at < p.period_end
    ), priced AS MATERIALIZED (
        -- The price of the period's start, or where the plan came within it of that time; or the first one that began after.
        SELECT DISTINCT ON (g.id, g.period_start, p.component) g.*, p.component, p.kind, p.timing, p.id AS price_id, p.metric, p.model, p.params
        FROM periods g JOIN book p ON p.plan = g.plan AND p.kind <> 'setup'
          AND p.valid_from < g.period_end AND (p.valid_to IS NULL OR p.valid_to > g.price_at)
        ORDER BY g.id, g.period_start, p.component, p.valid_from
    ), due AS MATERIALIZED (
        SELECT d.*, f.numerator, f.denominator,
            CASE WHEN d.kind = 'usage'
                 THEN tenancy.measure_usage(billable_items.tenant, d.metric, d.usage_start, d.usage_end, billable_items.below_stamp) ELSE 1 END AS quantity
        FROM priced d
        CROSS JOIN LATERAL tenancy.part_of_period(d.s, d.item_start, d.item_end, d.period_start, d.period_end) f
        WHERE CASE WHEN d.kind = 'usage' THEN d.usage_start < d.usage_end
                   -- Without proration a period has one fee: that of its end, or paid in advance that of its start.
                   WHEN (d.s).proration = 'none' THEN NOT CASE d.timing WHEN 'advance' THEN d.paid_earlier ELSE d.later END
                       AND (d.trial_end IS NULL OR d.trial_end < d.item_end)
                   ELSE d.item_start < d.item_end END
          AND CASE d.timing WHEN 'advance' THEN d.item_start <= billable_items.until ELSE d.item_end <= billable_items.until END
    ), amounts AS MATERIALIZED (
        SELECT d.*, u.tiers, CASE WHEN d.kind = 'usage' THEN u.exact_amount
            ELSE tenancy.prorate(tenancy.price_number(d.params, 'amount'), d.numerator, d.denominator) END AS exact_amount
        FROM due d
        LEFT JOIN LATERAL tenancy.price_usage(billable_items.tenant, d.metric, d.model, d.params, d.quantity, d.usage_start, d.usage_end,
            billable_items.below_stamp) u ON d.kind = 'usage'
    )
    SELECT a.id, a.component, a.item_start, a.item_end, a.kind, a.plan, a.price_id, a.metric, a.model, a.params, a.quantity,
        a.numerator, a.denominator, a.tiers,
        CASE WHEN a.kind = 'minimum' THEN greatest(a.exact_amount - (
            SELECT coalesce(sum(o.exact_amount), 0) FROM amounts o
            WHERE o.id = a.id AND o.period_start = a.period_start AND o.kind IN ('usage', 'fee')), 0)
        ELSE a.exact_amount END
    FROM amounts a
    UNION ALL
    SELECT x.id, p.component, x.starts_at, x.starts_at, 'setup', x.plan, p.id, NULL, p.model, p.params, 1, 1, 1, NULL,
        tenancy.price_number(p.params, 'amount')
    FROM stretches x JOIN book p ON p.plan = x.plan AND p.kind = 'setup'
      AND p.valid_from <= x.starts_at AND (p.valid_to IS NULL OR p.valid_to > x.starts_at)
    WHERE x.is_new AND x.starts_at >= billable_items.since AND greatest(x.trial_end, x.starts_at) <= billable_items.until
      -- Whoever leaves within the trial owes nothing; whoever only changes the plan then does.
      AND (x.ends_at IS NULL OR x.ends_at > greatest(x.trial_end, x.starts_at)
           OR EXISTS (SELECT FROM stretches y WHERE y.starts_at = x.ends_at AND y.id > x.id));
END
$$;
REVOKE ALL ON FUNCTION tenancy.billable_items(text, timestamptz, timestamptz, bigint, timestamptz, bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.billable_items(text, timestamptz, timestamptz, bigint, timestamptz, bigint[]) IS
'What a tenant owes by an instant for periods that were not over at another, item by item and unrounded: usage, fees, set-up fees and what is missing to a minimum, whether billed or not. A fee is numerator / denominator of its amount. Usage is what is rolled up or, with below_stamp, what the ledger''s rows below it say; known_at takes prices as they were known then, and versions only those states of subscriptions.';
