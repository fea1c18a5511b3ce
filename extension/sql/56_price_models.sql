-- The price models: what a quantity, or a list of events, costs, exactly and unrounded.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.price_keys(model text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN CASE model
    WHEN 'flat' THEN '{amount}'::text[]
    WHEN 'per_unit' THEN '{unit,free_units}'
    WHEN 'package' THEN '{size,price,free_units,round}'
    WHEN 'graduated' THEN '{tiers,zero_flat}'
    WHEN 'graduated_percentage' THEN '{tiers,zero_flat}'
    WHEN 'volume' THEN '{tiers,zero_flat}'
    WHEN 'stair_step' THEN '{tiers}'
    WHEN 'block_tiers' THEN '{tiers,policy}'
    WHEN 'percentage' THEN '{rate_pct,fixed_per_event,free_events,free_amount,min_per_txn,max_per_txn}'
    WHEN 'multiplier' THEN '{multiplier}' END;
REVOKE ALL ON FUNCTION tenancy.price_keys(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price_keys(text) IS
'Internal: the parameters a price model may have; null for an unknown one.';

CREATE FUNCTION tenancy.check_price_keys(model text, params jsonb, keys text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF keys IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('unknown price model "%s"', model),
            HINT = 'Price models are flat, per_unit, package, graduated, graduated_percentage, volume, stair_step, block_tiers, percentage and multiplier.';
    ELSIF jsonb_typeof(params) IS DISTINCT FROM 'object' OR params - keys <> '{}' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('invalid parameters of price model "%s"', model),
            DETAIL = format('They are %s.', coalesce(params::text, 'missing')),
            HINT = format('It takes %s.', array_to_string(keys, ', '));
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.check_price_keys(text, jsonb, text[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_price_keys(text, jsonb, text[]) IS
'Internal: refuses an unknown model, and parameters it does not have.';

-- Blocks beyond the last tier: ALL_TIERS has no price for them, TOP_TIER prices them as the last tier does.
CREATE FUNCTION tenancy.price_blocks(params jsonb, quantity numeric)
RETURNS TABLE (tier integer, units numeric, unit_amount numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    policy text := coalesce(params ->> 'policy', 'ALL_TIERS');
    rest numeric := quantity;
    item jsonb;
    block numeric;
    most numeric;
BEGIN
    IF policy NOT IN ('ALL_TIERS', 'TOP_TIER') OR jsonb_typeof(params -> 'tiers') IS DISTINCT FROM 'array'
       OR params -> 'tiers' = '[]' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid block tiers',
            DETAIL = format('They are %s.', params),
            HINT = 'policy is ALL_TIERS or TOP_TIER; tiers is a list of {"block", "max_blocks", "price"}.';
    END IF;
    FOR n IN 1 .. jsonb_array_length(params -> 'tiers') LOOP
        item := params -> 'tiers' -> (n - 1);
        PERFORM tenancy.check_price_keys('block_tiers', item, '{block,max_blocks,price}');
        block := tenancy.price_number(item, 'block');
        -- null and -1: without end
        most := CASE WHEN coalesce(item ->> 'max_blocks', '-1') = '-1' THEN 'Infinity'
                     ELSE tenancy.price_number(item, 'max_blocks') END;
        IF block = 0 THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'a block must not be empty';
        END IF;
        tier := n;
        unit_amount := tenancy.price_number(item, 'price');
        IF policy = 'ALL_TIERS' THEN
            units := least(ceil(rest / block), most);
            RETURN NEXT;
        END IF;
        IF ceil(rest / block) <= most THEN
            rest := 0;
            EXIT;
        END IF;
        rest := rest - block * most;
    END LOOP;
    IF policy = 'TOP_TIER' THEN
        units := ceil(quantity / block);
        RETURN NEXT;
    ELSIF rest > 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the quantity is above the last tier',
            DETAIL = format('The quantity is %s.', quantity), HINT = 'Give the last tier "max_blocks": null.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.price_blocks(jsonb, numeric) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price_blocks(jsonb, numeric) IS 'Internal: the blocks of a quantity, tier by tier.';

CREATE FUNCTION tenancy.price(model text, params jsonb, quantity numeric)
RETURNS TABLE (tier integer, units numeric, unit_amount numeric, flat_amount numeric, amount numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    billable numeric;
    has_rate boolean := price.model = 'graduated_percentage';
    zero_flat boolean;
BEGIN
    PERFORM tenancy.check_price_keys(price.model, price.params, tenancy.price_keys(price.model));
    IF quantity IS NULL OR quantity IN ('NaN', 'Infinity', '-Infinity') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the quantity to price must be finite';
    ELSIF quantity < 0 AND price.model NOT IN ('flat', 'per_unit', 'multiplier') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('price model "%s" has no price for a negative quantity', price.model),
            DETAIL = format('The quantity is %s.', quantity);
    END IF;
    CASE price.model
    WHEN 'flat' THEN
        RETURN QUERY SELECT 1, 1::numeric, f, 0::numeric, f FROM tenancy.price_number(params, 'amount') f;
    WHEN 'per_unit', 'package' THEN
        billable := quantity - least(tenancy.price_number(params, 'free_units', 0), greatest(quantity, 0));
        IF price.model = 'package' THEN
            IF tenancy.price_number(params, 'size') = 0 OR coalesce(params ->> 'round', 'up') NOT IN ('up', 'down') THEN
                RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid package',
                    DETAIL = format('The parameters are %s.', params),
                    HINT = 'size is more than 0; round is up (a package begun is a package) or down.';
            END IF;
            -- div() is exact; / would round the ratio before it is cut to packages.
            billable := div(billable, tenancy.price_number(params, 'size'))
                + (coalesce(params ->> 'round', 'up') = 'up'
                   AND mod(billable, tenancy.price_number(params, 'size')) > 0)::integer;
        END IF;
        RETURN QUERY SELECT 1, billable, f, 0::numeric, billable * f
        FROM tenancy.price_number(params, CASE price.model WHEN 'package' THEN 'price' ELSE 'unit' END) f;
    WHEN 'multiplier' THEN
        RETURN QUERY SELECT 1, quantity, f, 0::numeric, quantity * f FROM tenancy.price_number(params, 'multiplier') f;
    WHEN 'percentage' THEN
        RETURN QUERY SELECT 1, e.units, e.unit_amount, e.flat_amount, e.amount
        FROM tenancy.price_events(price.model, params, ARRAY[quantity]) e;
    WHEN 'block_tiers' THEN
        RETURN QUERY SELECT b.tier, b.units, b.unit_amount, 0::numeric, b.units * b.unit_amount
        FROM tenancy.price_blocks(params, quantity) b WHERE b.units > 0 OR b.tier = 1;
    WHEN 'stair_step' THEN
        RETURN QUERY SELECT t.tier, quantity, 0::numeric, f, f
        FROM tenancy.price_tiers(params, 'tiers', '{price}', false) t, tenancy.price_number(t.item, 'price') f
        WHERE (quantity > t.above OR t.tier = 1) AND (t.up_to IS NULL OR quantity <= t.up_to);
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the quantity is above the last tier',
                DETAIL = format('The quantity is %s.', quantity), HINT = 'Give the last tier "up_to": null.';
        END IF;
    ELSE -- graduated, graduated_percentage, volume
        IF jsonb_typeof(params -> 'zero_flat') <> 'boolean' THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid price parameter "zero_flat"',
                HINT = 'It is true or false.';
        END IF;
        zero_flat := coalesce((params -> 'zero_flat')::boolean, true);
        RETURN QUERY
        SELECT t.tier, u.units, u.unit, u.flat, u.units * u.unit + u.flat
        FROM tenancy.price_tiers(params, 'tiers', CASE WHEN has_rate THEN '{rate_pct,flat}' ELSE '{unit,flat}' END::text[]) t
        CROSS JOIN LATERAL (
            SELECT CASE WHEN price.model = 'volume' THEN quantity
                        ELSE least(quantity, coalesce(t.up_to, quantity)) - t.above END AS units,
                CASE WHEN has_rate THEN tenancy.price_number(t.item, 'rate_pct', 0) * 0.01
                     ELSE tenancy.price_number(t.item, 'unit', 0) END AS unit,
                CASE WHEN quantity > 0 OR zero_flat THEN tenancy.price_number(t.item, 'flat', 0) ELSE 0 END AS flat) u
        WHERE (quantity > t.above OR t.tier = 1)
          AND (price.model <> 'volume' OR t.up_to IS NULL OR quantity <= t.up_to);
    END CASE;
END
$$;
REVOKE ALL ON FUNCTION tenancy.price(text, jsonb, numeric) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price(text, jsonb, numeric) IS
'What a quantity costs, exactly and unrounded: a row a tier it touches, with the units in it, and amount = units * unit_amount + flat_amount. Models: flat, per_unit, package, graduated, graduated_percentage, volume, stair_step, block_tiers, percentage (of one amount) and multiplier. Errors: 22023 unknown model, bad parameters, tiers with gaps or overlaps, a quantity that is null, not finite, negative where that has no price, or above the last tier.';

CREATE FUNCTION tenancy.price_events(model text, params jsonb, events numeric[])
RETURNS TABLE (event integer, units numeric, unit_amount numeric, flat_amount numeric, amount numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rate numeric;
    fixed numeric;
    free_events numeric;
    free_amount numeric;
    least_amount numeric;
    most_amount numeric;
    passed numeric := 0;
    is_free boolean;
BEGIN
    IF price_events.model IS DISTINCT FROM 'percentage' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('price model "%s" does not price single events', price_events.model),
            HINT = 'Use percentage, or tenancy.price() with their sum.';
    END IF;
    PERFORM tenancy.check_price_keys(price_events.model, params, tenancy.price_keys(price_events.model));
    IF events IS NULL OR EXISTS (SELECT FROM unnest(events) e WHERE e IS NULL OR e IN ('NaN', 'Infinity') OR e < 0) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the amounts of events must be finite and not negative';
    END IF;
    rate := tenancy.price_number(params, 'rate_pct') * 0.01;
    fixed := tenancy.price_number(params, 'fixed_per_event', 0);
    -- An allowance of one kind only is not cut short by the other.
    free_events := tenancy.price_number(params, 'free_events', CASE WHEN params ? 'free_amount' THEN 'Infinity'::numeric ELSE 0 END);
    free_amount := tenancy.price_number(params, 'free_amount', CASE WHEN params ? 'free_events' THEN 'Infinity'::numeric ELSE 0 END);
    least_amount := tenancy.price_number(params, 'min_per_txn', 0);
    most_amount := tenancy.price_number(params, 'max_per_txn', 'Infinity');
    IF least_amount > most_amount THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'min_per_txn is more than max_per_txn';
    END IF;
    unit_amount := rate;
    FOR n IN 1 .. coalesce(array_length(events, 1), 0) LOOP
        event := n;
        units := CASE WHEN n > free_events THEN events[n]
                      ELSE events[n] - least(greatest(free_amount - passed, 0), events[n]) END;
        -- An event that the allowance does not cover to its end has the fixed part whole.
        is_free := n <= free_events AND passed + events[n] <= free_amount;
        flat_amount := CASE WHEN is_free THEN 0 ELSE fixed END;
        amount := CASE WHEN is_free THEN 0
                       ELSE least(greatest(units * rate + flat_amount, least_amount), most_amount) END;
        passed := passed + events[n];
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.price_events(text, jsonb, numeric[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price_events(text, jsonb, numeric[]) IS
'What each of a list of amounts costs by model percentage, in their order: rate_pct percent of it plus fixed_per_event, at least min_per_txn and at most max_per_txn. Free are the first free_events events within the first free_amount of their sum, whichever ends first; that may be in the middle of an event. Errors: 22023 another model, bad parameters, amounts that are null, negative or not finite.';

CREATE FUNCTION tenancy.price_delta(model text, params jsonb, before numeric, after numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN (SELECT sum(p.amount) FROM tenancy.price(model, params, after) p)
     - (SELECT sum(p.amount) FROM tenancy.price(model, params, before) p);
REVOKE ALL ON FUNCTION tenancy.price_delta(text, jsonb, numeric, numeric) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price_delta(text, jsonb, numeric, numeric) IS
'What is still to pay when a cumulative quantity that was billed goes from one value to another: the difference of the prices of both, negative where the later one is cheaper (volume). Splitting a quantity in any way gives the same sum. Errors as price(): 22023.';

-- The first tier that holds every unit's quantity; -1 and null are without end.
CREATE FUNCTION tenancy.price_capacity(params jsonb, quantities jsonb, OUT tier integer, OUT amount numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item jsonb;
BEGIN
    PERFORM tenancy.check_price_keys('capacity_tiers', params, '{tiers}');
    FOR n IN 1 .. CASE jsonb_typeof(params -> 'tiers') WHEN 'array' THEN jsonb_array_length(params -> 'tiers') ELSE 0 END LOOP
        item := params -> 'tiers' -> (n - 1);
        PERFORM tenancy.check_price_keys('capacity_tiers', item, '{price,max}');
        CONTINUE WHEN EXISTS (
            SELECT FROM jsonb_object_keys(quantities) unit
            WHERE coalesce(item -> 'max' ->> unit, '-1') <> '-1'
              AND tenancy.price_number(quantities, unit) > tenancy.price_number(item -> 'max', unit));
        tier := n;
        amount := tenancy.price_number(item, 'price');
        RETURN;
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'no tier has the capacity',
        DETAIL = format('The quantities are %s.', quantities), HINT = 'Give the last tier a "max" of -1 for each unit.';
END
$$;
REVOKE ALL ON FUNCTION tenancy.price_capacity(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price_capacity(jsonb, jsonb) IS
'The price of the first tier that has room for the quantities of all units: {"tiers": [{"price": "10", "max": {"seats": "100"}}, …]}, where a max of -1 is without end. Errors: 22023 bad parameters, or no tier has the room.';

-- Quantities by the values of an attribute, each with a price of its own.
CREATE FUNCTION tenancy.price_matrix(params jsonb, quantities jsonb)
RETURNS TABLE (value text, units numeric, amount numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    unpriced text;
BEGIN
    PERFORM tenancy.check_price_keys('matrix', params, '{attribute,prices,default}');
    IF jsonb_typeof(params -> 'prices') IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid price matrix',
            DETAIL = format('It is %s.', params),
            HINT = 'Write {"attribute": "region", "prices": {"eu": {"model": "per_unit", "params": {"unit": "0.02"}}}, "default": {…}}.';
    END IF;
    SELECT k INTO unpriced FROM jsonb_object_keys(quantities) k
    WHERE NOT params -> 'prices' ? k AND NOT params ? 'default' ORDER BY k COLLATE "C" LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('there is no price for "%s" of attribute "%s"', unpriced, params ->> 'attribute'),
            HINT = 'Give the matrix a price for it, or a "default".';
    END IF;
    RETURN QUERY
    SELECT q.key, q.value::numeric, sum(p.amount)
    FROM jsonb_each_text(quantities) q
    CROSS JOIN LATERAL coalesce(params -> 'prices' -> q.key, params -> 'default') c
    CROSS JOIN LATERAL tenancy.price(c ->> 'model', c -> 'params', q.value::numeric) p
    GROUP BY q.key, q.value ORDER BY q.key COLLATE "C";
END
$$;
REVOKE ALL ON FUNCTION tenancy.price_matrix(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price_matrix(jsonb, jsonb) IS
'What quantities cost that are told apart by the value of one attribute, a row a value: {"attribute": "region", "prices": {"eu": {"model": "per_unit", "params": {"unit": "0.02"}}}, "default": {"model": …}}. Errors: 22023 bad parameters, or a value without a price.';
