-- Invoices: their tables, their states, their numbers; what is final stays as it is.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.invoices (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text COLLATE "C" NOT NULL,
    plan text COLLATE "C" NOT NULL,
    time_zone text NOT NULL,
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL CHECK (period_end >= period_start),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'final', 'paid', 'void', 'uncollectible')),
    total numeric NOT NULL DEFAULT 0,
    watermark bigint NOT NULL DEFAULT -9223372036854775808,
    issued_at timestamptz,
    kind text NOT NULL DEFAULT 'invoice' CHECK (kind IN ('invoice', 'credit_note')),
    number text COLLATE "C" UNIQUE,
    corrects bigint,
    subtotal numeric NOT NULL DEFAULT 0,
    discount numeric NOT NULL DEFAULT 0,
    tax numeric NOT NULL DEFAULT 0,
    credits numeric NOT NULL DEFAULT 0,
    drafted_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    status_changed_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    status_reason text,
    parties jsonb,
    issue_no bigint,
    rounding text NOT NULL DEFAULT 'half_up',
    late_days integer NOT NULL DEFAULT 35,
    subscription_versions bigint[],
    CHECK ((status = 'draft') = (number IS NULL) AND (number IS NULL) = (issued_at IS NULL)),
    CHECK ((kind = 'credit_note') = (corrects IS NOT NULL)),
    CHECK (total = subtotal - discount + tax - credits)
);
CREATE UNIQUE INDEX invoices_period ON tenancy.invoices (tenant_id, period_start, period_end)
    WHERE kind = 'invoice' AND status <> 'void';
CREATE INDEX invoices_tenant ON tenancy.invoices (tenant_id, period_start);
CREATE INDEX invoices_corrects ON tenancy.invoices (corrects) WHERE corrects IS NOT NULL;
COMMENT ON TABLE tenancy.invoices IS
'Invoices and credit notes: one invoice a tenant and billing period that is not void, from draft to final and then paid, void or uncollectible. total = subtotal - discount + tax - credits, in the currency''s major unit, and the sum of the lines. The usage billed is that of ledger rows with stamps below the watermark; parties are seller and buyer as they were when it became final; issue_no is its place in its series, and the order in which invoices became final; rounding and late_days are the plan''s as they were; subscription_versions are the states of the tenant''s subscriptions that it was made from.';

CREATE TABLE tenancy.invoice_lines (
    invoice_id bigint NOT NULL,
    line_no integer NOT NULL,
    price_id bigint,
    component text NOT NULL,
    metric text,
    model text,
    params jsonb,
    quantity numeric NOT NULL,
    unit_amount numeric,
    exact_amount numeric NOT NULL,
    amount numeric NOT NULL,
    kind text NOT NULL CHECK (kind IN ('usage', 'fee', 'setup', 'minimum', 'adjustment', 'discount', 'tax', 'credit', 'carried')),
    subscription_id bigint,
    plan text,
    item_start timestamptz,
    item_end timestamptz,
    numerator numeric,
    denominator numeric,
    billed_before numeric NOT NULL DEFAULT 0,
    tiers jsonb,
    reference text,
    PRIMARY KEY (invoice_id, line_no)
);
CREATE INDEX invoice_lines_item ON tenancy.invoice_lines (subscription_id, component, item_start);
COMMENT ON TABLE tenancy.invoice_lines IS
'Lines of invoices with the price as it was: its row in the price book, the stretch of time, quantity, price of a unit (null where there is no single one), tiers, the exact amount (less what was billed for the same before) and the rounded one that adds up to the total. Discounts, taxes and credits are lines, too; reference names their coupon, tax or grant.';

CREATE TABLE tenancy.invoice_series (
    name text COLLATE "C" PRIMARY KEY CHECK (name IN ('invoice', 'credit_note')),
    prefix text NOT NULL,
    next_number bigint NOT NULL CHECK (next_number > 0)
);
COMMENT ON TABLE tenancy.invoice_series IS
'Where the numbers of invoices and of credit notes go on: without a gap, since a number belongs to the transaction that makes its invoice final.';
INSERT INTO tenancy.invoice_series VALUES ('invoice', 'INV-', 1), ('credit_note', 'CN-', 1);
REVOKE ALL ON tenancy.invoices, tenancy.invoice_lines, tenancy.invoice_series FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.invoices', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.invoices_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.invoice_lines', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.invoice_series', 'WHERE next_number > 1 OR prefix NOT IN (''INV-'', ''CN-'')');

