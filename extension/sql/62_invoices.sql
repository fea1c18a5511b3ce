-- Invoices: a tenant's month by the price book, rounded once, final for ever.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.invoices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    plan text COLLATE "C" NOT NULL,
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL CHECK (period_end > period_start),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status text NOT NULL DEFAULT 'final' CHECK (status IN ('final')),
    total numeric NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    UNIQUE (tenant_id, period_start)
);
COMMENT ON TABLE tenancy.invoices IS
'Issued invoices: one a tenant and month. The total is in the currency''s major unit and is the sum of the lines.';

CREATE TABLE tenancy.invoice_lines (
    invoice_id bigint NOT NULL,
    line_no integer NOT NULL,
    component text NOT NULL,
    metric text,
    model text NOT NULL,
    params jsonb NOT NULL,
    quantity numeric NOT NULL,
    unit_amount numeric NOT NULL,
    exact_amount numeric NOT NULL,
    amount numeric NOT NULL,
    PRIMARY KEY (invoice_id, line_no)
);
COMMENT ON TABLE tenancy.invoice_lines IS
'Lines of invoices with the price as it was: quantity, price of a unit, the exact amount and the rounded one that adds up to the total.';
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
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN (
    WITH share AS (
        SELECT e.n, floor(e.amount * 10::numeric ^ digits) AS units,
            row_number() OVER (ORDER BY e.amount * 10::numeric ^ digits - floor(e.amount * 10::numeric ^ digits) DESC, e.n) AS rank
        FROM unnest(exact) WITH ORDINALITY AS e(amount, n)
    ), missing AS (
        SELECT total * 10::numeric ^ digits - coalesce(sum(s.units), 0) AS units, count(*) AS lines FROM share s
    )
    SELECT array_agg(round((s.units + div(m.units, m.lines)
        + CASE WHEN s.rank <= m.units - div(m.units, m.lines) * m.lines THEN 1 ELSE 0 END)
        / 10::numeric ^ digits, digits) ORDER BY s.n)
    FROM share s CROSS JOIN missing m);
