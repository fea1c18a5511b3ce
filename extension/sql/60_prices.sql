-- The price book: what the components of a plan cost, each version valid for a time.
-- SPDX-License-Identifier: PostgreSQL

-- A row is one version of a component, and never changes but for where it ends.
CREATE TABLE tenancy.prices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan text COLLATE "C" NOT NULL,
    component text COLLATE "C" NOT NULL CHECK (component <> ''),
    metric text COLLATE "C",
    model text NOT NULL,
    params jsonb NOT NULL,
    valid_from timestamptz NOT NULL CHECK (isfinite(valid_from)),
    valid_to timestamptz CHECK (valid_to > valid_from),
    kind text NOT NULL CHECK (kind IN ('usage', 'fee', 'setup', 'minimum')),
    timing text NOT NULL DEFAULT 'arrears' CHECK (timing IN ('arrears', 'advance')),
    created_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    CHECK ((kind = 'usage') = (metric IS NOT NULL) AND (kind = 'usage' OR model = 'flat') AND (kind = 'fee' OR timing = 'arrears')),
    UNIQUE (plan, component, valid_from)
);
-- One price at a time. The server has no GiST operators for text: a range of one hash stands for the two
-- names (a plan's id has no slash).
ALTER TABLE tenancy.prices ADD CONSTRAINT prices_overlap EXCLUDE USING gist (
    numrange(hashtextextended(plan || '/' || component, 0), hashtextextended(plan || '/' || component, 0), '[]') WITH &&,
    tstzrange(valid_from, valid_to) WITH &&);
COMMENT ON TABLE tenancy.prices IS
'What a plan''s components cost, in its currency: usage of a metric by a price model (see price() and price_matrix()), a fee a period in advance or arrears, a set-up fee, a minimum a period. Of a component one price is valid at a time, from valid_from until before valid_to (null = until changed); created_at is when it came into the book.';
REVOKE ALL ON tenancy.prices FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.prices', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.prices_id_seq', '');

