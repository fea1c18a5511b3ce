-- Issuing invoices, one or all that are due; drafts, previews.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.bill_tenant(tenant text, period date, final boolean) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
DECLARE
    payer tenancy.tenants;
    state record;
    last tenancy.subscriptions;
BEGIN
    IF period IS NULL OR NOT isfinite(period) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the period of an invoice must be a day', HINT = 'Any day of the period will do.';
    END IF;
    SELECT * INTO payer FROM tenancy.tenants t WHERE lower(t.id) = lower(tenant);
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('tenant "%s" does not exist', tenant),
            HINT = 'Check the spelling, or create it with tenancy.create_tenant().';
    END IF;
    SELECT * INTO state FROM tenancy.billing_state(ARRAY[payer.id], period);
    IF coalesce(state.status, 'draft') = 'draft' AND coalesce(state.problem, 'usage pending') = 'usage pending' THEN
        PERFORM tenancy.make_invoices(ARRAY[payer.id], period, final);
        SELECT * INTO state FROM tenancy.billing_state(ARRAY[payer.id], period);
    END IF;
    IF state.problem IS NOT NULL THEN
        SELECT * INTO last FROM tenancy.subscriptions s WHERE s.tenant_id = payer.id
        ORDER BY CASE WHEN state.problem = 'created later' THEN s.starts_at END, s.starts_at DESC LIMIT 1;
        PERFORM tenancy.raise_error('55000', tenancy.billing_error(state.problem, payer.id),
            CASE state.problem
                WHEN 'created later' THEN format('It began at %s.', last.starts_at)
                WHEN 'closed before' THEN format('It was %s at %s.', last.end_reason, last.ends_at)
                WHEN 'not over' THEN format('It ends at %s.', state.period_end)
                WHEN 'usage pending' THEN 'A transaction that was running when it was recorded has not ended.' END,
            CASE state.problem
                WHEN 'no plan' THEN 'Give it one with tenancy.set_plan().'
                WHEN 'not over' THEN 'tenancy.preview_invoice() shows what it comes to so far.'
                WHEN 'usage pending' THEN 'Try again when older transactions have ended; tenancy.rollup() shows what is pending.' END);
    END IF;
    RETURN state.invoice_id;
