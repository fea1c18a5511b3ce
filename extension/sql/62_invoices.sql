-- Invoices: a tenant's month by the price book, rounded once, final for ever.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.invoices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    plan text COLLATE "C" NOT NULL,
    time_zone text NOT NULL,
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL CHECK (period_end > period_start),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status text NOT NULL DEFAULT 'final' CHECK (status IN ('final')),
    total numeric NOT NULL,
    watermark bigint NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    UNIQUE (tenant_id, period_start)
);
COMMENT ON TABLE tenancy.invoices IS
'Issued invoices: one a tenant and calendar month of its time zone. The total is in the currency''s major unit and is the sum of the lines. The usage billed is that of ledger rows with stamps below the watermark.';

CREATE TABLE tenancy.invoice_lines (
    invoice_id bigint NOT NULL,
    line_no integer NOT NULL,
    price_id bigint NOT NULL,
    component text NOT NULL,
    metric text,
    model text NOT NULL,
    params jsonb NOT NULL,
    quantity numeric NOT NULL,
    unit_amount numeric,
    exact_amount numeric NOT NULL,
    amount numeric NOT NULL,
    PRIMARY KEY (invoice_id, line_no)
);
COMMENT ON TABLE tenancy.invoice_lines IS
'Lines of invoices with the price as it was: its row in the price book, quantity, price of a unit (null where there is no single one), the exact amount and the rounded one that adds up to the total.';
REVOKE ALL ON tenancy.invoices, tenancy.invoice_lines FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.invoices', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.invoices_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.invoice_lines', '');

CREATE FUNCTION tenancy.refuse_invoice_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = 'invoices are final',
        DETAIL = format('%s on %I.%I is refused for everybody.', tg_op, tg_table_schema, tg_table_name),
        HINT = 'Correct an invoice on a later one.';
END
$$;
REVOKE ALL ON FUNCTION tenancy.refuse_invoice_change() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.refuse_invoice_change() IS 'Trigger: keeps issued invoices as they are.';
CREATE TRIGGER final BEFORE UPDATE OR DELETE OR TRUNCATE ON tenancy.invoices
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.refuse_invoice_change();
CREATE TRIGGER final BEFORE UPDATE OR DELETE OR TRUNCATE ON tenancy.invoice_lines
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.refuse_invoice_change();

-- Also in sessions with session_replication_role = replica.
ALTER TABLE tenancy.invoices ENABLE ALWAYS TRIGGER final;
ALTER TABLE tenancy.invoice_lines ENABLE ALWAYS TRIGGER final;

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

-- The lines of a month: what an invoice is made of, from the hours, and what it is checked against,
-- from the ledger. The quantity of each price is looked up by itself, so that history costs nothing.
CREATE FUNCTION tenancy.charges(tenant text, plan text, period_start timestamptz, period_end timestamptz,
    below_stamp bigint DEFAULT NULL)
