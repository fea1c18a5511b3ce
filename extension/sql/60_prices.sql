-- The price book: flat fees and prices per unit of a plan, each valid for a time.
-- SPDX-License-Identifier: PostgreSQL

-- A row is one version of a component, and never changes but for where it ends.
CREATE TABLE tenancy.prices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan text COLLATE "C" NOT NULL,
    component text COLLATE "C" NOT NULL CHECK (component <> ''),
    metric text COLLATE "C",
    model text NOT NULL CHECK (model IN ('flat', 'per_unit')),
    params jsonb NOT NULL,
    valid_from timestamptz NOT NULL CHECK (isfinite(valid_from)),
    valid_to timestamptz CHECK (valid_to > valid_from),
    CHECK ((model = 'flat') = (metric IS NULL)),
    UNIQUE (plan, component, valid_from)
);
-- One price at a time. The server has no GiST operators for text: a range of one hash stands for the two
-- names (a plan's id has no slash).
ALTER TABLE tenancy.prices ADD CONSTRAINT prices_overlap EXCLUDE USING gist (
    numrange(hashtextextended(plan || '/' || component, 0), hashtextextended(plan || '/' || component, 0), '[]') WITH &&,
    tstzrange(valid_from, valid_to) WITH &&);
COMMENT ON TABLE tenancy.prices IS
'What a plan''s components cost: flat {"amount": "299"} a period, per_unit {"unit": "0.01"} a unit of the metric; decimal strings in the plan''s currency. Of a component one price is valid at a time, from valid_from until before valid_to (null = until changed).';
REVOKE ALL ON tenancy.prices FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.prices', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.prices_id_seq', '');

CREATE FUNCTION tenancy.put_price(action text, plan text, component text, metric text, model text, figure numeric,
    valid_from timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    start timestamptz := coalesce(put_price.valid_from, tenancy.clock_time());
    next_start timestamptz;
    figure_name text := CASE model WHEN 'flat' THEN 'amount' ELSE 'unit' END;
    new_params jsonb := jsonb_build_object(figure_name, figure::text);
    old_row tenancy.prices;
    new_row tenancy.prices;
BEGIN
    IF put_price.component IS NULL OR put_price.component = '' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'a price component needs a name';
    END IF;
    IF NOT isfinite(start) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the start of a price must be finite';
    END IF;
    PERFORM tenancy.price(put_price.model, new_params, 1);
    -- One change of a plan's prices at a time; and an invoice being made holds the plan FOR SHARE.
    PERFORM FROM tenancy.plans p WHERE p.id = put_price.plan FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('plan "%s" does not exist', put_price.plan),
            HINT = 'Create it with tenancy.create_plan().';
    END IF;
    IF EXISTS (SELECT FROM tenancy.prices p WHERE p.plan = put_price.plan AND p.component = put_price.component
               AND p.metric IS DISTINCT FROM put_price.metric) THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
            MESSAGE = format('component "%s" of plan "%s" is priced by another model', put_price.component, put_price.plan),
            DETAIL = format('It is %s.', CASE WHEN put_price.metric IS NULL THEN 'the price of a metric' ELSE 'a flat fee' END),
            HINT = 'Give the fee another name.';
    END IF;

    SELECT * INTO old_row FROM tenancy.prices p
    WHERE p.plan = put_price.plan AND p.component = put_price.component
      AND p.valid_from <= start AND (p.valid_to IS NULL OR p.valid_to > start);
    -- 0.10 is 0.1
    IF old_row.model = put_price.model AND (old_row.params ->> figure_name)::numeric = figure THEN
        RETURN false;
    END IF;
    SELECT min(p.valid_from) INTO next_start FROM tenancy.prices p
    WHERE p.plan = put_price.plan AND p.component = put_price.component AND p.valid_from > start;
    -- Invoices must recompute: a month is billed at the price of its start, or the first one after that.
    IF EXISTS (SELECT FROM tenancy.invoices i
               WHERE i.plan = put_price.plan AND (next_start IS NULL OR i.period_start < next_start)
                 AND CASE WHEN old_row.id IS NULL THEN i.period_end > start ELSE i.period_start >= start END)
       OR (old_row.valid_from = start
           AND EXISTS (SELECT FROM tenancy.invoice_lines l WHERE l.price_id = old_row.id)) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('plan "%s" has been invoiced at other prices', put_price.plan),
            DETAIL = format('The price of "%s" would be valid from %s, and change what an invoice was made of.', put_price.component, start),
            HINT = 'Choose a later start; invoices must be able to recompute from the price book.';
    END IF;
    IF old_row.valid_from = start THEN
        -- Corrected before it was used.
        DELETE FROM tenancy.prices p WHERE p.id = old_row.id;
    ELSE
        UPDATE tenancy.prices p SET valid_to = start WHERE p.id = old_row.id;
    END IF;
    INSERT INTO tenancy.prices (plan, component, metric, model, params, valid_from, valid_to)
    VALUES (put_price.plan, put_price.component, put_price.metric, put_price.model, new_params, start, next_start)
    RETURNING * INTO new_row;
    PERFORM tenancy.write_audit(put_price.action, put_price.plan || '/' || put_price.component,
        CASE WHEN old_row.id IS NOT NULL THEN to_jsonb(old_row) END, to_jsonb(new_row));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.put_price(text, text, text, text, text, numeric, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.put_price(text, text, text, text, text, numeric, timestamptz) IS
'Internal: ends the price of a component at a time and begins another, with audit.';

CREATE FUNCTION tenancy.set_price(plan text, metric text, unit_amount numeric, valid_from timestamptz DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.metrics m WHERE m.name = set_price.metric) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('metric "%s" does not exist', set_price.metric),
            HINT = 'Create it with tenancy.create_metric().';
    END IF;
    RETURN tenancy.put_price('set_price', plan, metric, metric, 'per_unit', unit_amount, valid_from);
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_price(text, text, numeric, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_price(text, text, numeric, timestamptz) IS
'Sets what a unit of a metric costs in a plan, in the plan''s currency, from a time on (default now) until the next price in the book; a price that starts at that very time is replaced. A month is billed at the price of its start, or the first one that came within it. False if it is the price then already. Errors: 42704 unknown plan or metric, 42710 the plan has a fee of that name, 22023 null, negative, not finite, above 15 digits or with more than 20 decimal places, 55000 it would change what an invoice was made of.';

CREATE FUNCTION tenancy.set_fee(plan text, component text, amount numeric, valid_from timestamptz DEFAULT NULL)
RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.put_price('set_fee', plan, component, NULL, 'flat', amount, valid_from);
REVOKE ALL ON FUNCTION tenancy.set_fee(text, text, numeric, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_fee(text, text, numeric, timestamptz) IS
'Sets a flat fee of a plan a month, in the plan''s currency, from a time on (default now); component names it on the invoice, and a fee of 0 is not on it. False if it is the fee then already. Errors as set_price(): 42704, 42710, 22023, 55000.';

