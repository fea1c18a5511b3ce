-- From events to billable quantities: aggregation, levels over time, prorated tiers, allowances and grants.
-- SPDX-License-Identifier: PostgreSQL

-- The integral of a level over a period, in closed form: each change counts for the time that is left.
CREATE FUNCTION tenancy.weigh_by_time(period_from timestamptz, period_to timestamptz, initial numeric,
    times timestamptz[], changes numeric[], OUT unit_seconds numeric, OUT level numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (period_from < period_to) IS NOT TRUE OR cardinality(times) IS DISTINCT FROM cardinality(changes) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid levels',
            DETAIL = format('The period is from %s to %s, with %s times and %s changes.', period_from, period_to,
                cardinality(times), cardinality(changes));
    END IF;
    SELECT coalesce(initial, 0) * extract(epoch FROM period_to - period_from)
            + coalesce(sum(c.change * extract(epoch FROM period_to - greatest(c.at, period_from))), 0),
        coalesce(initial, 0) + coalesce(sum(c.change), 0)
    INTO unit_seconds, level
    FROM unnest(times, changes) AS c(at, change) WHERE c.at < period_to;
END
$$;
REVOKE ALL ON FUNCTION tenancy.weigh_by_time(timestamptz, timestamptz, numeric, timestamptz[], numeric[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.weigh_by_time(timestamptz, timestamptz, numeric, timestamptz[], numeric[]) IS
'A level over a period: its integral in unit seconds (divide by 3600 for unit hours, by the period''s seconds for the average), and its value at the end. The level is initial at the start and changes at the times given; changes before the period count from its start. Error: 22023 a period that is none, or as many times as changes are not given.';

-- The level walks over the tiers; what a change adds to or takes from a tier is priced for the part of the
-- period that is left. A tier's flat amount stays when the level goes down again.
CREATE FUNCTION tenancy.price_prorated(params jsonb, initial numeric, changes numeric[], parts numeric[])
RETURNS TABLE (tier integer, units numeric, unit_amount numeric, flat_amount numeric, amount numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF initial < 0 OR cardinality(changes) IS DISTINCT FROM cardinality(parts)
       OR EXISTS (SELECT FROM (SELECT initial + sum(c.change) OVER (ORDER BY c.n) AS level
                               FROM unnest(changes) WITH ORDINALITY AS c(change, n)) l WHERE l.level < 0) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid levels',
            DETAIL = format('The level is %s, with changes %s and parts %s.', initial, changes, parts),
            HINT = 'The level must not go below 0.';
    END IF;
    PERFORM tenancy.check_price_keys('graduated', params, '{tiers,initial}');
    RETURN QUERY
    WITH walk AS (
        SELECT c.part, initial + coalesce(sum(c.change) OVER (ORDER BY c.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS was,
            initial + sum(c.change) OVER (ORDER BY c.n) AS now
        FROM unnest(changes, parts) WITH ORDINALITY AS c(change, part, n)
        UNION ALL SELECT 1, 0, initial
    )
    SELECT t.tier, u.units, p.unit, p.flat, u.units * p.unit + p.flat
    FROM tenancy.price_tiers(params, 'tiers', '{unit,flat}') t
    CROSS JOIN LATERAL (
        SELECT sum((least(greatest(w.now, t.above), coalesce(t.up_to, 'Infinity'))
                  - least(greatest(w.was, t.above), coalesce(t.up_to, 'Infinity'))) * w.part) AS units,
            max(w.now) AS highest
        FROM walk w) u
    CROSS JOIN LATERAL (
        SELECT tenancy.price_number(t.item, 'unit', 0) AS unit, tenancy.price_number(t.item, 'flat', 0) AS flat) p
    WHERE u.highest > t.above OR t.tier = 1;
END
$$;
REVOKE ALL ON FUNCTION tenancy.price_prorated(jsonb, numeric, numeric[], numeric[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price_prorated(jsonb, numeric, numeric[], numeric[]) IS
'Graduated tiers for a level that changes within a period (seats): each change is priced in the tiers it moves through, for the part of the period that was left (0 to 1); the initial level is there all the time. The flat amount of a tier that was touched is due. Errors: 22023 bad tiers, or a level below 0.';

-- A fixed order: priority, then what expires first, then the oldest, so that every run burns the same.
CREATE FUNCTION tenancy.burn_grants(grants jsonb, usage numeric)
RETURNS TABLE (id text, used numeric, balance numeric)
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT g.id, g.used, g.balance - g.used
    FROM (
        SELECT o.id, o.balance, o.place,
            least(o.balance, greatest(burn_grants.usage - coalesce(sum(o.balance) OVER (ORDER BY o.place
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0), 0)) AS used
        FROM (SELECT e.item ->> 'id' AS id, (e.item ->> 'balance')::numeric AS balance,
                  row_number() OVER (ORDER BY coalesce((e.item ->> 'priority')::numeric, 0),
                      (e.item ->> 'expires_at')::timestamp NULLS LAST, (e.item ->> 'created_at')::timestamp NULLS FIRST,
                      e.item ->> 'id' COLLATE "C") AS place
              FROM jsonb_array_elements(burn_grants.grants) AS e(item)) o) g
    ORDER BY g.place;
END;
REVOKE ALL ON FUNCTION tenancy.burn_grants(jsonb, numeric) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.burn_grants(jsonb, numeric) IS
'Draws usage from grants [{"id", "balance", "priority", "expires_at", "created_at"}] in the order in which they are used up: priority (lower first), then what expires first, then the older, then id; a row a grant with what it gave and what is left, never below 0. What is above the sum of the grants is overage.';

CREATE FUNCTION tenancy.aggregate_values(aggregation text, vals jsonb[]) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result numeric;
BEGIN
    CASE aggregation
    WHEN 'count' THEN RETURN coalesce(cardinality(vals), 0);
    WHEN 'unique', 'unique_count', 'count_unique' THEN RETURN (SELECT count(DISTINCT v) FROM unnest(vals) v);
    WHEN 'sum' THEN SELECT sum((v #>> '{}')::numeric) INTO result FROM unnest(vals) v;
    WHEN 'max' THEN SELECT max((v #>> '{}')::numeric) INTO result FROM unnest(vals) v;
    WHEN 'min' THEN SELECT min((v #>> '{}')::numeric) INTO result FROM unnest(vals) v;
    WHEN 'avg' THEN SELECT tenancy.prorate(sum((v #>> '{}')::numeric), 1, count(*)) INTO result FROM unnest(vals) v;
    WHEN 'last', 'latest' THEN result := (vals[cardinality(vals)] #>> '{}')::numeric;
    ELSE
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('unknown aggregation "%s"', aggregation),
            HINT = 'Aggregations are sum, count, max, min, avg, last and unique.';
    END CASE;
    RETURN coalesce(result, 0);
END
$$;
REVOKE ALL ON FUNCTION tenancy.aggregate_values(text, jsonb[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.aggregate_values(text, jsonb[]) IS
'The billable quantity of a list of values in the order of their events: sum, count, max, min, avg, last, or unique (how many different ones); 0 of none. Error: 22023 unknown aggregation, 22P02 a value that is no number.';

CREATE FUNCTION tenancy.convert_units(quantity numeric, operation text, factor numeric, rounding text DEFAULT 'none',
    digits integer DEFAULT 0) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF operation IS NULL OR operation NOT IN ('multiply', 'divide') OR (factor > 0) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid unit conversion',
            DETAIL = format('It is "%s" by %s.', operation, factor), HINT = 'multiply or divide by a factor above 0.';
    END IF;
    RETURN tenancy.round_money(
        CASE operation WHEN 'multiply' THEN quantity * factor ELSE tenancy.prorate(quantity, 1, factor) END, digits, rounding);
END
$$;
REVOKE ALL ON FUNCTION tenancy.convert_units(numeric, text, numeric, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.convert_units(numeric, text, numeric, text, integer) IS
'A metered quantity in billed units: multiplied or divided by a factor and then rounded to digits (none, half_up, half_even, up, down). Error: 22023 unknown operation or rounding, or a factor that is not positive.';

CREATE FUNCTION tenancy.roll_over(ending_balance numeric, minimum numeric DEFAULT 0, maximum numeric DEFAULT NULL) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN least(greatest(ending_balance, coalesce(minimum, 0)), maximum);
REVOKE ALL ON FUNCTION tenancy.roll_over(numeric, numeric, numeric) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.roll_over(numeric, numeric, numeric) IS
'The balance a grant begins its next period with: what was left, at least minimum and at most maximum (null = no maximum).';

CREATE FUNCTION tenancy.buy_credits(paid numeric, rate numeric DEFAULT 1, digits integer DEFAULT 2) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN tenancy.prorate(paid, 1, rate, digits);
REVOKE ALL ON FUNCTION tenancy.buy_credits(numeric, numeric, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.buy_credits(numeric, numeric, integer) IS
'The credits that a payment buys at a price of rate each, rounded half away from zero to digits. Error: 22023 a rate that is not positive.';

-- Discounts first, then tax on what is left of each, then prepaid credits: they pay a bill, they do not make it smaller.
CREATE FUNCTION tenancy.total_invoice(lines jsonb, line_coupons jsonb, coupons jsonb, tax_rates numeric[], credits numeric, digits integer,
    OUT subtotal numeric, OUT discount numeric, OUT taxable numeric, OUT tax numeric, OUT credits_used numeric, OUT total numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    coupon jsonb;
BEGIN
    IF jsonb_typeof(lines) IS DISTINCT FROM 'object' OR credits < 0 OR EXISTS (SELECT FROM unnest(tax_rates) r WHERE r < 0)
       OR EXISTS (SELECT FROM jsonb_array_elements(line_coupons) c WHERE NOT lines ? (c ->> 'line')) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid invoice',
            DETAIL = format('Lines %s, coupons of lines %s, tax rates %s, credits %s.', lines, line_coupons, tax_rates, credits);
    END IF;
    SELECT coalesce(sum(l.value::numeric), 0),
        coalesce(sum(greatest(l.value::numeric
            - l.value::numeric * coalesce((SELECT sum((c ->> 'pct')::numeric) FROM jsonb_array_elements(line_coupons) c WHERE c ->> 'line' = l.key), 0) * 0.01
            - coalesce((SELECT sum((c ->> 'amount')::numeric) FROM jsonb_array_elements(line_coupons) c WHERE c ->> 'line' = l.key), 0),
            least(l.value::numeric, 0))), 0)
    INTO subtotal, taxable FROM jsonb_each_text(lines) l;
    FOR coupon IN SELECT * FROM jsonb_array_elements(coupons) LOOP
        taxable := greatest(taxable - CASE WHEN coupon ? 'pct' THEN taxable * (coupon ->> 'pct')::numeric * 0.01
                                           ELSE (coupon ->> 'amount')::numeric END, least(taxable, 0));
    END LOOP;
    subtotal := tenancy.round_money(subtotal, digits);
    taxable := tenancy.round_money(taxable, digits);
    discount := subtotal - taxable;
    tax := coalesce((SELECT sum(tenancy.round_money(taxable * r * 0.01, digits)) FROM unnest(tax_rates) r), 0);
    credits_used := least(coalesce(credits, 0), greatest(taxable + tax, 0));
    total := taxable + tax - credits_used;
END
$$;
REVOKE ALL ON FUNCTION tenancy.total_invoice(jsonb, jsonb, jsonb, numeric[], numeric, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.total_invoice(jsonb, jsonb, jsonb, numeric[], numeric, integer) IS
'The total of an invoice from its lines {"name": "amount"}: coupons of lines [{"line", "pct" | "amount"}], then coupons of the whole [{"pct" | "amount"}] in their order, never below 0; then each tax rate (percent) on what is left, rounded half away from zero to digits; then prepaid credits. Error: 22023 a coupon of a line that is not there, negative rates or credits.';
