-- Prices and time: parts of a period, changes of plan, commitments, and shares of a sum.
-- SPDX-License-Identifier: PostgreSQL

-- A ratio is kept as a fraction until money is rounded: amount * numerator / denominator, not amount * (n / d).
CREATE FUNCTION tenancy.round_money(amount numeric, digits integer, mode text DEFAULT 'half_up') RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    unit numeric := ('1e' || digits)::numeric;
    scaled numeric := amount * unit;
    whole numeric := trunc(scaled);
BEGIN
    CASE mode
    WHEN 'none' THEN RETURN amount;
    WHEN 'half_up', 'round' THEN RETURN round(amount, digits);
    WHEN 'up', 'ceil', 'ceiling' THEN whole := ceil(scaled);
    WHEN 'down', 'floor' THEN whole := floor(scaled);
    WHEN 'half_even' THEN
        whole := CASE WHEN abs(scaled - whole) > 0.5 OR (abs(scaled - whole) = 0.5 AND mod(whole, 2) <> 0)
                      THEN whole + sign(scaled) ELSE whole END;
    ELSE
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('unknown rounding "%s"', mode),
            HINT = 'It is half_up, half_even, up, down or none.';
    END CASE;
    RETURN CASE WHEN digits >= 0 THEN round(whole * ('1e-' || digits)::numeric, digits) ELSE whole * ('1e' || -digits)::numeric END;