REVOKE ALL ON FUNCTION tenancy.allot(numeric[], numeric, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.allot(numeric[], numeric, integer) IS
'Rounds amounts to a number of digits so that they add up to a total (largest remainder method; of equal remainders the earlier first).';

CREATE FUNCTION tenancy.month_of(tenant text, day date, OUT period_start timestamptz, OUT period_end timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT date_trunc('month', day::timestamp) AT TIME ZONE t.time_zone,
        (date_trunc('month', day::timestamp) + interval '1 month') AT TIME ZONE t.time_zone
    FROM tenancy.tenants t WHERE t.id = tenant;
END;
REVOKE ALL ON FUNCTION tenancy.month_of(text, date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.month_of(text, date) IS
'Internal: the calendar month around a day, in a tenant''s time zone.';

-- The lines of a month, from the price book and the hours: what an invoice is made of, and what it
-- is checked against.
CREATE FUNCTION tenancy.charges(tenant text, plan text, period_start timestamptz, period_end timestamptz)
RETURNS TABLE (line_no integer, component text, metric text, model text, params jsonb, quantity numeric,
    unit_amount numeric, exact_amount numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH valid AS (
        SELECT DISTINCT ON (p.component) p.*
        FROM tenancy.prices p
        WHERE p.plan = charges.plan AND p.valid_from < charges.period_end
          AND (p.valid_to IS NULL OR p.valid_to > charges.period_start)
        ORDER BY p.component, p.valid_from
    ), used AS (
        SELECT h.metric, sum(h.quantity) AS quantity
        FROM tenancy.usage_hourly h
        WHERE h.tenant_id = charges.tenant AND h.hour >= charges.period_start AND h.hour < charges.period_end
        GROUP BY h.metric
    )
    SELECT (row_number() OVER (ORDER BY v.model, v.component))::integer, v.component, v.metric, v.model, v.params,
        c.units, c.unit_amount, c.amount
    FROM valid v
    LEFT JOIN used u ON u.metric = v.metric
    CROSS JOIN LATERAL tenancy.price(v.model, v.params, u.quantity) c
    WHERE v.model = 'flat' OR u.quantity <> 0;
END;
REVOKE ALL ON FUNCTION tenancy.charges(text, text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.charges(text, text, timestamptz, timestamptz) IS
'What a tenant owes for a period on a plan, line by line and unrounded: flat fees, and priced metrics it used. Prices are those valid at the start of the period, or the first that began within it; usage is what is rolled up.';

CREATE FUNCTION tenancy.has_unrolled_usage(tenant text, period_start timestamptz, period_end timestamptz)
RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM tenancy.usage_ledger l
    WHERE l.stamp >= coalesce((SELECT s.watermark FROM tenancy.ledger_state s), -9223372036854775808)
      AND l.tenant_id = tenant
      AND l.at >= period_start AND l.at < period_end);
REVOKE ALL ON FUNCTION tenancy.has_unrolled_usage(text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.has_unrolled_usage(text, timestamptz, timestamptz) IS
'Internal: does the ledger have rows of a period that no rollup has reached?';

CREATE FUNCTION tenancy.issue_invoice(tenant text, period date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    payer tenancy.tenants;
    month record;
    invoice tenancy.invoices;
    money text;
    digits integer;
BEGIN
    IF period IS NULL OR NOT isfinite(period) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the period of an invoice must be a day', HINT = 'Any day of the month will do.';
    END IF;
    -- Two calls for the same tenant come one after the other, and the second finds the invoice.
    SELECT * INTO payer FROM tenancy.tenants t WHERE lower(t.id) = lower(tenant) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('tenant "%s" does not exist', tenant),
            HINT = 'Check the spelling, or create it with tenancy.create_tenant().';
    END IF;
    SELECT * INTO month FROM tenancy.month_of(payer.id, period);
    SELECT * INTO invoice FROM tenancy.invoices i
    WHERE i.tenant_id = payer.id AND i.period_start = month.period_start;
    IF FOUND THEN
        RETURN invoice.id;
    END IF;
    IF payer.plan IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('tenant "%s" has no plan', payer.id), HINT = 'Give it one with tenancy.set_plan().';
    END IF;
    IF tenancy.clock_time() < month.period_end THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('the period of the invoice for tenant "%s" is not over', payer.id),
            DETAIL = format('It ends at %s.', month.period_end);
    END IF;
    -- Not every time: among many invoices of one transaction each rollup would leave a dead row behind.
    IF tenancy.has_unrolled_usage(payer.id, month.period_start, month.period_end) THEN
        PERFORM tenancy.rollup(max_wait => '5 seconds');
    END IF;
    IF tenancy.has_unrolled_usage(payer.id, month.period_start, month.period_end) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('usage of tenant "%s" is not rolled up yet', payer.id),
            DETAIL = 'A transaction that was running when it was recorded has not ended.',
            HINT = 'Try again when older transactions have ended; tenancy.rollup() shows what is pending.';
    END IF;

    SELECT p.currency INTO money FROM tenancy.plans p WHERE p.id = payer.plan;
    digits := tenancy.currency_digits(money);
    INSERT INTO tenancy.invoices (tenant_id, plan, period_start, period_end, currency, total)
    SELECT payer.id, payer.plan, month.period_start, month.period_end, money, round(coalesce(sum(c.exact_amount), 0), digits)
    FROM tenancy.charges(payer.id, payer.plan, month.period_start, month.period_end) c
    RETURNING * INTO invoice;
    INSERT INTO tenancy.invoice_lines (invoice_id, line_no, component, metric, model, params, quantity,
        unit_amount, exact_amount, amount)
    WITH charge AS (
        SELECT * FROM tenancy.charges(payer.id, payer.plan, month.period_start, month.period_end)
    ), allotted AS (
        SELECT tenancy.allot(array_agg(c.exact_amount ORDER BY c.line_no), invoice.total, digits) AS amounts FROM charge c
    )
    SELECT invoice.id, c.line_no, c.component, c.metric, c.model, c.params, c.quantity, c.unit_amount,
        c.exact_amount, a.amounts[c.line_no]
    FROM charge c CROSS JOIN allotted a;
    PERFORM tenancy.write_audit('issue_invoice', payer.id, NULL, to_jsonb(invoice));
    RETURN invoice.id;
END
$$;
REVOKE ALL ON FUNCTION tenancy.issue_invoice(text, date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.issue_invoice(text, date) IS
'Issues the final invoice of a tenant for the calendar month around a day, in the tenant''s time zone, by its present plan, and returns its id; the same id when it was issued before. Lines are exact, the total is their sum rounded half away from zero to the currency''s minor unit, and the lines are rounded so that they add up to it. Errors: 42704 unknown tenant, 55000 period not over, no plan, or usage not rolled up yet, 22023 no day.';

CREATE FUNCTION tenancy.issue_invoices(period date)
RETURNS TABLE (tenant_id text, invoice_id bigint, total numeric, currency text, created boolean, error text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    present bigint;
BEGIN
    IF period IS NULL OR NOT isfinite(period) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the period of invoices must be a day', HINT = 'Any day of the month will do.';
    END IF;
    FOR tenant_id, present IN
        SELECT t.id, i.id
        FROM tenancy.tenants t
        CROSS JOIN LATERAL tenancy.month_of(t.id, period) m
        LEFT JOIN tenancy.invoices i ON i.tenant_id = t.id AND i.period_start = m.period_start
        WHERE t.plan IS NOT NULL AND t.created_at < m.period_end
          AND NOT (t.status = 'closed' AND t.status_changed_at < m.period_start)
        ORDER BY t.id
    LOOP
        error := NULL;
        created := present IS NULL;
        BEGIN
            invoice_id := coalesce(present, tenancy.issue_invoice(tenant_id, period));
            SELECT i.total, i.currency INTO total, currency FROM tenancy.invoices i WHERE i.id = invoice_id;
        EXCEPTION WHEN object_not_in_prerequisite_state OR invalid_parameter_value THEN
            error := SQLERRM;
            created := false;
            SELECT NULL, NULL, NULL INTO invoice_id, total, currency;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.issue_invoices(date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.issue_invoices(date) IS
'Issues the invoices of a month for all tenants that have a plan and were not closed before it; one row a tenant, created false where there was one already. A tenant whose invoice cannot be issued (error says why) does not stop the others. Error: 22023 no day.';

CREATE FUNCTION tenancy.verify_invoice(id bigint)
RETURNS TABLE (line_no integer, component text, expected numeric, actual numeric, ok boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    invoice tenancy.invoices;
BEGIN
    SELECT * INTO invoice FROM tenancy.invoices i WHERE i.id = verify_invoice.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('invoice %s does not exist', verify_invoice.id);
    END IF;
    RETURN QUERY
    SELECT coalesce(l.line_no, c.line_no), coalesce(l.component, c.component), c.exact_amount, l.exact_amount,
        c.exact_amount IS NOT DISTINCT FROM l.exact_amount
    FROM (SELECT * FROM tenancy.invoice_lines x WHERE x.invoice_id = invoice.id) l
    FULL JOIN tenancy.charges(invoice.tenant_id, invoice.plan, invoice.period_start, invoice.period_end) c
        ON c.component = l.component
    UNION ALL
    SELECT NULL, 'total', round(coalesce(sum(x.exact_amount), 0), tenancy.currency_digits(invoice.currency)), invoice.total,
        round(coalesce(sum(x.exact_amount), 0), tenancy.currency_digits(invoice.currency)) = invoice.total
            AND coalesce(sum(x.amount), 0) = invoice.total
    FROM tenancy.invoice_lines x WHERE x.invoice_id = invoice.id
    ORDER BY 1;
END
$$;
REVOKE ALL ON FUNCTION tenancy.verify_invoice(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.verify_invoice(bigint) IS
'Recomputes an invoice from the hours and the price book: a row a line and one for the total, ok where they agree. Usage that came after the invoice shows as a difference. Error: 42704 unknown invoice.';

CREATE VIEW tenancy.late_usage AS
SELECT i.id AS invoice_id, i.tenant_id, c.component, c.metric, coalesce(l.quantity, 0) AS invoiced, c.quantity AS used
FROM tenancy.invoices i
CROSS JOIN LATERAL tenancy.charges(i.tenant_id, i.plan, i.period_start, i.period_end) c
LEFT JOIN tenancy.invoice_lines l ON l.invoice_id = i.id AND l.component = c.component
WHERE c.metric IS NOT NULL AND c.quantity IS DISTINCT FROM coalesce(l.quantity, 0);
COMMENT ON VIEW tenancy.late_usage IS
'Usage that came for a month after its invoice was issued: what was invoiced, and what was used as known now.';
REVOKE ALL ON tenancy.late_usage FROM PUBLIC;

