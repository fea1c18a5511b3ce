-- Looking at invoices: recomputing them, explaining them, and usage that came too late for them.
-- SPDX-License-Identifier: PostgreSQL

-- Late usage reaches back into the periods before, and those are billed whole: on another plan they may have been years.
CREATE FUNCTION tenancy.is_recomputable(invoice tenancy.invoices) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    since timestamptz := invoice.period_start - make_interval(days => invoice.late_days);
BEGIN
    RETURN NOT EXISTS (SELECT FROM tenancy.ledger_horizons h
        WHERE h.tenant_id = invoice.tenant_id AND h.kept_since > least(since - greatest(invoice.period_end - invoice.period_start, interval '31 days'), (
            SELECT min(p.period_start) FROM tenancy.subscriptions s
            CROSS JOIN LATERAL tenancy.billing_period(s.period, s.anchor_month, s.anchor_day, s.time_zone, greatest(s.starts_at, since)) p
            WHERE s.tenant_id = invoice.tenant_id AND s.starts_at <= invoice.period_end AND (s.ends_at IS NULL OR s.ends_at >= since))));
END
$$;
REVOKE ALL ON FUNCTION tenancy.is_recomputable(tenancy.invoices) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.is_recomputable(tenancy.invoices) IS 'Internal: is all of the ledger that an invoice was made of still kept?';

