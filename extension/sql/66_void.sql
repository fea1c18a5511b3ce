-- Taking invoices back: voiding, and credit notes.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.void_invoice(id bigint, reason text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    invoice tenancy.invoices := tenancy.require_invoice(id);
BEGIN
    IF invoice.status = 'void' THEN
        RETURN false;
    ELSIF invoice.kind <> 'invoice' OR invoice.status <> 'final' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('%s %s is %s', replace(invoice.kind, '_', ' '), coalesce(invoice.number, id::text), invoice.status),
            HINT = 'Only an invoice that is final and not paid can be voided; tenancy.issue_credit_note() corrects others.';
    END IF;
    PERFORM tenancy.lock_invoices();
    -- The ledger must not be purged in between.
    PERFORM FROM tenancy.ledger_retention FOR SHARE;
    IF NOT tenancy.is_recomputable(invoice) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('the ledger that invoice %s was made of is not kept any more', invoice.number),
            DETAIL = 'A void invoice is due again, and could not be made again as it was.', HINT = 'Use tenancy.issue_credit_note().';
    ELSIF EXISTS (SELECT FROM tenancy.invoices c WHERE c.corrects = invoice.id) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('invoice %s has a credit note', invoice.number);
    ELSIF EXISTS (SELECT FROM tenancy.credit_grants g WHERE g.invoice_id = invoice.id AND g.balance < g.amount) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('the credit that invoice %s gave has been used', invoice.number);
    ELSIF EXISTS (SELECT FROM tenancy.invoices n JOIN tenancy.invoice_lines l ON l.invoice_id = n.id AND l.billed_before <> 0
                  JOIN tenancy.invoice_lines o ON o.invoice_id = invoice.id AND (o.subscription_id, o.component, o.item_start) = (l.subscription_id, l.component, l.item_start)
                  WHERE n.tenant_id = invoice.tenant_id AND n.issue_no > invoice.issue_no AND n.status <> 'void' AND n.status <> 'draft') THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('a later invoice adjusts items of invoice %s', invoice.number),
            HINT = 'Void the later one first, or issue a credit note.';
    END IF;
    -- What it drew from credits goes back, and what it gave is taken back.
    PERFORM tenancy.return_credit(e.grant_id, -e.amount, invoice.id)
    FROM (SELECT * FROM tenancy.credit_entries d WHERE d.invoice_id = invoice.id AND d.kind = 'draw' ORDER BY d.grant_id) e;
    WITH taken AS (
        UPDATE tenancy.credit_grants g SET balance = 0 WHERE g.invoice_id = invoice.id RETURNING g.id, g.amount
    )
    INSERT INTO tenancy.credit_entries (grant_id, kind, amount, invoice_id) SELECT t.id, 'revoke', -t.amount, invoice.id FROM taken t;
    UPDATE tenancy.tenant_coupons t SET periods_left = t.periods_left + 1
    FROM tenancy.invoice_lines l WHERE l.invoice_id = invoice.id AND l.kind = 'discount' AND t.tenant_id = invoice.tenant_id
      AND t.coupon = l.reference AND t.periods_left IS NOT NULL;
    RETURN tenancy.change_invoice('void_invoice', invoice.id, 'void', reason);
END
$$;
REVOKE ALL ON FUNCTION tenancy.void_invoice(bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.void_invoice(bigint, text) IS
'Voids a final invoice that is not paid: its number stays taken, its items are due again (to waive them, issue_credit_note() instead), credits and coupons it used go back, what a grant that has expired meanwhile gave to a new one of the same length from now on. False if it was void. Errors: 42704 unknown, 55000 a draft, paid or uncollectible, a credit note was issued for it, credit that it gave was used, a later invoice adjusts its items, or the ledger it was made of was dropped (keep_ledger()).';

CREATE FUNCTION tenancy.are_credit_lines(lines jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF jsonb_typeof(lines) <> 'array' OR EXISTS (SELECT FROM jsonb_array_elements(lines) w WHERE jsonb_typeof(w) <> 'object') THEN
        RETURN false;
    END IF;
    RETURN NOT EXISTS (SELECT FROM jsonb_array_elements(lines) w
            WHERE w - '{line,amount}'::text[] <> '{}' OR (w ->> 'line' ~ '^[0-9]{1,9}$') IS NOT TRUE OR w ->> 'amount' !~ '^-?[0-9]{1,15}([.][0-9]{1,20})?$')
        AND (SELECT count(DISTINCT (w ->> 'line')::integer) = count(*) FROM jsonb_array_elements(lines) w);
END
$$;
REVOKE ALL ON FUNCTION tenancy.are_credit_lines(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.are_credit_lines(jsonb) IS 'Internal: do these name lines of an invoice, each once, with amounts or without?';

-- Cumulative amounts are rounded, so that many small notes come to what one note over all would.
CREATE FUNCTION tenancy.issue_credit_note(invoice_id bigint, lines jsonb DEFAULT NULL, reason text DEFAULT NULL, as_credit boolean DEFAULT false)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    original tenancy.invoices := tenancy.require_invoice(invoice_id);
    digits integer := tenancy.currency_digits(original.currency);
    note bigint;
    sums record;
    number_of record;
    back record;
BEGIN
    IF original.kind <> 'invoice' OR original.status NOT IN ('final', 'paid', 'uncollectible') THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('%s %s is %s', replace(original.kind, '_', ' '), coalesce(original.number, invoice_id::text), original.status),
            HINT = 'Credit notes are for invoices that are final, paid or uncollectible.';
    ELSIF lines IS NOT NULL AND NOT tenancy.are_credit_lines(lines) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid lines of a credit note', DETAIL = format('The lines are %s.', lines),
            HINT = 'Write [{"line": 1, "amount": "5.00"}], each line of the invoice once; without amounts, what is left of them.';
    END IF;
    INSERT INTO tenancy.invoices (tenant_id, plan, time_zone, period_start, period_end, currency, kind, corrects, status_reason, watermark)
    VALUES (original.tenant_id, original.plan, original.time_zone, original.period_start, original.period_end, original.currency,
        'credit_note', original.id, reason, original.watermark) RETURNING id INTO note;
    -- Of each item what is asked for, or what is left; less its share of the discounts, plus its share of the taxes.
    WITH wanted AS (
        SELECT l.line_no, l.component, l.quantity, l.amount, (w.item ->> 'amount')::numeric AS wish,
            coalesce((SELECT -sum(o.exact_amount) FROM tenancy.invoices c JOIN tenancy.invoice_lines o ON o.invoice_id = c.id
                      WHERE c.corrects = original.id AND c.id <> note AND o.reference = l.line_no::text AND o.kind = 'adjustment'), 0) AS before
        FROM tenancy.invoice_lines l
        LEFT JOIN jsonb_array_elements(lines) AS w(item) ON (w.item ->> 'line')::integer = l.line_no
        WHERE l.invoice_id = original.id AND l.kind NOT IN ('discount', 'tax', 'credit', 'carried') AND (lines IS NULL OR w.item IS NOT NULL)
    ), items AS (
        SELECT w.*, coalesce(w.wish, w.amount - w.before) AS amount_off FROM wanted w
    )
    INSERT INTO tenancy.invoice_lines (invoice_id, line_no, kind, component, quantity, exact_amount, amount, reference)
    SELECT note, row_number() OVER (ORDER BY i.line_no), 'adjustment', i.component, i.quantity, -i.amount_off, -i.amount_off, i.line_no::text
    FROM items i WHERE i.amount_off <> 0
      AND CASE WHEN i.amount_off NOT BETWEEN least(i.amount - i.before, 0) AND greatest(i.amount - i.before, 0) OR round(i.amount_off, digits) <> i.amount_off
               THEN tenancy.raise_error('22023', format('line %s of invoice %s cannot be credited with %s', i.line_no, original.number, i.amount_off),
                   format('It is %s, of which %s is credited already.', i.amount, i.before), 'Credit at most what is left, in whole minor units.') IS NULL
               ELSE true END;
    IF NOT FOUND OR jsonb_array_length(lines) > (SELECT count(*) FROM tenancy.invoice_lines l WHERE l.invoice_id = note) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('nothing of invoice %s is left to credit in these lines', original.number),
            DETAIL = format('The lines are %s.', coalesce(lines::text, 'all')),
            HINT = 'Write [{"line": 1, "amount": "5.00"}] with numbers of its item lines; without amounts, what is left of them.';
    END IF;
    -- An invoice with items below zero is less than the others come to.
    PERFORM tenancy.raise_error('22023', format('invoice %s cannot be credited with %s', original.number, c.after - c.before),
        format('Its items come to %s, of which %s is credited already.', original.subtotal, c.before), 'Credit more than nothing, and at most what is left.')
    FROM (SELECT coalesce(-sum(l.amount) FILTER (WHERE l.invoice_id <> note), 0) AS before, -sum(l.amount) AS after
          FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id AND l.kind = 'adjustment' WHERE i.corrects = original.id) c
    WHERE c.after <= c.before OR c.after > original.subtotal;
    SELECT c.before, c.after,
        CASE WHEN original.subtotal = 0 THEN 0 ELSE tenancy.prorate(abs(original.discount), c.after, abs(original.subtotal), digits)
            - tenancy.prorate(abs(original.discount), c.before, abs(original.subtotal), digits) END AS discount
    INTO sums FROM (
        SELECT coalesce(-sum(l.amount) FILTER (WHERE l.invoice_id <> note), 0) AS before, -sum(l.amount) AS after
        FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id AND l.kind = 'adjustment'
        WHERE i.corrects = original.id) c;
    IF sums.discount > 0 THEN
        PERFORM tenancy.add_line(note, 'discount', 'discount', sums.discount, 1, NULL);
    END IF;
    PERFORM tenancy.add_line(note, 'tax', l.component, -s.share, l.quantity, l.reference)
    FROM tenancy.invoice_lines l
    CROSS JOIN LATERAL (SELECT tenancy.prorate(l.amount, sums.after, original.subtotal, digits)
        - tenancy.prorate(l.amount, sums.before, original.subtotal, digits) AS share) s
    WHERE l.invoice_id = original.id AND l.kind = 'tax' AND original.subtotal > 0 AND s.share <> 0;
    -- What credits have paid goes back to them, in the measure in which they paid; what was drawn last comes first.
    PERFORM FROM tenancy.credit_grants g JOIN tenancy.credit_entries e ON e.grant_id = g.id AND e.invoice_id = original.id ORDER BY g.id FOR UPDATE OF g;
    FOR back IN
        SELECT p.reference, p.amount FROM (
            SELECT l.line_no, l.reference, least(l.upto, s.after) - greatest(l.upto - l.drawn, s.before) AS amount
            FROM (SELECT x.line_no, x.reference, -x.amount AS drawn, sum(-x.amount) OVER (ORDER BY x.line_no DESC) AS upto
                  FROM tenancy.invoice_lines x WHERE x.invoice_id = original.id AND x.kind = 'credit') l
            CROSS JOIN (
                SELECT tenancy.prorate(original.credits, g.before, original.total + original.credits, digits) AS before,
                    tenancy.prorate(original.credits, g.after, original.total + original.credits, digits) AS after
                FROM (SELECT coalesce(-sum(n.amount) FILTER (WHERE n.invoice_id <> note), 0) AS before, -sum(n.amount) AS after
                      FROM tenancy.invoices i JOIN tenancy.invoice_lines n ON n.invoice_id = i.id AND n.kind <> 'credit' WHERE i.corrects = original.id) g
                WHERE original.credits > 0) s) p
        WHERE p.amount > 0 ORDER BY p.line_no DESC
    LOOP
        PERFORM tenancy.add_line(note, 'credit', 'credit', back.amount, 1, back.reference);
        PERFORM tenancy.return_credit(back.reference::bigint, back.amount, note);
    END LOOP;
    SELECT * INTO number_of FROM tenancy.take_invoice_numbers('credit_note', 1);
    UPDATE tenancy.invoices i SET subtotal = s.subtotal, discount = -s.discount, tax = s.tax, credits = -s.credits,
        total = s.subtotal + s.discount + s.tax + s.credits,
        status = 'final', issued_at = tenancy.clock_time(), parties = tenancy.invoice_parties(i.tenant_id), issue_no = number_of.first,
        number = number_of.prefix || lpad(number_of.first::text, greatest(6, length(number_of.first::text)), '0')
    FROM (SELECT coalesce(sum(l.amount) FILTER (WHERE l.kind = 'adjustment'), 0) AS subtotal, coalesce(sum(l.amount) FILTER (WHERE l.kind = 'discount'), 0) AS discount,
              coalesce(sum(l.amount) FILTER (WHERE l.kind = 'tax'), 0) AS tax, coalesce(sum(l.amount) FILTER (WHERE l.kind = 'credit'), 0) AS credits FROM tenancy.invoice_lines l WHERE l.invoice_id = note) s
    WHERE i.id = note;
    IF as_credit THEN
        WITH granted AS (
            INSERT INTO tenancy.credit_grants (tenant_id, currency, amount, balance, starts_at, invoice_id, reason)
            SELECT i.tenant_id, i.currency, -i.total, -i.total, tenancy.clock_time(), i.id, i.number FROM tenancy.invoices i WHERE i.id = note AND i.total < 0
            RETURNING id, amount
        )
        INSERT INTO tenancy.credit_entries (grant_id, kind, amount, invoice_id) SELECT g.id, 'grant', g.amount, note FROM granted g;
    END IF;
    PERFORM tenancy.write_audit('issue_credit_note', original.tenant_id, to_jsonb(original), to_jsonb(i)) FROM tenancy.invoices i WHERE i.id = note;
    RETURN note;
END
$$;
REVOKE ALL ON FUNCTION tenancy.issue_credit_note(bigint, jsonb, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.issue_credit_note(bigint, jsonb, text, boolean) IS
'Credits a final, paid or uncollectible invoice, whole (default) or lines of it, [{"line": 1, "amount": "5.00"}] (without amount: what is left of the line), with its share of discounts and taxes; returns the id of the credit note, whose amounts are negative and which is final at once. What it credits is not billed again. Its share of what prepaid credits have paid goes back to them, as by void_invoice(), and is not in its total. as_credit (default false) makes the total prepaid credit of the tenant; otherwise it is yours to refund. Errors: 42704 unknown, 55000 a draft, void, or a credit note, 22023 more than is left of a line or in all, or lines that are none or named twice.';