RETURNS TABLE (line_no integer, component text, metric text, model text, params jsonb, quantity numeric,
    unit_amount numeric, exact_amount numeric, price_id bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT (row_number() OVER (ORDER BY v.metric IS NOT NULL, v.component))::integer, v.component, v.metric, v.model,
        v.params, CASE WHEN v.metric IS NULL THEN 1 ELSE q.quantity END, c.unit_amount, c.exact_amount, v.id
    FROM (
        SELECT DISTINCT ON (p.component) p.id, p.component, p.metric, p.model, p.params
        FROM tenancy.prices p
        WHERE p.plan = charges.plan AND p.valid_from < charges.period_end
          AND (p.valid_to IS NULL OR p.valid_to > charges.period_start)
        ORDER BY p.component, p.valid_from) v
    CROSS JOIN LATERAL (
        SELECT CASE WHEN v.metric IS NULL THEN 0 WHEN charges.below_stamp IS NULL THEN (
            SELECT coalesce(sum(h.quantity), 0) FROM tenancy.usage_hourly h
            WHERE h.tenant_id = charges.tenant AND h.metric = v.metric
              AND h.hour >= charges.period_start AND h.hour < charges.period_end)
        ELSE (
            SELECT coalesce(sum(l.amount), 0) FROM tenancy.usage_ledger l
            WHERE l.tenant_id = charges.tenant AND l.metric = v.metric AND l.at >= charges.period_start
              AND l.at < charges.period_end AND l.stamp < charges.below_stamp) END AS quantity) q
    CROSS JOIN LATERAL (
        SELECT CASE WHEN count(*) = 1 THEN min(r.unit_amount) END AS unit_amount, sum(r.amount) AS exact_amount
        FROM tenancy.price(v.model, v.params, q.quantity) r) c
    WHERE CASE WHEN v.metric IS NULL THEN c.exact_amount ELSE q.quantity END <> 0;
END;
REVOKE ALL ON FUNCTION tenancy.charges(text, text, timestamptz, timestamptz, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.charges(text, text, timestamptz, timestamptz, bigint) IS
'What a tenant owes for a period on a plan, line by line and unrounded: flat fees other than 0, and priced metrics it used. Prices are those valid at the start of the period, or the first that began within it; usage is what is rolled up or, with below_stamp, what the ledger''s rows with stamps below that say.';

CREATE FUNCTION tenancy.billing_state(only_tenant text, month date, OUT tenant_id text, OUT plan text,
    OUT time_zone text, OUT currency text, OUT period_start timestamptz, OUT period_end timestamptz,
    OUT invoice_id bigint, OUT problem text) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH periods AS MATERIALIZED (
        SELECT t.id, t.plan, t.status, t.time_zone, t.created_at, t.status_changed_at,
            date_trunc('month', month::timestamp) AT TIME ZONE t.time_zone AS period_start,
            (date_trunc('month', month::timestamp) + interval '1 month') AT TIME ZONE t.time_zone AS period_end
        FROM tenancy.tenants t WHERE only_tenant IS NULL OR t.id = only_tenant
    ), waiting AS MATERIALIZED (
        SELECT DISTINCT p.id FROM periods p JOIN tenancy.usage_ledger l ON l.tenant_id = p.id
        WHERE l.stamp >= coalesce((SELECT s.watermark FROM tenancy.ledger_state s), -9223372036854775808)
          AND l.at >= p.period_start AND l.at < p.period_end
    )
    SELECT p.id, p.plan, p.time_zone, b.currency, p.period_start, p.period_end, i.id,
        CASE WHEN i.id IS NOT NULL THEN NULL
             WHEN p.plan IS NULL OR b.id IS NULL THEN 'no plan'
             WHEN p.created_at >= p.period_end THEN 'created later'
             WHEN p.status = 'closed' AND p.status_changed_at <= p.period_start THEN 'closed before'
             WHEN tenancy.clock_time() < p.period_end THEN 'not over'
             WHEN w.id IS NOT NULL THEN 'usage pending' END
    FROM periods p
    LEFT JOIN tenancy.plans b ON b.id = p.plan
    LEFT JOIN tenancy.invoices i ON i.tenant_id = p.id AND i.period_start = p.period_start
    LEFT JOIN waiting w ON w.id = p.id;
END;
REVOKE ALL ON FUNCTION tenancy.billing_state(text, date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.billing_state(text, date) IS
'Internal: the invoice for a month of each tenant, or of one, or why it cannot be issued.';

CREATE FUNCTION tenancy.billing_error(problem text, tenant text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN CASE problem
    WHEN 'no plan' THEN format('tenant "%s" has no plan', tenant)
    WHEN 'created later' THEN format('tenant "%s" did not exist in the period', tenant)
    WHEN 'closed before' THEN format('tenant "%s" was closed before the period', tenant)
    WHEN 'not over' THEN format('the period of the invoice for tenant "%s" is not over', tenant)
    WHEN 'usage pending' THEN format('usage of tenant "%s" is not rolled up yet', tenant) END;
REVOKE ALL ON FUNCTION tenancy.billing_error(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.billing_error(text, text) IS 'Internal: a problem of billing_state() as an error message.';

CREATE FUNCTION tenancy.make_invoices(only_tenant text, month date) RETURNS SETOF bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    until timestamptz := clock_timestamp() + interval '5 seconds';
BEGIN
    -- Only where it is needed: a rollup holds up others until this transaction ends.
    WHILE EXISTS (SELECT FROM tenancy.billing_state(only_tenant, month) s WHERE s.problem = 'usage pending') LOOP
        PERFORM tenancy.rollup();
        EXIT WHEN clock_timestamp() >= until
            -- no later snapshot will see more
            OR current_setting('transaction_isolation') <> 'read committed'
            OR NOT EXISTS (SELECT FROM tenancy.billing_state(only_tenant, month) s WHERE s.problem = 'usage pending');
        PERFORM pg_sleep(0.02);
    END LOOP;
    -- The prices stay as they are until the invoices are there: set_price() waits for this lock.
    PERFORM FROM tenancy.plans p
    WHERE only_tenant IS NULL OR p.id = (SELECT t.plan FROM tenancy.tenants t WHERE t.id = only_tenant)
    ORDER BY p.id FOR SHARE;

    -- One statement, and so one snapshot: of what is rolled up, of the watermark that says so, and of what
    -- is not. In two, a rollup could come between the total and the lines.
    RETURN QUERY
    WITH lines AS MATERIALIZED (
        SELECT s.tenant_id, s.plan, s.time_zone, s.currency, s.period_start, s.period_end, c.*
        FROM tenancy.billing_state(only_tenant, month) s
        LEFT JOIN LATERAL tenancy.charges(s.tenant_id, s.plan, s.period_start, s.period_end) c ON true
        WHERE s.invoice_id IS NULL AND s.problem IS NULL
    ), sums AS (
        SELECT l.tenant_id, l.plan, l.time_zone, l.currency, l.period_start, l.period_end,
            round(coalesce(sum(l.exact_amount), 0), tenancy.currency_digits(l.currency)) AS total,
            coalesce(array_agg(l.exact_amount ORDER BY l.line_no) FILTER (WHERE l.line_no > 0), '{}') AS exact
        FROM lines l GROUP BY 1, 2, 3, 4, 5, 6
    ), made AS (
        INSERT INTO tenancy.invoices (tenant_id, plan, time_zone, period_start, period_end, currency, total, watermark)
        SELECT s.tenant_id, s.plan, s.time_zone, s.period_start, s.period_end, s.currency, s.total,
            coalesce((SELECT g.watermark FROM tenancy.ledger_state g), -9223372036854775808)
        FROM sums s ORDER BY s.tenant_id
        -- another session was faster: its invoice is as good
        ON CONFLICT ON CONSTRAINT invoices_tenant_id_period_start_key DO NOTHING
        RETURNING *
    ), allotted AS (
        SELECT m.id, m.tenant_id, tenancy.allot(s.exact, m.total, tenancy.currency_digits(m.currency)) AS amounts
        FROM made m JOIN sums s USING (tenant_id)
    ), written AS (
        INSERT INTO tenancy.invoice_lines (invoice_id, line_no, price_id, component, metric, model, params, quantity,
            unit_amount, exact_amount, amount)
        SELECT a.id, l.line_no, l.price_id, l.component, l.metric, l.model, l.params, l.quantity, l.unit_amount,
            l.exact_amount, a.amounts[l.line_no]
        FROM allotted a JOIN lines l USING (tenant_id) WHERE l.line_no > 0
    ), audited AS MATERIALIZED (
        SELECT m.id, tenancy.write_audit('issue_invoice', m.tenant_id, NULL, to_jsonb(m)) FROM made m
    )
    SELECT a.id FROM audited a;
END
$$;
REVOKE ALL ON FUNCTION tenancy.make_invoices(text, date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.make_invoices(text, date) IS
'Internal: issues the invoices of a month that can be issued, of all tenants or of one, and returns the ids of the new ones.';

CREATE FUNCTION tenancy.issue_invoice(tenant text, period date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    payer tenancy.tenants;
    state record;
BEGIN
    IF period IS NULL OR NOT isfinite(period) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the period of an invoice must be a day', HINT = 'Any day of the month will do.';
    END IF;
    SELECT * INTO payer FROM tenancy.tenants t WHERE lower(t.id) = lower(tenant);
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('tenant "%s" does not exist', tenant),
            HINT = 'Check the spelling, or create it with tenancy.create_tenant().';
    END IF;
    SELECT * INTO state FROM tenancy.billing_state(payer.id, period);
    IF state.invoice_id IS NULL AND coalesce(state.problem, 'usage pending') = 'usage pending' THEN
        PERFORM tenancy.make_invoices(payer.id, period);
        SELECT * INTO state FROM tenancy.billing_state(payer.id, period);
    END IF;
    IF state.problem IS NOT NULL THEN
        PERFORM tenancy.raise_error('55000', tenancy.billing_error(state.problem, payer.id),
            CASE state.problem
                WHEN 'created later' THEN format('It was created at %s.', payer.created_at)
                WHEN 'closed before' THEN format('It was closed at %s.', payer.status_changed_at)
                WHEN 'not over' THEN format('It ends at %s.', state.period_end)
                WHEN 'usage pending' THEN 'A transaction that was running when it was recorded has not ended.' END,
            CASE state.problem
                WHEN 'no plan' THEN 'Give it one with tenancy.set_plan().'
                WHEN 'usage pending' THEN 'Try again when older transactions have ended; tenancy.rollup() shows what is pending.' END);
    END IF;
    RETURN state.invoice_id;
END
$$;
REVOKE ALL ON FUNCTION tenancy.issue_invoice(text, date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.issue_invoice(text, date) IS
'Issues the final invoice of a tenant for the calendar month around a day, in the tenant''s time zone, by its present plan, and returns its id; the same id when it was issued before. Rolls up what is not yet, and waits up to 5 seconds for transactions that hold that up. Lines are exact (see charges()), the total is their sum rounded half away from zero to the currency''s minor unit, and the lines are rounded so that they add up to it. A fee is due whole for each month in which the tenant was not closed. Errors: 42704 unknown tenant, 55000 period not over, no plan, not there yet or closed before the period, or usage not rolled up yet, 22023 no day.';

CREATE FUNCTION tenancy.issue_invoices(period date)
RETURNS TABLE (tenant_id text, invoice_id bigint, total numeric, currency text, created boolean, error text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    new_ids bigint[];
BEGIN
    IF period IS NULL OR NOT isfinite(period) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the period of invoices must be a day', HINT = 'Any day of the month will do.';
    END IF;
    SELECT array_agg(n) INTO new_ids FROM tenancy.make_invoices(NULL, period) n;
    RETURN QUERY
    SELECT s.tenant_id, i.id, i.total, i.currency, n.id IS NOT NULL, tenancy.billing_error(s.problem, s.tenant_id)
    FROM tenancy.billing_state(NULL, period) s
    LEFT JOIN tenancy.invoices i ON i.id = s.invoice_id
    LEFT JOIN unnest(new_ids) n(id) ON n.id = s.invoice_id
    WHERE s.problem IS NULL OR s.problem IN ('not over', 'usage pending')
    ORDER BY s.tenant_id;
END
$$;
REVOKE ALL ON FUNCTION tenancy.issue_invoices(date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.issue_invoices(date) IS
'Issues the invoices of a month for all tenants that have a plan, existed in it and were not closed before it, as issue_invoice() does, in one transaction; one row a tenant, created false where there was one already. A tenant whose invoice cannot be issued yet (error says why: its month is not over, usage is not rolled up) does not stop the others. Error: 22023 no day.';

CREATE FUNCTION tenancy.verify_invoice(id bigint)
RETURNS TABLE (line_no integer, component text, expected numeric, actual numeric, ok boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    invoice tenancy.invoices;
BEGIN
    SELECT * INTO invoice FROM tenancy.invoices i WHERE i.id = verify_invoice.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('invoice %s does not exist', verify_invoice.id);
    END IF;
    RETURN QUERY
    WITH charge AS (
        -- From the ledger, not from the hours that the invoice was made of.
        SELECT c.* FROM tenancy.charges(invoice.tenant_id, invoice.plan, invoice.period_start, invoice.period_end,
            invoice.watermark) c
    ), sums AS (
        SELECT round(coalesce(sum(c.exact_amount), 0), tenancy.currency_digits(invoice.currency)) AS total,
            coalesce(array_agg(c.exact_amount ORDER BY c.line_no), '{}') AS exact
        FROM charge c
    ), right_ones AS (
        SELECT c.*, a.amounts[c.line_no] AS amount
        FROM charge c CROSS JOIN (
            SELECT tenancy.allot(s.exact, s.total, tenancy.currency_digits(invoice.currency)) AS amounts FROM sums s) a
    )
    SELECT coalesce(l.line_no, r.line_no), coalesce(l.component, r.component), r.amount, l.amount,
        (r.line_no, r.price_id, r.metric, r.model, r.params, r.quantity, r.exact_amount, r.amount)
            IS NOT DISTINCT FROM (l.line_no, l.price_id, l.metric, l.model, l.params, l.quantity, l.exact_amount, l.amount)
    FROM right_ones r
    FULL JOIN (SELECT * FROM tenancy.invoice_lines x WHERE x.invoice_id = invoice.id) l ON l.component = r.component
    UNION ALL
    SELECT NULL, 'total', s.total, invoice.total, s.total = invoice.total
        AND invoice.total = (SELECT coalesce(sum(x.amount), 0) FROM tenancy.invoice_lines x WHERE x.invoice_id = invoice.id)
    FROM sums s
    ORDER BY 1;
END
$$;
REVOKE ALL ON FUNCTION tenancy.verify_invoice(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.verify_invoice(bigint) IS
'Recomputes an invoice from the ledger and the price book: a row a line and one for the total, with the amount as it must be and as it is; ok where price, quantity, exact and rounded amount all agree. Usage that came after the invoice does not count: see late_usage. Error: 42704 unknown invoice.';

CREATE VIEW tenancy.late_usage AS
SELECT n.invoice_id, n.tenant_id, n.metric, coalesce(b.quantity, 0) AS invoiced,
    coalesce(b.quantity, 0) + n.quantity AS used
FROM (
    SELECT i.id AS invoice_id, i.tenant_id, i.period_start, i.period_end, i.watermark, l.metric, sum(l.amount) AS quantity
    FROM tenancy.invoices i
    JOIN tenancy.usage_ledger l
      ON l.tenant_id = i.tenant_id AND l.at >= i.period_start AND l.at < i.period_end AND l.stamp >= i.watermark
    WHERE l.stamp >= (SELECT min(w.watermark) FROM tenancy.invoices w)
    GROUP BY i.id, l.metric) n
CROSS JOIN LATERAL (
    SELECT sum(l.amount) AS quantity FROM tenancy.usage_ledger l
    WHERE l.tenant_id = n.tenant_id AND l.metric = n.metric AND l.at >= n.period_start AND l.at < n.period_end
      AND l.stamp < n.watermark) b;
COMMENT ON VIEW tenancy.late_usage IS
'Usage that came for a month after its invoice was issued, rolled up or not, priced or not: the quantity the invoice was made from, and the quantity as known now.';
REVOKE ALL ON tenancy.late_usage FROM PUBLIC;