-- A restored row takes the place of the one that was made with the extension and not used yet.
CREATE FUNCTION tenancy.replace_invoice_series() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM tenancy.invoice_series s WHERE s.name = new.name AND s.next_number = 1;
    RETURN new;
END
$$;
REVOKE ALL ON FUNCTION tenancy.replace_invoice_series() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.replace_invoice_series() IS
'Trigger: lets a restored series take the place of an unused one.';
CREATE TRIGGER replace BEFORE INSERT ON tenancy.invoice_series
    FOR EACH ROW EXECUTE FUNCTION tenancy.replace_invoice_series();

CREATE FUNCTION tenancy.refuse_invoice_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- All but the status, which goes on from final, and never back.
    of_status text[] := '{status,status_changed_at,status_reason}';
BEGIN
    IF tg_op = 'TRUNCATE' THEN
        NULL;
    ELSIF tg_table_name = 'invoice_lines' THEN
        IF NOT EXISTS (SELECT FROM tenancy.invoices i WHERE i.id = old.invoice_id AND i.status <> 'draft')
           AND (tg_op = 'DELETE' OR old.invoice_id = new.invoice_id) THEN
            RETURN CASE WHEN tg_op = 'DELETE' THEN old ELSE new END;
        END IF;
    ELSIF old.status = 'draft' THEN
        RETURN CASE WHEN tg_op = 'DELETE' THEN old ELSE new END;
    ELSIF tg_op = 'UPDATE' AND to_jsonb(old) - of_status = to_jsonb(new) - of_status
          AND (old.status = 'final' AND new.status IN ('final', 'paid', 'void', 'uncollectible')
               OR old.status = 'uncollectible' AND new.status IN ('uncollectible', 'paid')) THEN
        RETURN new;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = 'invoices are final',
        DETAIL = format('%s on %I.%I is refused for everybody.', tg_op, tg_table_schema, tg_table_name),
        HINT = 'Correct an invoice with tenancy.issue_credit_note(), or void it with tenancy.void_invoice() before it is paid.';
END
$$;
REVOKE ALL ON FUNCTION tenancy.refuse_invoice_change() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.refuse_invoice_change() IS 'Trigger: keeps issued invoices as they are.';
CREATE TRIGGER final BEFORE UPDATE OR DELETE ON tenancy.invoices
    FOR EACH ROW EXECUTE FUNCTION tenancy.refuse_invoice_change();
CREATE TRIGGER final_lines BEFORE UPDATE OR DELETE ON tenancy.invoice_lines
    FOR EACH ROW EXECUTE FUNCTION tenancy.refuse_invoice_change();
CREATE TRIGGER final_all BEFORE TRUNCATE ON tenancy.invoices
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.refuse_invoice_change();
CREATE TRIGGER final_all BEFORE TRUNCATE ON tenancy.invoice_lines
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.refuse_invoice_change();
-- A restore brings the lines of final invoices, before or after them, but all of them at once: an invoice
-- that has lines gets no further one.
CREATE FUNCTION tenancy.refuse_invoice_line() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM (SELECT DISTINCT n.invoice_id FROM new_lines n) n JOIN tenancy.invoices i ON i.id = n.invoice_id
               WHERE i.status <> 'draft' AND (i.total <> (SELECT sum(l.amount) FROM tenancy.invoice_lines l WHERE l.invoice_id = i.id)
                   OR EXISTS (SELECT FROM tenancy.invoice_lines l WHERE l.invoice_id = i.id
                       AND NOT EXISTS (SELECT FROM new_lines o WHERE (o.invoice_id, o.line_no) = (l.invoice_id, l.line_no))))) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'invoices are final',
            DETAIL = 'INSERT on tenancy.invoice_lines is refused for everybody but a restore, which brings all lines of an invoice at once.',
            HINT = 'Correct an invoice with tenancy.issue_credit_note().';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION tenancy.refuse_invoice_line() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.refuse_invoice_line() IS 'Trigger: keeps final invoices from getting further lines.';
CREATE TRIGGER final_insert AFTER INSERT ON tenancy.invoice_lines REFERENCING NEW TABLE AS new_lines
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.refuse_invoice_line();
-- Also in sessions with session_replication_role = replica.
ALTER TABLE tenancy.invoice_lines ENABLE ALWAYS TRIGGER final_insert;
ALTER TABLE tenancy.invoices ENABLE ALWAYS TRIGGER final;
ALTER TABLE tenancy.invoices ENABLE ALWAYS TRIGGER final_all;
ALTER TABLE tenancy.invoice_lines ENABLE ALWAYS TRIGGER final_lines;
ALTER TABLE tenancy.invoice_lines ENABLE ALWAYS TRIGGER final_all;