END
$$;
REVOKE ALL ON FUNCTION tenancy.round_money(numeric, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.round_money(numeric, integer, text) IS
'Rounds to a number of decimal digits (negative: to tens, hundreds, …): half_up (half away from zero, the default), half_even, up (ceiling), down (floor) or none. Error: 22023 unknown rounding.';

CREATE FUNCTION tenancy.prorate(amount numeric, numerator numeric, denominator numeric, digits integer DEFAULT NULL,
    rounding text DEFAULT 'half_up') RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    product numeric := amount * numerator;
BEGIN
    IF denominator IS NULL OR denominator <= 0 OR numerator < 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid part of a period',
            DETAIL = format('It is %s of %s.', numerator, denominator);
    END IF;
    -- 40 digits: what division cuts off is far below any unit that money is rounded to.
    product := CASE WHEN numerator = denominator THEN amount
                    ELSE trim_scale(round(product, greatest(scale(product), 40)) / denominator) END;
    RETURN CASE WHEN digits IS NULL THEN product ELSE tenancy.round_money(product, digits, rounding) END;
END
$$;
REVOKE ALL ON FUNCTION tenancy.prorate(numeric, numeric, numeric, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prorate(numeric, numeric, numeric, integer, text) IS
'The part of an amount that falls to numerator of denominator days or seconds: amount * numerator / denominator, to 40 decimal digits or rounded once to digits. Error: 22023 a denominator that is not positive, or a negative numerator.';

CREATE FUNCTION tenancy.count_days(method text, first date, until date) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE method
    WHEN 'actual', 'actual/360', 'fixed_30' THEN RETURN until - first;
    WHEN '30/360' THEN
        -- Each month has 30 days; its 31st is its 30th.
        RETURN (extract(year FROM until) - extract(year FROM first)) * 360
            + (extract(month FROM until) - extract(month FROM first)) * 30
            + least(extract(day FROM until), 30) - least(extract(day FROM first), 30);
    ELSE
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('unknown day count "%s"', method),
            HINT = 'Day counts are actual, actual/360, 30/360 and fixed_30.';
    END CASE;
END
$$;
REVOKE ALL ON FUNCTION tenancy.count_days(text, date, date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.count_days(text, date, date) IS
'Days from a date until before another: the calendar''s (actual, actual/360, fixed_30), or with 30 days in every month (30/360). Error: 22023 unknown day count.';

CREATE FUNCTION tenancy.proration_days(method text, period_from date, period_to date, used_from date, used_to date,
    OUT numerator integer, OUT denominator integer)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT (period_from < period_to AND used_from <= used_to AND isfinite(period_from) AND isfinite(period_to)) IS TRUE
       OR used_from IS NULL OR used_to IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid period',
            DETAIL = format('The period is from %s to %s, used from %s to %s.', period_from, period_to, used_from, used_to);
    END IF;
    numerator := greatest(tenancy.count_days(method, greatest(used_from, period_from), least(used_to, period_to)), 0);
    -- A month has 30 days in all but the actual count.
    denominator := CASE method WHEN 'actual' THEN period_to - period_from
        ELSE 30 * greatest((extract(year FROM age(period_to, period_from)) * 12 + extract(month FROM age(period_to, period_from)))::integer, 1) END;
    numerator := least(numerator, denominator);
END
$$;
REVOKE ALL ON FUNCTION tenancy.proration_days(text, date, date, date, date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.proration_days(text, date, date, date, date) IS
'How much of a period was used, in days, ends not included: by the calendar (actual), or of months with 30 days, counted by the calendar (actual/360, fixed_30) or with 30 days in every month (30/360). Never more than the whole. Error: 22023 unknown day count, or dates out of order.';

CREATE FUNCTION tenancy.price_plan_change(old_price numeric, new_price numeric, remaining numeric, total numeric,
    digits integer DEFAULT 2, OUT credit numeric, OUT charge numeric, OUT net numeric, OUT net_of_lines numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    credit := tenancy.prorate(old_price, remaining, total, digits);
    charge := tenancy.prorate(new_price, remaining, total, digits);
    net := tenancy.prorate(new_price - old_price, remaining, total, digits);
    net_of_lines := charge - credit;
END
$$;
REVOKE ALL ON FUNCTION tenancy.price_plan_change(numeric, numeric, numeric, numeric, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price_plan_change(numeric, numeric, numeric, numeric, integer) IS
'A change of plan in the middle of a paid period: credit for what remains of the old price, charge for that of the new one, net rounded once (what an invoice asks for), and the net of the rounded lines. Error: 22023 bad part of a period.';

CREATE FUNCTION tenancy.apply_commitment(amount numeric, billed numeric, minimum numeric, maximum numeric,
    OUT min_spend numeric, OUT max_discount numeric, OUT due numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF minimum < 0 OR maximum < 0 OR minimum > maximum THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid commitment',
            DETAIL = format('The minimum is %s, the maximum %s.', minimum, maximum);
    END IF;
    max_discount := greatest(amount - greatest(coalesce(maximum, 'Infinity') - billed, 0), 0);
    max_discount := CASE WHEN maximum IS NULL THEN 0 ELSE max_discount END;
    min_spend := greatest(coalesce(minimum, 0) - billed - amount, 0);
    due := amount - max_discount + min_spend;
END
$$;
REVOKE ALL ON FUNCTION tenancy.apply_commitment(numeric, numeric, numeric, numeric) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.apply_commitment(numeric, numeric, numeric, numeric) IS
'The last amount of a period with a minimum and maximum spend (null = none), after what was billed in it before: what is missing to the minimum, what is above the maximum, and what is due. Error: 22023 negative, or a minimum above the maximum.';

CREATE FUNCTION tenancy.price_overage(cost numeric, commitment numeric, overage_factor numeric DEFAULT 1,
    true_up boolean DEFAULT false) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN cost > commitment THEN commitment + (cost - commitment) * overage_factor
            WHEN true_up THEN commitment ELSE cost END;
REVOKE ALL ON FUNCTION tenancy.price_overage(numeric, numeric, numeric, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price_overage(numeric, numeric, numeric, boolean) IS
'A cost under a commitment: above it, the commitment plus overage_factor times the rest; below it, the cost, or with true_up the whole commitment.';

-- Products of whole numbers: no division decides who gets the last unit.
CREATE FUNCTION tenancy.allocate(amount numeric, weights numeric[], digits integer) RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whole numeric := amount * ('1e' || digits)::numeric;
    weight_sum numeric := (SELECT sum(w) FROM unnest(weights) w);
    result numeric[];
BEGIN
    IF amount IS NULL OR trunc(whole) <> whole OR weight_sum IS NULL OR weight_sum <= 0
       OR weight_sum IN ('NaN', 'Infinity') OR EXISTS (SELECT FROM unnest(weights) w WHERE w IS NULL OR w < 0) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid shares',
            DETAIL = format('The amount is %s to %s digits, the weights are %s.', amount, digits, weights),
            HINT = 'The amount is a multiple of the smallest unit; weights are not negative, and one is more than 0.';
    END IF;
    SELECT array_agg((s.share + sign(whole) * (s.rank <= s.missing)::integer) * ('1e-' || digits)::numeric ORDER BY s.n) INTO result
    FROM (SELECT p.n, p.share, abs(whole) - sum(abs(p.share)) OVER () AS missing,
              row_number() OVER (ORDER BY abs(p.product - p.share * weight_sum) DESC, p.n) AS rank
          FROM (SELECT w.n, whole * w.weight AS product, div(whole * w.weight, weight_sum) AS share
                FROM unnest(weights) WITH ORDINALITY AS w(weight, n)) p) s;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION tenancy.allocate(numeric, numeric[], integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.allocate(numeric, numeric[], integer) IS
'Divides an amount by weights into shares of whole units that add up to it: each gets what is its due rounded down, the units left go to the largest remainders, of equal ones to the earlier. Error: 22023 an amount that is no multiple of the unit, weights that are negative or all 0.';