CREATE FUNCTION tenancy.check_price(model text, params jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF model = 'matrix' THEN
        PERFORM tenancy.price_matrix(params, '{}');
        PERFORM tenancy.check_price(c ->> 'model', c -> 'params')
        FROM (SELECT value AS c FROM jsonb_each(params -> 'prices') UNION ALL SELECT params -> 'default' WHERE params ? 'default') p;
        IF coalesce(params ->> 'attribute', '') = '' THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'a price matrix needs the name of an attribute';
        END IF;
    ELSE
        PERFORM tenancy.price(model, params, 1);
        -- Use that has no price would stop the invoices of whoever has it.
        PERFORM tenancy.price(model, params, 1e15);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.check_price(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_price(text, jsonb) IS 'Internal: an error when a price is not well formed.';

-- 0.10 is 0.1
CREATE FUNCTION tenancy.same_price(a jsonb, b jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN a = b OR (SELECT count(*) = 1 AND bool_and(CASE WHEN a ->> k ~ '^[0-9]+([.][0-9]+)?$' AND b ->> k ~ '^[0-9]+([.][0-9]+)?$'
        THEN (a ->> k)::numeric = (b ->> k)::numeric ELSE false END)
    FROM jsonb_object_keys(a || b) k);
REVOKE ALL ON FUNCTION tenancy.same_price(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.same_price(jsonb, jsonb) IS 'Internal: are two prices the same figure?';

CREATE FUNCTION tenancy.put_price(action text, plan text, component text, kind text, metric text, model text, params jsonb,
    timing text, valid_from timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    start timestamptz := coalesce(put_price.valid_from, tenancy.clock_time());
    next_start timestamptz;
    old_row tenancy.prices;
    new_row tenancy.prices;
BEGIN
    IF put_price.component IS NULL OR put_price.component = '' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'a price component needs a name';
    ELSIF NOT isfinite(start) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the start of a price must be finite';
    END IF;
    PERFORM tenancy.check_price(put_price.model, put_price.params);
    -- One change of a plan's prices at a time; and an invoice being made holds the plan FOR SHARE.
    PERFORM FROM tenancy.plans p WHERE p.id = put_price.plan FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('plan "%s" does not exist', put_price.plan),
            HINT = 'Create it with tenancy.create_plan().';
    END IF;
    SELECT * INTO old_row FROM tenancy.prices p
    WHERE p.plan = put_price.plan AND p.component = put_price.component
      AND (p.kind <> put_price.kind OR p.metric IS DISTINCT FROM put_price.metric) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
            MESSAGE = format('component "%s" of plan "%s" is another kind of price', put_price.component, put_price.plan),
            DETAIL = format('It is %s.', CASE old_row.kind WHEN 'usage' THEN format('the price of metric "%s"', old_row.metric)
                WHEN 'fee' THEN 'a fee' WHEN 'setup' THEN 'a set-up fee' ELSE 'a minimum' END),
            HINT = 'Give it another name.';
    END IF;

    SELECT * INTO old_row FROM tenancy.prices p
    WHERE p.plan = put_price.plan AND p.component = put_price.component
      AND p.valid_from <= start AND (p.valid_to IS NULL OR p.valid_to > start);
    IF old_row.model = put_price.model AND old_row.timing = put_price.timing
       AND tenancy.same_price(old_row.params, put_price.params) THEN
        RETURN false;
    END IF;
    SELECT min(p.valid_from) INTO next_start FROM tenancy.prices p
    WHERE p.plan = put_price.plan AND p.component = put_price.component AND p.valid_from > start;
    -- Invoices must recompute: a period is billed at the price of its start, or that of the subscription's within it, or the first one after that.
    IF EXISTS (SELECT FROM tenancy.invoices i JOIN tenancy.subscriptions s ON s.tenant_id = i.tenant_id
               WHERE s.plan = put_price.plan AND i.status <> 'draft' AND i.period_end > i.period_start
                 AND s.starts_at < i.period_end AND (s.ends_at IS NULL OR s.ends_at > i.period_start)
                 AND (next_start IS NULL OR i.period_start < next_start)
                 AND CASE WHEN old_row.id IS NULL THEN i.period_end > start ELSE greatest(i.period_start, s.starts_at) >= start END)
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
    INSERT INTO tenancy.prices (plan, component, metric, model, params, valid_from, valid_to, kind, timing)
    VALUES (put_price.plan, put_price.component, put_price.metric, put_price.model, put_price.params, start, next_start,
        put_price.kind, put_price.timing)
    RETURNING * INTO new_row;
    PERFORM tenancy.write_audit(put_price.action, put_price.plan || '/' || put_price.component,
        CASE WHEN old_row.id IS NOT NULL THEN to_jsonb(old_row) END, to_jsonb(new_row));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.put_price(text, text, text, text, text, text, jsonb, text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.put_price(text, text, text, text, text, text, jsonb, text, timestamptz) IS
'Internal: ends the price of a component at a time and begins another, with audit.';

CREATE FUNCTION tenancy.set_price(plan text, metric text, unit_amount numeric, valid_from timestamptz DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.metrics m WHERE m.name = set_price.metric) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('metric "%s" does not exist', set_price.metric),
            HINT = 'Create it with tenancy.create_metric().';
    END IF;
    RETURN tenancy.put_price('set_price', plan, metric, 'usage', metric, 'per_unit', jsonb_build_object('unit', unit_amount::text), 'arrears',
        valid_from);
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_price(text, text, numeric, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_price(text, text, numeric, timestamptz) IS
'Sets what a unit of a metric costs in a plan, in the plan''s currency, from a time on (default now) until the next price in the book; a price that starts at that very time is replaced. A period is billed at the price of its start, a plan that is new within it at the price of that time; or at the first one that came after. False if it is the price then already. Errors: 42704 unknown plan or metric, 42710 the plan has a fee of that name, 22023 null, negative, not finite, above 15 digits or with more than 20 decimal places, 55000 it would change what an invoice was made of.';

CREATE FUNCTION tenancy.set_fee(plan text, component text, amount numeric, valid_from timestamptz DEFAULT NULL,
    timing text DEFAULT 'arrears') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF timing IS NULL OR timing NOT IN ('arrears', 'advance') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'a fee is due in arrears or in advance';
    END IF;
    RETURN tenancy.put_price('set_fee', plan, component, 'fee', NULL, 'flat', jsonb_build_object('amount', amount::text), timing, valid_from);
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_fee(text, text, numeric, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_fee(text, text, numeric, timestamptz, text) IS
'Sets a flat fee of a plan a billing period, in the plan''s currency, from a time on (default now); component names it on the invoice, and a fee of 0 is not on it. It is due in arrears (default: on the invoice of the period) or in advance (on the one before, or when the subscription starts), for parts of a period as the plan prorates. False if it is the fee then already. Errors as set_price(): 42704, 42710, 22023, 55000.';

CREATE FUNCTION tenancy.set_price_model(plan text, metric text, model text, params jsonb, valid_from timestamptz DEFAULT NULL,
    component text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.metrics m WHERE m.name = set_price_model.metric) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('metric "%s" does not exist', set_price_model.metric),
            HINT = 'Create it with tenancy.create_metric().';
    END IF;
    RETURN tenancy.put_price('set_price_model', plan, coalesce(component, metric), 'usage', metric, model, params, 'arrears', valid_from);
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_price_model(text, text, text, jsonb, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_price_model(text, text, text, jsonb, timestamptz, text) IS
'Sets how a metric is priced in a plan: a model of price() with its parameters, or matrix with those of price_matrix(), from a time on (default now). The component (default: the metric) names it on the invoice; a metric may have several. percentage prices each ledger row as an event. False if it is the price then already. Errors: 42704 unknown plan or metric, 42710 the component is another kind, 22023 a price that is not well formed, 55000 it would change what an invoice was made of.';

CREATE FUNCTION tenancy.set_setup_fee(plan text, amount numeric, valid_from timestamptz DEFAULT NULL, component text DEFAULT 'setup')
RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.put_price('set_setup_fee', plan, component, 'setup', NULL, 'flat', jsonb_build_object('amount', amount::text), 'arrears', valid_from);
REVOKE ALL ON FUNCTION tenancy.set_setup_fee(text, numeric, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_setup_fee(text, numeric, timestamptz, text) IS
'Sets what a plan costs once, when a tenant''s first subscription begins on it. False if it is that already. Errors as set_price(): 42704, 42710, 22023, 55000.';

CREATE FUNCTION tenancy.set_minimum(plan text, amount numeric, valid_from timestamptz DEFAULT NULL, component text DEFAULT 'minimum')
RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.put_price('set_minimum', plan, component, 'minimum', NULL, 'flat', jsonb_build_object('amount', amount::text), 'arrears', valid_from);
REVOKE ALL ON FUNCTION tenancy.set_minimum(text, numeric, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_minimum(text, numeric, timestamptz, text) IS
'Sets the least that fees and usage of a billing period cost on a plan; what is missing is a line of its own, for parts of a period as the plan prorates. False if it is that already. Errors as set_price(): 42704, 42710, 22023, 55000.';

CREATE FUNCTION tenancy.delete_plan(plan text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    gone tenancy.plans;
    users text;
BEGIN
    SELECT * INTO gone FROM tenancy.plans p WHERE p.id = delete_plan.plan FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT concat_ws(', ', (SELECT nullif(count(*), 0) || CASE count(*) WHEN 1 THEN ' tenant' ELSE ' tenants' END FROM tenancy.tenants t WHERE t.plan = gone.id),
        (SELECT nullif(count(*), 0) || CASE count(*) WHEN 1 THEN ' subscription' ELSE ' subscriptions' END FROM tenancy.subscriptions s WHERE s.plan = gone.id),
        (SELECT nullif(count(*), 0) || CASE count(*) WHEN 1 THEN ' invoice' ELSE ' invoices' END FROM tenancy.invoices i WHERE i.plan = gone.id)) INTO users;
    IF users <> '' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('plan "%s" is in use', gone.id),
            DETAIL = format('It is used by %s, which must be able to recompute.', users),
            HINT = 'Move its tenants with tenancy.change_plan(); a plan that has been billed stays.';
    END IF;
    DELETE FROM tenancy.prices p WHERE p.plan = gone.id;
    DELETE FROM tenancy.plan_limits l WHERE l.plan = gone.id;
    DELETE FROM tenancy.plan_settings s WHERE s.plan = gone.id;
    DELETE FROM tenancy.plans p WHERE p.id = gone.id;
    PERFORM tenancy.write_audit('delete_plan', gone.id, to_jsonb(gone), NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.delete_plan(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.delete_plan(text) IS
'Deletes a plan that was never used, with its prices and limits. False if there is none. Error: 55000 tenants, subscriptions (also ended ones) or invoices use it.';