CREATE FUNCTION tenancy.set_invoice_prefix(series text, prefix text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before tenancy.invoice_series;
BEGIN
    SELECT * INTO before FROM tenancy.invoice_series s WHERE s.name = series FOR UPDATE;
    IF NOT FOUND OR prefix IS NULL OR length(prefix) > 20 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid series of invoice numbers',
            HINT = 'The series are invoice and credit_note; a prefix has at most 20 characters.';
    ELSIF before.prefix = set_invoice_prefix.prefix THEN
        RETURN false;
    END IF;
    UPDATE tenancy.invoice_series s SET prefix = set_invoice_prefix.prefix WHERE s.name = series;
    PERFORM tenancy.write_audit('set_invoice_prefix', series, to_jsonb(before), jsonb_build_object('prefix', prefix));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_invoice_prefix(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_invoice_prefix(text, text) IS
'Sets what the numbers of a series (invoice, credit_note) begin with from now on (defaults INV- and CN-, at most 20 characters); numbers go on. False if it is that already. Error: 22023 unknown series, or no or too long a prefix.';

-- Whoever makes invoices final waits for those who do it at the same time, from before they look at what is billed: two
-- periods of a tenant reach into each other, and what one bills or voids the other must know.
CREATE FUNCTION tenancy.lock_invoices() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM tenancy.invoice_series s WHERE s.name = 'invoice' FOR NO KEY UPDATE;
END
$$;
REVOKE ALL ON FUNCTION tenancy.lock_invoices() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.lock_invoices() IS 'Internal: one transaction at a time makes invoices final, or void.';

-- A number belongs to the transaction that takes it: that is the price of numbers without gaps.
CREATE FUNCTION tenancy.take_invoice_numbers(series text, count bigint, OUT prefix text, OUT first bigint)
LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE tenancy.invoice_series s SET next_number = s.next_number + take_invoice_numbers.count
    WHERE s.name = take_invoice_numbers.series RETURNING s.prefix, s.next_number - take_invoice_numbers.count;
END;
REVOKE ALL ON FUNCTION tenancy.take_invoice_numbers(text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.take_invoice_numbers(text, bigint) IS 'Internal: the next numbers of a series.';

CREATE FUNCTION tenancy.require_invoice(id bigint) RETURNS tenancy.invoices
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result tenancy.invoices;
BEGIN
    SELECT * INTO result FROM tenancy.invoices i WHERE i.id = require_invoice.id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('invoice %s does not exist', require_invoice.id);
    END IF;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION tenancy.require_invoice(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.require_invoice(bigint) IS 'Internal: locks an invoice.';

CREATE FUNCTION tenancy.change_invoice(action text, id bigint, new_status text, reason text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    invoice tenancy.invoices := tenancy.require_invoice(id);
BEGIN
    IF invoice.status = new_status THEN
        RETURN false;
    ELSIF invoice.status NOT IN ('final', 'uncollectible') OR (invoice.status = 'uncollectible' AND new_status <> 'paid') THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('invoice %s is %s', coalesce(invoice.number, id::text), invoice.status),
            DETAIL = format('It cannot become %s.', new_status);
    END IF;
    UPDATE tenancy.invoices i SET status = new_status, status_changed_at = tenancy.clock_time(), status_reason = reason
    WHERE i.id = invoice.id;
    PERFORM tenancy.write_audit(action, coalesce(invoice.number, id::text), jsonb_build_object('status', invoice.status),
        jsonb_build_object('status', new_status, 'reason', reason));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.change_invoice(text, bigint, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.change_invoice(text, bigint, text, text) IS 'Internal: the next status of an invoice, with audit.';

CREATE FUNCTION tenancy.pay_invoice(id bigint, reference text DEFAULT NULL) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.change_invoice('pay_invoice', id, 'paid', reference);
REVOKE ALL ON FUNCTION tenancy.pay_invoice(bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.pay_invoice(bigint, text) IS
'Notes that a final (or uncollectible) invoice is paid, with the reference of the payment. False if it was. Errors: 42704 unknown, 55000 a draft, or void.';

CREATE FUNCTION tenancy.write_off_invoice(id bigint, reason text DEFAULT NULL) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.change_invoice('write_off_invoice', id, 'uncollectible', reason);
REVOKE ALL ON FUNCTION tenancy.write_off_invoice(bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.write_off_invoice(bigint, text) IS
'Marks a final invoice as uncollectible. False if it was. Errors: 42704 unknown, 55000 a draft, paid, or void.';
