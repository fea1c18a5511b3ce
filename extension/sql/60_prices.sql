-- The price book: flat fees and prices per unit of a plan, each valid for a time.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.prices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan text COLLATE "C" NOT NULL,
    component text COLLATE "C" NOT NULL CHECK (component <> ''),
    metric text COLLATE "C",
    model text NOT NULL CHECK (model IN ('flat', 'per_unit')),
    params jsonb NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz CHECK (valid_to > valid_from),
    CHECK ((model = 'flat') = (metric IS NULL)),
    UNIQUE (plan, component, valid_from)
);
CREATE UNIQUE INDEX prices_open ON tenancy.prices (plan, component) WHERE valid_to IS NULL;
COMMENT ON TABLE tenancy.prices IS
'What a plan''s components cost: flat {"amount": "299"} a period, per_unit {"unit": "0.01"} a unit of the metric; decimal strings in the plan''s currency. Of a component one price is valid at a time.';
REVOKE ALL ON tenancy.prices FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.prices', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.prices_id_seq', '');

CREATE FUNCTION tenancy.price(model text, params jsonb, quantity numeric)
RETURNS TABLE (tier integer, units numeric, unit_amount numeric, amount numeric)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    figure numeric;
BEGIN
    IF price.model NOT IN ('flat', 'per_unit') OR price.model IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('unknown price model "%s"', price.model),
            HINT = 'Price models are flat and per_unit.';
    END IF;
    figure := (params ->> CASE price.model WHEN 'flat' THEN 'amount' ELSE 'unit' END)::numeric;
    IF figure IS NULL OR figure < 0 OR figure IN ('NaN', 'Infinity') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('invalid parameters of price model "%s"', price.model),
            DETAIL = format('They are %s.', coalesce(params::text, 'missing')),
            HINT = 'flat takes {"amount": "299"}, per_unit takes {"unit": "0.01"}; amounts are not negative.';
    END IF;
    RETURN QUERY SELECT 1, CASE price.model WHEN 'flat' THEN 1 ELSE price.quantity END, figure,
        CASE price.model WHEN 'flat' THEN figure ELSE price.quantity * figure END;
END
$$;
REVOKE ALL ON FUNCTION tenancy.price(text, jsonb, numeric) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.price(text, jsonb, numeric) IS
'What a quantity costs, exactly and unrounded, a row a tier (one in these models) with the units in it: flat is the amount whatever the quantity, per_unit is quantity times unit. Errors: 22023 unknown model or bad parameters.';

CREATE FUNCTION tenancy.put_price(plan text, component text, metric text, model text, params jsonb,
    valid_from timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    start timestamptz := coalesce(put_price.valid_from, tenancy.clock_time());
    old_row tenancy.prices;
    new_row tenancy.prices;
BEGIN
    -- One change of a plan's prices at a time.
    PERFORM FROM tenancy.plans p WHERE p.id = put_price.plan FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('plan "%s" does not exist', put_price.plan),
            HINT = 'Create it with tenancy.create_plan().';
    END IF;
    IF put_price.component IS NULL OR put_price.component = '' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'a price component needs a name';
    END IF;
    IF NOT isfinite(start) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the start of a price must be finite';
    END IF;
    PERFORM tenancy.price(put_price.model, put_price.params, 1);
    SELECT * INTO old_row FROM tenancy.prices p
    WHERE p.plan = put_price.plan AND p.component = put_price.component AND p.valid_to IS NULL;
    IF old_row.id IS NOT NULL THEN
        IF old_row.model = put_price.model AND old_row.params = put_price.params THEN
            RETURN false;
        END IF;
        IF old_row.model <> put_price.model THEN
            RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
                MESSAGE = format('component "%s" of plan "%s" is priced by another model', put_price.component, put_price.plan),
                DETAIL = format('Its model is %s.', old_row.model), HINT = 'Give the component another name.';
        END IF;
        IF start <= old_row.valid_from THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
                MESSAGE = format('the price of "%s" in plan "%s" cannot start before the present one', put_price.component, put_price.plan),
                DETAIL = format('The present price is valid from %s.', old_row.valid_from),
                HINT = 'Choose a later start; invoices must be able to recompute from the price book.';
        END IF;
        UPDATE tenancy.prices p SET valid_to = start WHERE p.id = old_row.id;
    END IF;
    INSERT INTO tenancy.prices (plan, component, metric, model, params, valid_from)
    VALUES (put_price.plan, put_price.component, put_price.metric, put_price.model, put_price.params, start)
    RETURNING * INTO new_row;
    PERFORM tenancy.write_audit('set_price', put_price.plan || '/' || put_price.component,
        CASE WHEN old_row.id IS NOT NULL THEN to_jsonb(old_row) END, to_jsonb(new_row));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.put_price(text, text, text, text, jsonb, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.put_price(text, text, text, text, jsonb, timestamptz) IS
'Internal: ends the present price of a component and begins another, with audit.';

CREATE FUNCTION tenancy.set_price(plan text, metric text, unit_amount numeric, valid_from timestamptz DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.metrics m WHERE m.name = set_price.metric) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('metric "%s" does not exist', set_price.metric),
            HINT = 'Create it with tenancy.create_metric().';
    END IF;
    RETURN tenancy.put_price(plan, metric, metric, 'per_unit', jsonb_build_object('unit', unit_amount::text), valid_from);
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_price(text, text, numeric, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_price(text, text, numeric, timestamptz) IS
'Sets what a unit of a metric costs in a plan, in the plan''s currency, from a time on (default now). An invoice uses the prices valid when its period begins, or the first ones that came within it. False if it is the price already. Errors: 42704 unknown plan or metric, 22023 negative or not finite, or before the present price.';

CREATE FUNCTION tenancy.set_fee(plan text, component text, amount numeric, valid_from timestamptz DEFAULT NULL)
RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.put_price(plan, component, NULL, 'flat', jsonb_build_object('amount', amount::text), valid_from);
REVOKE ALL ON FUNCTION tenancy.set_fee(text, text, numeric, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_fee(text, text, numeric, timestamptz) IS
'Sets a flat fee of a plan a month, in the plan''s currency, from a time on (default now); component names it on the invoice. False if it is the fee already. Errors as set_price().';