END
$$;
REVOKE ALL ON FUNCTION tenancy.bill_tenant(text, date, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.bill_tenant(text, date, boolean) IS 'Internal: the invoice of a tenant''s period, final or as a draft.';

CREATE FUNCTION tenancy.issue_invoice(tenant text, period date) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.bill_tenant(tenant, period, true);
REVOKE ALL ON FUNCTION tenancy.issue_invoice(text, date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.issue_invoice(text, date) IS
'Issues the final invoice of a tenant for its billing period around a day, in the tenant''s time zone, and returns its id; the same id when it was issued before; a draft becomes final. Rolls up what is not yet, and waits up to 5 seconds for transactions that hold that up. Items are exact (see charges()), the subtotal is their sum rounded once as the plan says, and the lines are rounded so that they add up to it; then come discounts, taxes on what is left, and prepaid credits. Errors: 42704 unknown tenant, 55000 period not over, no plan, no subscription in the period, or usage not rolled up yet, 22023 no day.';

CREATE FUNCTION tenancy.draft_invoice(tenant text, period date) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.bill_tenant(tenant, period, false);
REVOKE ALL ON FUNCTION tenancy.draft_invoice(text, date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.draft_invoice(text, date) IS
'Makes a draft of an invoice to look at, or makes it anew with what has come since, and returns its id; issue_invoice() makes it final, again from what is known then. Nothing is drawn from credits and no number is taken. An invoice that is final is returned as it is. Errors as issue_invoice(): 42704, 55000, 22023.';

CREATE FUNCTION tenancy.discard_draft(id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    invoice tenancy.invoices := tenancy.require_invoice(id);
BEGIN
    IF invoice.status <> 'draft' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('invoice %s is %s', invoice.number, invoice.status), HINT = 'Only drafts can be discarded.';
    END IF;
    DELETE FROM tenancy.invoice_lines l WHERE l.invoice_id = invoice.id;
    DELETE FROM tenancy.invoices i WHERE i.id = invoice.id;
    PERFORM tenancy.write_audit('discard_draft', invoice.tenant_id, to_jsonb(invoice), NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.discard_draft(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.discard_draft(bigint) IS 'Deletes a draft. Errors: 42704 unknown, 55000 not a draft.';

-- All at once; where the price of one tenant's use fails, such as above the last tier, one by one, so that the others
-- do not wait for it.
CREATE FUNCTION tenancy.make_all_invoices(tenants text[], day date, OUT ids bigint[], OUT failures jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    payer text;
BEGIN
    failures := '{}';
    BEGIN
        ids := ARRAY(SELECT tenancy.make_invoices(tenants, day));
    EXCEPTION WHEN data_exception THEN
        ids := '{}';
        FOREACH payer IN ARRAY tenants LOOP
            BEGIN
                ids := ids || ARRAY(SELECT tenancy.make_invoices(ARRAY[payer], day));
            EXCEPTION WHEN data_exception THEN
                failures := failures || jsonb_build_object(payer, sqlerrm);
            END;
        END LOOP;
    END;
END
$$;
REVOKE ALL ON FUNCTION tenancy.make_all_invoices(text[], date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.make_all_invoices(text[], date) IS
'Internal: make_invoices() for tenants of which some may fail; which ones, and why.';

CREATE FUNCTION tenancy.issue_invoices(period date)
RETURNS TABLE (tenant_id text, invoice_id bigint, total numeric, currency text, created boolean, error text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    tenants text[] := ARRAY(SELECT t.id FROM tenancy.tenants t ORDER BY t.id);
    made record;
BEGIN
    IF period IS NULL OR NOT isfinite(period) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'the period of invoices must be a day', HINT = 'Any day of the period will do.';
    END IF;
    SELECT * INTO made FROM tenancy.make_all_invoices(tenants, period);
    RETURN QUERY
    SELECT s.tenant_id, i.id, i.total, i.currency, n.id IS NOT NULL,
        coalesce(tenancy.billing_error(s.problem, s.tenant_id), made.failures ->> s.tenant_id)
    FROM tenancy.billing_state(tenants, period) s
    LEFT JOIN tenancy.invoices i ON i.id = s.invoice_id
    LEFT JOIN unnest(made.ids) n(id) ON n.id = s.invoice_id
    WHERE s.problem IS NULL OR s.problem IN ('not over', 'usage pending')
    ORDER BY s.tenant_id;
END
$$;
REVOKE ALL ON FUNCTION tenancy.issue_invoices(date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.issue_invoices(date) IS
'Issues the invoices of all tenants that had a subscription in their billing period around a day, as issue_invoice() does, in one transaction; one row a tenant, created false where there was one already. A tenant whose invoice cannot be issued yet (error says why: its period is not over, usage is not rolled up, its use has no price) does not stop the others. Error: 22023 no day.';

-- Openings come where something is due before the first period is over: set-up fees, and fees in advance.
CREATE FUNCTION tenancy.open_accounts(only_tenant text DEFAULT NULL) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result bigint[] := '{}';
    ids bigint[];
    known_id text := (SELECT t.id FROM tenancy.tenants t WHERE lower(t.id) = lower(open_accounts.only_tenant));
BEGIN
    IF open_accounts.only_tenant IS NOT NULL AND known_id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('tenant "%s" does not exist', open_accounts.only_tenant), HINT = 'Check the spelling.';
    END IF;
    PERFORM tenancy.lock_invoices();
    PERFORM FROM tenancy.plans p ORDER BY p.id FOR SHARE;
    -- One of a tenant at a time, the oldest first: the next must know what this one billed.
    LOOP
        WITH openings AS (
            SELECT DISTINCT ON (s.tenant_id) s.tenant_id, s.plan, s.time_zone, p.currency, coalesce(s.trial_end, s.starts_at) AS at
            FROM tenancy.subscriptions s JOIN tenancy.plans p ON p.id = s.plan
            WHERE (known_id IS NULL OR s.tenant_id = known_id)
              AND coalesce(s.trial_end, s.starts_at) <= tenancy.clock_time()
              AND (s.ends_at IS NULL OR s.ends_at > coalesce(s.trial_end, s.starts_at))
              AND EXISTS (SELECT FROM tenancy.prices x WHERE x.plan = s.plan AND (x.timing = 'advance' OR x.kind = 'setup' AND s.is_new)
                  AND x.valid_from <= coalesce(s.trial_end, s.starts_at) AND (x.valid_to IS NULL OR x.valid_to > coalesce(s.trial_end, s.starts_at)))
              -- Once there is an invoice of a later time, that has it; but not what was billed here and voided.
              AND NOT EXISTS (SELECT FROM tenancy.invoices i WHERE i.tenant_id = s.tenant_id AND i.kind = 'invoice' AND i.status <> 'void'
                  AND i.currency = p.currency AND i.period_end >= coalesce(s.trial_end, s.starts_at)
                  AND (i.period_start = coalesce(s.trial_end, s.starts_at) AND i.period_end = i.period_start
                       OR NOT EXISTS (SELECT FROM tenancy.invoices v WHERE v.tenant_id = s.tenant_id AND v.kind = 'invoice' AND v.status = 'void'
                           AND v.period_start = coalesce(s.trial_end, s.starts_at) AND v.period_end = v.period_start)))
            ORDER BY s.tenant_id, at
        ), made AS (
            INSERT INTO tenancy.invoices (tenant_id, plan, time_zone, period_start, period_end, currency)
            SELECT o.tenant_id, o.plan, o.time_zone, o.at, o.at, o.currency FROM openings o
            ON CONFLICT (tenant_id, period_start, period_end) WHERE kind = 'invoice' AND status <> 'void' DO NOTHING
            RETURNING id
        )
        SELECT array_agg(id) INTO ids FROM made;
        EXIT WHEN ids IS NULL;
        PERFORM tenancy.finish_drafts(ids, true);
        result := result || ids;
    END LOOP;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION tenancy.open_accounts(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.open_accounts(text) IS
'Issues the first invoices of subscriptions whose plan has a set-up fee or fees in advance, for all tenants or one, at their start or the end of their trial; returns their ids. issue_due_invoices() does it, too. Error: 42704 unknown tenant.';

CREATE VIEW tenancy.due_invoices AS
SELECT s.tenant_id, p.period_start, p.period_end, min((greatest(p.period_start, s.starts_at) AT TIME ZONE s.time_zone)::date) AS day
FROM tenancy.subscriptions s
-- After the last invoice, and what was voided before it and not made again; and where no invoice has reached a subscription's
-- end, as after a pause, its last period.
CROSS JOIN LATERAL tenancy.billing_periods(s, greatest(s.starts_at, least(coalesce((
    SELECT max(i.period_end) FROM tenancy.invoices i
    WHERE i.tenant_id = s.tenant_id AND i.kind = 'invoice' AND i.status <> 'void' AND i.status <> 'draft' AND i.period_end > i.period_start), '-infinity'), (
    SELECT min(v.period_start) FROM tenancy.invoices v
    WHERE v.tenant_id = s.tenant_id AND v.kind = 'invoice' AND v.status = 'void' AND v.period_end > v.period_start
      AND NOT EXISTS (SELECT FROM tenancy.invoices i WHERE i.tenant_id = v.tenant_id AND i.kind = 'invoice' AND i.status <> 'void'
          AND i.status <> 'draft' AND i.period_start = v.period_start AND i.period_end = v.period_end)),
    CASE WHEN s.ends_at IS NOT NULL AND NOT tenancy.is_settled(s) THEN s.ends_at - interval '1 microsecond' END)), least(s.ends_at, tenancy.clock_time())) p
WHERE p.period_end <= tenancy.clock_time() AND p.period_start < coalesce(s.ends_at, 'infinity')
  AND NOT EXISTS (SELECT FROM tenancy.invoices i WHERE i.tenant_id = s.tenant_id AND i.period_start = p.period_start
      AND i.period_end = p.period_end AND i.kind = 'invoice' AND i.status <> 'void' AND i.status <> 'draft')
GROUP BY s.tenant_id, p.period_start, p.period_end;
COMMENT ON VIEW tenancy.due_invoices IS
'Billing periods that are over and have no final invoice yet, or only void ones; day is the one to call issue_invoice() with.';
REVOKE ALL ON tenancy.due_invoices FROM PUBLIC;

CREATE FUNCTION tenancy.issue_due_invoices(max_count integer DEFAULT 1000)
RETURNS TABLE (tenant_id text, invoice_id bigint, total numeric, currency text, error text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    due record;
    made record;
    opened bigint[];
BEGIN
    PERFORM tenancy.rollup();
    -- A day at a time, which is nearly always all that are due; a tenant's older periods come first.
    FOR due IN SELECT d.day, array_agg(d.tenant_id ORDER BY d.tenant_id) AS tenants
               FROM (SELECT i.day, i.tenant_id FROM tenancy.due_invoices i JOIN tenancy.tenants t ON t.id = i.tenant_id
                     ORDER BY i.period_end, i.tenant_id LIMIT max_count) d GROUP BY d.day ORDER BY d.day
    LOOP
        SELECT * INTO made FROM tenancy.make_all_invoices(due.tenants, due.day);
        RETURN QUERY
        SELECT s.tenant_id, CASE WHEN s.problem IS NULL THEN i.id END, i.total, i.currency, coalesce(tenancy.billing_error(s.problem, s.tenant_id), made.failures ->> s.tenant_id)
        FROM tenancy.billing_state(due.tenants, due.day) s LEFT JOIN tenancy.invoices i ON i.id = s.invoice_id
        ORDER BY s.tenant_id;
    END LOOP;
    -- Last, since the invoice of a period has what is due in advance at its end.
    opened := tenancy.open_accounts();
    RETURN QUERY SELECT i.tenant_id, i.id, i.total, i.currency, NULL::text FROM tenancy.invoices i WHERE i.id = ANY (opened) ORDER BY i.id;
END
$$;
REVOKE ALL ON FUNCTION tenancy.issue_due_invoices(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.issue_due_invoices(integer) IS
'Issues every invoice that is due: of periods that are over, the oldest first, at most max_count (default 1000) in this transaction, then openings (see open_accounts()); a row each, with the error where one cannot be issued yet. Call it again until it returns nothing new.';

CREATE FUNCTION tenancy.preview_invoice(tenant text)
RETURNS TABLE (line_no integer, kind text, component text, metric text, quantity numeric, unit_amount numeric, exact_amount numeric,
    item_start timestamptz, item_end timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    payer tenancy.tenants;
    now timestamptz := tenancy.clock_time();
    open tenancy.subscriptions;
BEGIN
    SELECT * INTO payer FROM tenancy.tenants t WHERE lower(t.id) = lower(preview_invoice.tenant);
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('tenant "%s" does not exist', preview_invoice.tenant), HINT = 'Check the spelling.';
    END IF;
    SELECT * INTO open FROM tenancy.subscriptions s WHERE s.tenant_id = payer.id AND s.starts_at <= now ORDER BY s.starts_at DESC LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('tenant "%s" has no plan', payer.id),
            HINT = 'Give it one with tenancy.set_plan().';
    END IF;
    -- As if the period ended now: usage so far, unrolled rows included, and fees of the whole period.
    RETURN QUERY
    SELECT c.line_no, c.kind, c.component, c.metric, c.quantity, c.unit_amount, c.exact_amount, c.item_start, c.item_end
    FROM tenancy.billing_period(open.period, open.anchor_month, open.anchor_day, open.time_zone, now) p
    CROSS JOIN tenancy.plans b
    CROSS JOIN LATERAL tenancy.charges(payer.id, p.period_start - make_interval(days => b.late_days), p.period_end, 9223372036854775807, currency => b.currency) c
    WHERE b.id = open.plan
    ORDER BY c.line_no;
END
$$;
REVOKE ALL ON FUNCTION tenancy.preview_invoice(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.preview_invoice(text) IS
'What the invoice of a tenant''s running period comes to with the usage so far, rolled up or not, and the fees of the whole period: its items, unrounded, before discounts, taxes and credits. Errors: 42704 unknown tenant, 55000 no plan.';
