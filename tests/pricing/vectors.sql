-- Plays worked examples of prices (a JSON list in :'vectors') through the pricing functions; one row a vector.
-- SPDX-License-Identifier: PostgreSQL
\set ON_ERROR_STOP 1
SET client_min_messages = error;

-- ---- one function a kind of example: its parameters and usage to calls, the answers to JSON ----

CREATE FUNCTION pg_temp.numbers(list jsonb) RETURNS numeric[] LANGUAGE sql AS
$$ SELECT coalesce(array_agg((e #>> '{}')::numeric ORDER BY n), '{}') FROM jsonb_array_elements(list) WITH ORDINALITY AS l(e, n) $$;

-- "21/30" is that part of the change, "3.5" the part itself in units.
CREATE FUNCTION pg_temp.part(change numeric, part text) RETURNS numeric LANGUAGE sql AS
$$ SELECT CASE WHEN part LIKE '%/%' THEN tenancy.prorate(1, split_part(part, '/', 1)::numeric, split_part(part, '/', 2)::numeric)
               ELSE tenancy.prorate(1, abs(part::numeric), abs(change)) END $$;

-- Amounts of which the example does not say how they are rounded have two digits; "dp": null is exact.
CREATE FUNCTION pg_temp.rounded(amount numeric, params jsonb, absent integer DEFAULT 2) RETURNS numeric LANGUAGE sql AS
$$ SELECT CASE WHEN params -> 'dp' = 'null' THEN amount
               ELSE tenancy.round_money(amount, coalesce((params ->> 'dp')::integer, absent)) END $$;

CREATE FUNCTION pg_temp.price_quantity(model text, params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('amount', CASE WHEN model = 'multiplier' THEN pg_temp.rounded(sum(p.amount), params) ELSE sum(p.amount) END,
        'packages', sum(p.units), 'per_tier', jsonb_agg(p.amount ORDER BY p.tier), 'tier', max(p.tier))
    FROM tenancy.price(CASE model WHEN 'range_package' THEN 'stair_step' ELSE model END,
        CASE model WHEN 'range_package' THEN jsonb_build_object('tiers', params -> 'ranges') ELSE params - 'dp' END,
        (usage ->> 'quantity')::numeric) p
$$;

CREATE FUNCTION pg_temp.price_increment(model text, params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('amount', d, 'delta', d, 'first', f.amount, 'packages', a.units - f.units)
    FROM (SELECT coalesce(usage ->> 'already_billed', usage ->> 'cumulative_before', '0')::numeric AS before,
              coalesce((usage ->> 'cumulative_after')::numeric,
                  (usage ->> 'already_billed')::numeric + (usage ->> 'new')::numeric) AS after) u,
        tenancy.price_delta(model, params, u.before, u.after) d,
        LATERAL (SELECT sum(p.amount) AS amount, sum(p.units) AS units FROM tenancy.price(model, params, u.before) p) f,
        LATERAL (SELECT sum(p.units) AS units FROM tenancy.price(model, params, u.after) p) a
$$;

CREATE FUNCTION pg_temp.price_list(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('amount', pg_temp.rounded(coalesce(sum(e.amount), 0), params))
    FROM tenancy.price_events('percentage', params - 'dp', pg_temp.numbers(usage -> 'events')) e
$$;

CREATE FUNCTION pg_temp.true_up(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('true_up', greatest(
        tenancy.prorate((params ->> 'minimum')::numeric, used, total, digits)
        - CASE WHEN usage ? 'billed' OR params -> 'prorate_billed' = 'false'
               THEN coalesce(usage ->> 'billed', usage ->> 'billed_full_period')::numeric
               ELSE tenancy.prorate((usage ->> 'billed_full_period')::numeric, used, total, digits) END, 0))
    FROM (SELECT (params ->> 'days_used')::numeric AS used, (params ->> 'days_total')::numeric AS total,
              coalesce((params ->> 'dp')::integer, 2) AS digits) d
$$;

CREATE FUNCTION pg_temp.spend(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('min_spend_line', c.min_spend, 'max_spend_discount', c.max_discount, 'billed_now', c.due)
    FROM tenancy.apply_commitment((usage ->> 'line_amount')::numeric, coalesce((usage ->> 'previously_billed')::numeric, 0),
        (params ->> 'min')::numeric, (params ->> 'max')::numeric) c
$$;

CREATE FUNCTION pg_temp.days(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT to_jsonb(d) FROM tenancy.proration_days(params ->> 'method', (params ->> 'period_from')::date, (params ->> 'period_to')::date,
        (usage ->> 'from')::date, (usage ->> 'to')::date) d
$$;

CREATE FUNCTION pg_temp.plan_change(params jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('credit', c.credit, 'charge', c.charge, 'net_line_rounded', c.net_of_lines, 'net_exact_then_round', c.net)
    FROM tenancy.price_plan_change((params ->> 'old_price')::numeric, (params ->> 'new_price')::numeric,
        (params ->> 'remaining')::numeric, (params ->> 'total')::numeric, coalesce((params ->> 'dp')::integer, 2)) c
$$;

CREATE FUNCTION pg_temp.taxed(params jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('amount', r.amount, 'tax', t.tax, 'total', r.amount + t.tax)
    FROM (SELECT coalesce((params ->> 'dp')::integer, 0) AS digits) d,
        LATERAL (SELECT tenancy.prorate((params ->> 'price')::numeric, (params ->> 'numerator')::numeric, (params ->> 'denominator')::numeric) AS exact) e,
        LATERAL (SELECT tenancy.round_money(e.exact, d.digits) AS amount) r,
        LATERAL (SELECT tenancy.round_money(CASE params ->> 'tax_on' WHEN 'exact' THEN e.exact ELSE r.amount END
            * (params ->> 'tax_pct')::numeric * 0.01, d.digits) AS tax) t
$$;

CREATE FUNCTION pg_temp.time_weighted(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('units', u.units, 'level_at_end', w.level,
        'amount', tenancy.round_money(u.units * coalesce((params ->> 'unit_price')::numeric, 1), 2))
    FROM (SELECT (params ->> 'period_from')::timestamp AT TIME ZONE 'UTC' AS start, (params ->> 'period_to')::timestamp AT TIME ZONE 'UTC' AS stop) p,
        LATERAL (SELECT coalesce(array_agg((e ->> 0)::timestamp AT TIME ZONE 'UTC'), '{}') AS at, coalesce(array_agg((e ->> 1)::numeric), '{}') AS change
                 FROM jsonb_array_elements(usage -> 'events') e) e,
        LATERAL tenancy.weigh_by_time(p.start, p.stop, (params ->> 'initial')::numeric, e.at, e.change) w,
        LATERAL (SELECT tenancy.prorate(w.unit_seconds, 1, CASE coalesce(params ->> 'per', 'period')
            WHEN 'second' THEN 1 WHEN 'minute' THEN 60 WHEN 'hour' THEN 3600 WHEN 'day' THEN 86400
            WHEN 'period' THEN extract(epoch FROM p.stop - p.start) END, (params ->> 'dp')::integer) AS units) u
$$;

CREATE FUNCTION pg_temp.prorated_path(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('amount', pg_temp.rounded(sum(p.amount), params),
        'units', max(coalesce((params ->> 'initial')::numeric, 0) + (SELECT sum(c) FROM unnest(e.changes) c)))
    FROM (SELECT array_agg((e ->> 0)::numeric ORDER BY n) AS changes,
              array_agg(pg_temp.part((e ->> 0)::numeric, e ->> 1) ORDER BY n) AS parts
          FROM jsonb_array_elements(usage -> 'events') WITH ORDINALITY AS l(e, n)) e,
        LATERAL tenancy.price_prorated(params - '{initial,dp}'::text[], coalesce((params ->> 'initial')::numeric, 0), e.changes, e.parts) p
$$;

-- Events with the same id count once: the first.
CREATE FUNCTION pg_temp.aggregate(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('units', a.units, 'amount', a.units * coalesce((params ->> 'unit')::numeric, 1))
    FROM (SELECT tenancy.aggregate_values(params ->> 'agg', array_agg(d.e -> 'v' ORDER BY d.n)) AS units
          FROM (SELECT DISTINCT ON (coalesce(e ->> 'id', n::text)) e, n
                FROM jsonb_array_elements(usage -> 'events') WITH ORDINALITY AS l(e, n)
                ORDER BY coalesce(e ->> 'id', n::text), n) d) a
$$;

CREATE FUNCTION pg_temp.bucketed(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    WITH buckets AS (
        SELECT tenancy.aggregate_values('max', (SELECT array_agg(v) FROM jsonb_array_elements(b) v)) AS quantity
        FROM jsonb_array_elements(usage -> 'buckets') b
    ), priced AS (
        SELECT params -> 'price_per_bucket' AS price, quantity FROM buckets WHERE params ? 'price_per_bucket'
        UNION ALL SELECT params -> 'price_on_total', sum(quantity) FROM buckets HAVING NOT params ? 'price_per_bucket'
    )
    SELECT jsonb_build_object('amount', sum(p.amount), 'quantity', (SELECT sum(quantity) FROM buckets))
    FROM priced x, tenancy.price(x.price ->> 'model', x.price - 'model', x.quantity) p
$$;

CREATE FUNCTION pg_temp.shares(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('shares', jsonb_object_agg(w.names[n], a.amounts[n]))
    FROM (SELECT array_agg(e ->> 0 ORDER BY n) AS names, array_agg((e ->> 1)::numeric ORDER BY n) AS weights
          FROM jsonb_array_elements(usage -> 'weights') WITH ORDINALITY AS l(e, n)) w,
        LATERAL (SELECT tenancy.allocate((usage ->> 'amount')::numeric, w.weights, coalesce((params ->> 'dp')::integer, 2)) AS amounts) a,
        LATERAL generate_subscripts(w.names, 1) n
$$;

CREATE FUNCTION pg_temp.grants(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('balances', jsonb_object_agg(g.id, g.balance),
        'overage', greatest((usage ->> 'usage')::numeric - sum(g.used), 0))
    FROM tenancy.burn_grants(params -> 'grants', (usage ->> 'usage')::numeric) g
$$;

CREATE FUNCTION pg_temp.allowance(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('billable_pre', before.billable, 'billable_current', total.billable - before.billable,
        'allowance_used_now', (usage ->> 'current')::numeric - (total.billable - before.billable))
    FROM (SELECT jsonb_build_object('unit', '1', 'free_units', params -> 'discount_quantity') AS price) p,
        LATERAL (SELECT units AS billable FROM tenancy.price('per_unit', p.price, (usage ->> 'pre')::numeric)) before,
        LATERAL (SELECT units AS billable FROM tenancy.price('per_unit', p.price, (usage ->> 'pre')::numeric + (usage ->> 'current')::numeric)) total
$$;

CREATE FUNCTION pg_temp.invoice(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('subtotal', t.subtotal, 'taxable', t.taxable, 'tax', t.tax, 'total', t.total)
    FROM tenancy.total_invoice(usage -> 'lines', coalesce(params -> 'line_coupons', '[]'), coalesce(params -> 'coupons', '[]'),
        pg_temp.numbers(coalesce(params -> 'tax_pct', '[]')), coalesce((params ->> 'wallet_credits')::numeric, 0), coalesce((params ->> 'dp')::integer, 2)) t
$$;

CREATE FUNCTION pg_temp.rounding(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object(
        'line_rounded', jsonb_build_object('fees', l.fees, 'tax', l.tax, 'total', l.fees + l.tax),
        'round_once', jsonb_build_object('fees', o.fees, 'tax', o.tax, 'total_sum_of_rounded', o.fees + o.tax,
            'total_exact_then_round', tenancy.round_money(e.fees * (1 + e.rate), 0)))
    FROM (SELECT (usage ->> 'lines')::numeric AS lines, (usage ->> 'cents_each')::numeric AS each,
              (usage ->> 'lines')::numeric * (usage ->> 'cents_each')::numeric AS fees, (params ->> 'tax_pct')::numeric * 0.01 AS rate) e,
        LATERAL (SELECT f.fees, tenancy.round_money(f.fees * e.rate, 0) AS tax FROM (SELECT e.lines * tenancy.round_money(e.each, 0) AS fees) f) l,
        LATERAL (SELECT tenancy.round_money(e.fees, 0) AS fees, tenancy.round_money(e.fees * e.rate, 0) AS tax) o
$$;

-- Each run knows the cumulative quantity at the end of each period; it bills what a period's own part has come to, less what was billed for it.
CREATE FUNCTION pg_temp.late(params jsonb, usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    WITH run AS (
        SELECT r.n AS run, p.n AS period, (p.q #>> '{}')::numeric
            - coalesce(lag((p.q #>> '{}')::numeric) OVER (PARTITION BY r.n ORDER BY p.n), 0) AS quantity
        FROM jsonb_array_elements(usage -> 'runs') WITH ORDINALITY AS r(list, n), jsonb_array_elements(r.list) WITH ORDINALITY AS p(q, n)
    ), delta AS (
        SELECT run, period, tenancy.price_delta('per_unit', params,
            coalesce(lag(quantity) OVER (PARTITION BY period ORDER BY run), 0), quantity) AS amount
        FROM run
    )
    SELECT jsonb_build_object('runs', jsonb_agg(r.lines ORDER BY r.run))
    FROM (SELECT run, jsonb_object_agg('period_' || period, amount) FILTER (WHERE amount <> 0) AS lines FROM delta GROUP BY run) r
$$;

CREATE FUNCTION pg_temp.balance(usage jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('charged', i.charged, 'balance', i.charged + (usage ->> 'cba')::numeric + (usage ->> 'credit_adj_extra')::numeric
        - ((usage ->> 'paid')::numeric + (usage ->> 'refunded')::numeric))
    FROM (SELECT coalesce(sum(value::numeric), 0) AS charged FROM jsonb_each_text(usage -> 'items')) i
$$;

CREATE FUNCTION pg_temp.play(model text, params jsonb, usage jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    result jsonb;
BEGIN
    CASE
    WHEN model IN ('flat', 'per_unit', 'graduated', 'graduated_percentage', 'volume', 'package', 'range_package', 'stair_step', 'block_tiers', 'multiplier') THEN
        result := pg_temp.price_quantity(model, params, usage);
    WHEN model ~ '^(graduated|volume|package|per_unit)_incremental$' THEN
        result := pg_temp.price_increment(replace(model, '_incremental', ''), params, usage);
    WHEN model = 'percentage' THEN result := pg_temp.price_list(params, usage);
    WHEN model = 'capacity_tiers' THEN result := (SELECT to_jsonb(c) FROM tenancy.price_capacity(params, usage) c);
    WHEN model = 'flat_plus_usage' THEN
        result := (SELECT jsonb_build_object('amount', sum(p.amount)) FROM jsonb_each(params -> 'rates') r,
            tenancy.price('per_unit', jsonb_build_object('unit', r.value), (usage ->> r.key)::numeric) p);
    WHEN model = 'min_max_commit' THEN result := pg_temp.spend(params, usage);
    WHEN model = 'prorated_true_up' THEN result := pg_temp.true_up(params, usage);
    WHEN model = 'commitment_overage' THEN
        result := jsonb_build_object('amount', tenancy.price_overage((usage ->> 'usage_cost')::numeric, (params ->> 'commitment')::numeric,
            (params ->> 'overage_factor')::numeric, coalesce((params ->> 'true_up')::boolean, false)));
    WHEN model = 'proration' THEN
        result := jsonb_build_object('amount', tenancy.prorate((params ->> 'price')::numeric, (params ->> 'numerator')::numeric,
            (params ->> 'denominator')::numeric, (params ->> 'dp')::integer));
    WHEN model = 'proration_ratio' THEN
        result := jsonb_build_object('ratio', tenancy.prorate(1, (params ->> 'numerator')::numeric, (params ->> 'denominator')::numeric, (params ->> 'dp')::integer));
    WHEN model = 'proration_days' THEN result := pg_temp.days(params, usage);
    WHEN model = 'min_of_cycles' THEN
        result := (SELECT jsonb_build_object('cycles', tenancy.round_money((params ->> 'whole')::numeric + coalesce(sum(tenancy.prorate(1, (f ->> 0)::numeric, (f ->> 1)::numeric)), 0),
            (params ->> 'dp')::integer)) FROM jsonb_array_elements(params -> 'fractions') f);
    WHEN model = 'plan_change' THEN result := pg_temp.plan_change(params);
    WHEN model = 'prorated_charge_tax' THEN result := pg_temp.taxed(params);
    WHEN model = 'time_weighted_sum' THEN result := pg_temp.time_weighted(params, usage);
    WHEN model = 'prorated_graduated_path' THEN result := pg_temp.prorated_path(params, usage);
    WHEN model = 'aggregate' THEN result := pg_temp.aggregate(params, usage);
    WHEN model = 'bucketed_max' THEN result := pg_temp.bucketed(params, usage);
    WHEN model = 'round_units' THEN
        result := jsonb_build_object('units', tenancy.round_money((usage ->> 'units')::numeric, coalesce((params ->> 'precision')::integer, 0), coalesce(params ->> 'fn', 'none')));
    WHEN model = 'unit_conversion' THEN
        result := jsonb_build_object('units', tenancy.convert_units((usage ->> 'quantity')::numeric, params ->> 'op', (params ->> 'factor')::numeric,
            coalesce(params ->> 'rounding', 'none'), coalesce((params ->> 'precision')::integer, 0)));
    WHEN model = 'allocate_largest_remainder' THEN result := pg_temp.shares(params, usage);
    WHEN model = 'grant_burn' THEN result := pg_temp.grants(params, usage);
    WHEN model = 'rollover' THEN
        result := jsonb_build_object('opening_balance', tenancy.roll_over((usage ->> 'ending_balance')::numeric, (params ->> 'min_rollover')::numeric, (params ->> 'max_rollover')::numeric));
    WHEN model = 'free_allowance_split' THEN result := pg_temp.allowance(params, usage);
    WHEN model = 'wallet_topup' THEN
        result := jsonb_build_object('credits', tenancy.buy_credits(coalesce(usage ->> 'paid_credits', usage ->> 'amount')::numeric, coalesce((params ->> 'rate')::numeric, 1)));
    WHEN model = 'invoice' THEN result := pg_temp.invoice(params, usage);
    WHEN model = 'rounding_policy' THEN result := pg_temp.rounding(params, usage);
    WHEN model = 'progressive_billing' THEN
        result := jsonb_build_object('final_invoice', (params ->> 'subscription_fee')::numeric + greatest((usage ->> 'usage_amount')::numeric - (usage ->> 'already_billed')::numeric, 0));
    WHEN model = 'late_usage_correction' THEN result := pg_temp.late(params, usage);
    WHEN model = 'invoice_balance' THEN result := pg_temp.balance(usage);
    WHEN model = 'request_units' THEN
        result := (SELECT jsonb_build_object('ru', tenancy.round_money(sum(tenancy.prorate(tenancy.price_number(usage, u.key, 0), 1, u.value::numeric)), coalesce((params ->> 'dp')::integer, 2)))
            FROM jsonb_each_text(params -> 'units_per_ru') u);
    ELSE RETURN NULL;
    END CASE;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN jsonb_build_object('error', sqlerrm, 'sqlstate', sqlstate);
END
$$;

-- ---- the comparison: numbers by value, and only what the example expects ----

CREATE FUNCTION pg_temp.matches(expected jsonb, actual jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF jsonb_typeof(expected) = 'object' THEN
        RETURN jsonb_typeof(actual) = 'object'
            AND (SELECT coalesce(bool_and(pg_temp.matches(e.value, actual -> e.key)), true) FROM jsonb_each(expected) e);
    ELSIF jsonb_typeof(expected) = 'array' THEN
        RETURN jsonb_typeof(actual) = 'array' AND jsonb_array_length(actual) = jsonb_array_length(expected)
            AND (SELECT coalesce(bool_and(pg_temp.matches(e.value, actual -> (e.n - 1)::integer)), true)
                 FROM jsonb_array_elements(expected) WITH ORDINALITY AS e(value, n));
    ELSIF (expected #>> '{}') ~ '^-?[0-9]+(\.[0-9]+)?$' AND (actual #>> '{}') ~ '^-?[0-9]+(\.[0-9]+)?$' THEN
        RETURN (expected #>> '{}')::numeric = (actual #>> '{}')::numeric;
    END IF;
    RETURN (expected #>> '{}') IS NOT DISTINCT FROM (actual #>> '{}');
END
$$;

CREATE TEMPORARY TABLE vectors AS
SELECT n, v ->> 'id' AS id, v ->> 'model' AS model, v -> 'params' AS params, v -> 'usage' AS usage, v -> 'expected' AS expected
FROM jsonb_array_elements(:'vectors'::jsonb) WITH ORDINALITY AS l(v, n);