CREATE FUNCTION tenancy.verify_invoice(id bigint)
RETURNS TABLE (line_no integer, component text, expected numeric, actual numeric, ok boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    invoice tenancy.invoices;
BEGIN
    SELECT * INTO invoice FROM tenancy.invoices i WHERE i.id = verify_invoice.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('invoice %s does not exist', verify_invoice.id);
    ELSIF NOT tenancy.is_recomputable(invoice) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('the ledger that invoice %s was made of is not kept any more', coalesce(invoice.number, invoice.id::text)),
            HINT = 'tenancy.keep_ledger() sets how long it is.';
    END IF;
    RETURN QUERY
    WITH charge AS (
        -- From the ledger, not from the hours that the invoice was made of, and as things were known then.
        SELECT c.* FROM tenancy.charges(invoice.tenant_id, invoice.period_start - make_interval(days => invoice.late_days), invoice.period_end,
            invoice.watermark, coalesce(invoice.issued_at, invoice.drafted_at), invoice.id, invoice.currency) c
        WHERE invoice.kind = 'invoice'
    ), sums AS (
        SELECT tenancy.round_money(coalesce(sum(c.exact_amount), 0), tenancy.currency_digits(invoice.currency), invoice.rounding) AS subtotal,
            coalesce(array_agg(c.exact_amount ORDER BY c.line_no) FILTER (WHERE c.line_no > 0), '{}') AS exact
        FROM charge c
    ), right_ones AS (
        SELECT c.*, a.amounts[c.line_no] AS amount
        FROM charge c CROSS JOIN (
            SELECT tenancy.allot(s.exact, s.subtotal, tenancy.currency_digits(invoice.currency)) AS amounts FROM sums s) a
    ), lines AS (
        SELECT * FROM tenancy.invoice_lines x WHERE x.invoice_id = invoice.id
    )
    SELECT coalesce(l.line_no, r.line_no), coalesce(l.component, r.component), r.amount, l.amount,
        (r.line_no, r.kind, r.price_id, r.metric, r.model, r.params, r.quantity, r.exact_amount, r.billed_before, r.amount, r.tiers)
            IS NOT DISTINCT FROM (l.line_no, l.kind, l.price_id, l.metric, l.model, l.params, l.quantity, l.exact_amount, l.billed_before, l.amount, l.tiers)
    FROM right_ones r
    FULL JOIN (SELECT * FROM lines x WHERE x.subscription_id IS NOT NULL) l
        ON (l.subscription_id, l.component, l.item_start) = (r.subscription_id, r.component, r.item_start)
    WHERE invoice.kind = 'invoice'
    UNION ALL
    -- Lines without an item are their own truth; what can be recomputed of them is the sums.
    SELECT x.line_no, x.component, x.amount, x.amount,
        CASE x.kind WHEN 'tax' THEN invoice.kind = 'credit_note' OR x.amount = tenancy.round_money((invoice.subtotal - invoice.discount) * split_part(x.reference, ' ', 1)::numeric * 0.01,
                         tenancy.currency_digits(invoice.currency), invoice.rounding)
                    WHEN 'credit' THEN invoice.status = 'draft' OR EXISTS (SELECT FROM tenancy.credit_entries e WHERE e.invoice_id = invoice.id AND e.kind = CASE invoice.kind WHEN 'invoice' THEN 'draw' ELSE 'return' END
                         AND e.grant_id::text = x.reference AND e.amount = x.amount)
                    WHEN 'discount' THEN true WHEN 'carried' THEN true ELSE invoice.kind = 'credit_note' END
    FROM lines x WHERE x.subscription_id IS NULL
    UNION ALL
    SELECT NULL, 'total', CASE invoice.kind WHEN 'invoice' THEN s.subtotal ELSE invoice.subtotal END - invoice.discount + invoice.tax - invoice.credits, invoice.total,
        (invoice.kind = 'credit_note' OR s.subtotal = invoice.subtotal)
        AND invoice.total = (SELECT coalesce(sum(x.amount), 0) FROM lines x)
        AND invoice.discount = (SELECT coalesce(-sum(x.amount), 0) FROM lines x WHERE x.kind = 'discount')
        AND invoice.tax = (SELECT coalesce(sum(x.amount), 0) FROM lines x WHERE x.kind = 'tax')
        AND invoice.credits = (SELECT coalesce(-sum(x.amount), 0) FROM lines x WHERE x.kind IN ('credit', 'carried'))
    FROM sums s
    ORDER BY 1;
END
$$;
REVOKE ALL ON FUNCTION tenancy.verify_invoice(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.verify_invoice(bigint) IS
'Recomputes an invoice from the ledger and the price book, with subscriptions, prices and terms as they were known when it was made: a row a line and one for the total, with the amount as it must be and as it is; ok where price, quantity, tiers, exact and rounded amount all agree. Usage that came after the invoice does not count: see late_usage. Errors: 42704 unknown invoice, 55000 its part of the ledger was dropped (keep_ledger()).';

-- A tier as arithmetic that anybody can check.
CREATE FUNCTION tenancy.tier_text(tier jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN concat_ws(' ', CASE WHEN tier ? 'value' THEN coalesce(nullif(tier ->> 'value', ''), '(none)') || ':' END,
    CASE WHEN tier ? 'events' THEN format('%s events, %s charged', tier ->> 'events', tier ->> 'charged')
         ELSE concat_ws(' × ', trim_scale((tier ->> 'units')::numeric), trim_scale((tier ->> 'unit_amount')::numeric)) END,
    CASE WHEN (tier ->> 'flat_amount')::numeric <> 0 AND NOT tier ? 'events' THEN '+ ' || trim_scale((tier ->> 'flat_amount')::numeric) END,
    '= ' || trim_scale((tier ->> 'amount')::numeric));
REVOKE ALL ON FUNCTION tenancy.tier_text(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.tier_text(jsonb) IS 'Internal: a tier of an invoice line as a calculation.';

CREATE FUNCTION tenancy.explain_invoice(id bigint)
RETURNS TABLE (line_no integer, kind text, component text, tier integer, units numeric, unit_amount numeric, flat_amount numeric, amount numeric,
    part text, item_start timestamptz, item_end timestamptz, stamps_below bigint, calculation text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.invoices i WHERE i.id = explain_invoice.id) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('invoice %s does not exist', explain_invoice.id);
    END IF;
    RETURN QUERY
    SELECT l.line_no, l.kind, l.component, (t.tier ->> 'tier')::integer, coalesce((t.tier ->> 'units')::numeric, l.quantity),
        coalesce((t.tier ->> 'unit_amount')::numeric, l.unit_amount), (t.tier ->> 'flat_amount')::numeric,
        coalesce((t.tier ->> 'amount')::numeric, l.exact_amount),
        CASE WHEN l.numerator <> l.denominator AND l.metric IS NULL THEN format('%s / %s', trim_scale(l.numerator), trim_scale(l.denominator)) END,
        l.item_start, l.item_end, CASE WHEN l.metric IS NOT NULL THEN i.watermark END,
        CASE WHEN t.tier IS NOT NULL THEN concat_ws(' ', tenancy.tier_text(t.tier), CASE WHEN l.billed_before <> 0 THEN format('(billed before: %s)', trim_scale(l.billed_before)) END)
             WHEN l.kind IN ('fee', 'minimum', 'adjustment') AND l.denominator IS NOT NULL THEN concat_ws(' ', trim_scale(tenancy.price_number(l.params, 'amount', 0)) || ' × '
                || trim_scale(l.numerator) || ' / ' || trim_scale(l.denominator), CASE WHEN l.billed_before <> 0 THEN format('- %s billed before', trim_scale(l.billed_before)) END)
             WHEN l.kind = 'tax' AND i.kind = 'invoice' THEN format('%s of %s', l.reference, l.quantity) END
    FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id
    LEFT JOIN LATERAL jsonb_array_elements(l.tiers) AS t(tier) ON true
    WHERE i.id = explain_invoice.id
    ORDER BY l.line_no, (t.tier ->> 'tier')::integer;
END
$$;
REVOKE ALL ON FUNCTION tenancy.explain_invoice(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.explain_invoice(bigint) IS
'How each line of an invoice came about, a row a tier: units, unit and flat amounts, the part of a period that a fee is for, and the ledger rows it was made of: those of the metric from item_start until before item_end with stamps below stamps_below. Error: 42704 unknown invoice.';

CREATE VIEW tenancy.late_usage AS
SELECT n.invoice_id, n.tenant_id, n.metric, coalesce(b.quantity, 0) AS invoiced,
    coalesce(b.quantity, 0) + n.quantity AS used
FROM (
    SELECT i.id AS invoice_id, i.tenant_id, i.period_start, i.period_end, i.watermark, l.metric, sum(l.amount) AS quantity
    FROM tenancy.invoices i
    JOIN tenancy.usage_ledger l
      ON l.tenant_id = i.tenant_id AND l.at >= i.period_start AND l.at < i.period_end AND l.stamp >= i.watermark
    WHERE i.kind = 'invoice' AND i.status <> 'void' AND i.status <> 'draft' AND l.stamp >= (SELECT min(w.watermark) FROM tenancy.invoices w)
    GROUP BY i.id, l.metric) n
CROSS JOIN LATERAL (
    SELECT sum(l.amount) AS quantity FROM tenancy.usage_ledger l
    WHERE l.tenant_id = n.tenant_id AND l.metric = n.metric AND l.at >= n.period_start AND l.at < n.period_end
      AND l.stamp < n.watermark) b;
COMMENT ON VIEW tenancy.late_usage IS
'Usage that came for a month after its invoice was issued, rolled up or not, priced or not: the quantity the invoice was made from, and the quantity as known now.';
REVOKE ALL ON tenancy.late_usage FROM PUBLIC;

