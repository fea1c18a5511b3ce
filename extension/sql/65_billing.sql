-- Making invoices: which are due, their lines, discounts, taxes, credits, and the moment they become final.
-- SPDX-License-Identifier: PostgreSQL

-- For each tenant the billing period that a day is in, by the subscription of that day or else the last one that
-- touches its period, whose plan it is. An array, and no sequential scans: one tenant must not cost what all do.
CREATE FUNCTION tenancy.billing_state(tenants text[], day date, OUT tenant_id text, OUT plan text, OUT time_zone text,
    OUT currency text, OUT rounding text, OUT late_days integer, OUT period_start timestamptz, OUT period_end timestamptz,
    OUT invoice_id bigint, OUT status text, OUT problem text) RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH stretches AS MATERIALIZED (
        SELECT t.id, s.id AS subscription_id, s.plan, s.starts_at, s.ends_at, s.time_zone, p.period_start, p.period_end,
            bool_or(s.starts_at < (billing_state.day + 1)::timestamp AT TIME ZONE s.time_zone
                AND (s.ends_at IS NULL OR s.ends_at > billing_state.day::timestamp AT TIME ZONE s.time_zone))
                OVER (PARTITION BY t.id, p.period_start, p.period_end) AS is_of_day
        FROM tenancy.tenants t
        LEFT JOIN tenancy.subscriptions s ON s.tenant_id = t.id
        LEFT JOIN LATERAL tenancy.billing_period(s.period, s.anchor_month, s.anchor_day, s.time_zone, billing_state.day::timestamp AT TIME ZONE s.time_zone) p
            ON s.id IS NOT NULL
        WHERE t.id = ANY (billing_state.tenants)
    ), chosen AS MATERIALIZED (
        SELECT DISTINCT ON (x.id) x.*,
            CASE WHEN x.subscription_id IS NULL THEN 'no plan'
                 WHEN x.starts_at >= x.period_end THEN 'created later'
                 WHEN x.ends_at <= x.period_start THEN 'closed before' END AS fault
        FROM stretches x
        ORDER BY x.id, x.is_of_day IS NOT TRUE, x.starts_at >= x.period_end, x.starts_at DESC
    ), pending AS MATERIALIZED (
        SELECT DISTINCT l.tenant_id, date_bin('15 minutes', l.at, timestamptz '2000-01-01 00:00:00+00') AS quarter FROM tenancy.usage_ledger l
        WHERE l.stamp >= coalesce((SELECT s.watermark FROM tenancy.ledger_state s), -9223372036854775808)
    )
    SELECT c.id, c.plan, c.time_zone, b.currency, b.rounding, b.late_days, c.period_start, c.period_end, i.id, i.status,
        CASE WHEN i.status <> 'draft' THEN NULL
             WHEN c.fault IS NOT NULL THEN c.fault
             WHEN tenancy.clock_time() < c.period_end THEN 'not over'
             WHEN EXISTS (SELECT FROM pending w WHERE w.tenant_id = c.id AND w.quarter >= c.period_start AND w.quarter < c.period_end) THEN 'usage pending' END
    FROM chosen c
    LEFT JOIN tenancy.plans b ON b.id = c.plan
    LEFT JOIN tenancy.invoices i ON i.tenant_id = c.id AND i.period_start = c.period_start AND i.period_end = c.period_end
        AND i.kind = 'invoice' AND i.status <> 'void';
END
$$;
REVOKE ALL ON FUNCTION tenancy.billing_state(text[], date) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.billing_state(text[], date) IS
'Internal: the invoice for the billing period of a day of each of some tenants, or why it cannot be issued.';

-- The first invoice that reaches its end has all that is left of it.
CREATE FUNCTION tenancy.is_settled(s tenancy.subscriptions) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN s.ends_at = s.starts_at OR EXISTS (SELECT FROM tenancy.invoices i JOIN tenancy.plans p ON p.id = s.plan AND p.currency = i.currency
        WHERE i.tenant_id = s.tenant_id AND i.kind = 'invoice' AND i.status <> 'void' AND i.status <> 'draft'
          AND i.period_end >= s.ends_at AND i.period_start - make_interval(days => i.late_days) <= s.ends_at);
END
$$;
REVOKE ALL ON FUNCTION tenancy.is_settled(tenancy.subscriptions) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.is_settled(tenancy.subscriptions) IS
'Internal: has a subscription ended, and has an invoice billed what it came to? One that runs has not.';

CREATE FUNCTION tenancy.billing_error(problem text, tenant text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN CASE problem
    WHEN 'no plan' THEN format('tenant "%s" has no plan', tenant)
    WHEN 'created later' THEN format('tenant "%s" had no subscription yet in the period', tenant)
    WHEN 'closed before' THEN format('the subscription of tenant "%s" ended before the period', tenant)
    WHEN 'not over' THEN format('the period of the invoice for tenant "%s" is not over', tenant)
    WHEN 'usage pending' THEN format('usage of tenant "%s" is not rolled up yet', tenant) END;
REVOKE ALL ON FUNCTION tenancy.billing_error(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.billing_error(text, text) IS 'Internal: a problem of billing_state() as an error message.';

-- What is owed by the end of a period, less what other invoices have billed for the same item: late usage, a
-- change of plan in a period paid in advance, a price that began within it become adjustments by themselves.
CREATE FUNCTION tenancy.charges(tenant text, since timestamptz, until timestamptz, below_stamp bigint DEFAULT NULL,
    known_at timestamptz DEFAULT 'infinity', before_invoice bigint DEFAULT NULL, currency text DEFAULT NULL)
RETURNS TABLE (line_no integer, kind text, component text, metric text, model text, params jsonb, quantity numeric,
    unit_amount numeric, exact_amount numeric, billed_before numeric, price_id bigint, subscription_id bigint, plan text,
    item_start timestamptz, item_end timestamptz, numerator numeric, denominator numeric, tiers jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    -- A draft has its id long before its turn.
    turn bigint;
    known bigint[];
BEGIN
    SELECT i.issue_no, i.subscription_versions INTO turn, known FROM tenancy.invoices i WHERE i.id = charges.before_invoice;
    -- In PL/pgSQL, which keeps its plans: before 18, SQL functions are planned at every call. A plan made while
    -- the tables were small would read the whole of them for every tenant ever after: hence no sequential scans.
    RETURN QUERY
    WITH items AS MATERIALIZED (
        SELECT b.* FROM tenancy.billable_items(charges.tenant, charges.since, charges.until, charges.below_stamp, charges.known_at, known) b
        WHERE charges.currency IS NULL OR EXISTS (SELECT FROM tenancy.plans p WHERE p.id = b.plan AND p.currency = charges.currency)
    ), billed AS MATERIALIZED (
        SELECT l.subscription_id, l.component, l.item_start, sum(l.exact_amount) AS amount,
            (array_agg(l ORDER BY i.issue_no DESC))[1] AS last
        FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id
        WHERE i.tenant_id = charges.tenant AND i.kind = 'invoice' AND i.status <> 'draft' AND l.subscription_id IS NOT NULL
          AND (charges.currency IS NULL OR i.currency = charges.currency)
          -- An invoice that was made before another was voided knew it as valid.
          AND (i.status <> 'void' OR i.status_changed_at > charges.known_at)
          AND (turn IS NULL OR i.issue_no < turn) AND i.issued_at <= charges.known_at
          AND l.item_start >= charges.since - interval '1 year 1 month'
        GROUP BY l.subscription_id, l.component, l.item_start
    ), differences AS (
        SELECT CASE WHEN b.amount IS NULL THEN i.kind ELSE 'adjustment' END AS kind, i.component, i.metric, i.model, i.params, i.quantity,
            i.exact_amount - coalesce(b.amount, 0) AS exact_amount, coalesce(b.amount, 0) AS billed_before, i.price_id, i.subscription_id,
            i.plan, i.item_start, i.item_end, i.numerator, i.denominator, i.tiers
        FROM items i LEFT JOIN billed b USING (subscription_id, component, item_start)
        UNION ALL
        -- Billed in advance for a time that then was not on that plan at all.
        SELECT 'adjustment', b.component, (b.last).metric, (b.last).model, (b.last).params, 0, -b.amount, b.amount, (b.last).price_id,
            b.subscription_id, (b.last).plan, b.item_start, (b.last).item_end, 0, (b.last).denominator, NULL
        FROM billed b
        WHERE b.item_start >= charges.since AND b.item_start <= charges.until AND b.amount <> 0
          -- What is due in arrears after this time may stand on an invoice of a later period that came first.
          AND ((b.last).item_end <= charges.until OR EXISTS (SELECT FROM tenancy.prices p WHERE p.id = (b.last).price_id AND p.timing = 'advance'))
          AND NOT EXISTS (SELECT FROM items i WHERE (i.subscription_id, i.component, i.item_start) = (b.subscription_id, b.component, b.item_start))
    )
    SELECT (row_number() OVER (ORDER BY d.item_start, array_position('{setup,fee,minimum,usage,adjustment}'::text[], d.kind), d.component))::integer,
        d.kind, d.component, d.metric, d.model, d.params, d.quantity,
        CASE WHEN d.kind IN ('fee', 'setup', 'minimum') THEN tenancy.price_number(d.params, 'amount')
             WHEN jsonb_array_length(d.tiers) = 1 THEN (d.tiers -> 0 ->> 'unit_amount')::numeric END,
        d.exact_amount, d.billed_before, d.price_id, d.subscription_id, d.plan, d.item_start, d.item_end, d.numerator, d.denominator, d.tiers
    FROM differences d
    WHERE d.exact_amount <> 0 OR (d.kind = 'usage' AND d.quantity <> 0);
END
$$;
REVOKE ALL ON FUNCTION tenancy.charges(text, timestamptz, timestamptz, bigint, timestamptz, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.charges(text, timestamptz, timestamptz, bigint, timestamptz, bigint, text) IS
'What a tenant is still to pay by an instant, line by line and unrounded: billable_items() less what invoices have billed for the same item (those before one, with before_invoice, and of subscriptions as that one knew them), of plans in one currency or of all (default). Items of 0 are left out, but for priced usage.';

-- One statement, and so one snapshot: of what is rolled up, of the watermark that says so, of subscriptions and their
-- versions, and of what was billed. In two, a rollup could come between them. Windows instead of joins: nothing is known of how many
-- lines there will be, and a nested loop over all of them would be quadratic.
CREATE FUNCTION tenancy.draft_lines(ids bigint[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH lines AS MATERIALIZED (
        SELECT i.id AS invoice_id, p.rounding, p.late_days, tenancy.currency_digits(i.currency) AS digits, c.*,
            tenancy.round_money(coalesce(sum(c.exact_amount) OVER invoice, 0), tenancy.currency_digits(i.currency), p.rounding) AS subtotal,
            array_agg(c.exact_amount) OVER invoice AS exact
        FROM tenancy.invoices i JOIN tenancy.plans p ON p.id = i.plan
        LEFT JOIN LATERAL tenancy.charges(i.tenant_id, i.period_start - make_interval(days => p.late_days), i.period_end, currency => i.currency) c ON true
        WHERE i.id = ANY (draft_lines.ids) AND i.status = 'draft'
        WINDOW invoice AS (PARTITION BY i.id ORDER BY c.line_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ), written AS (
        INSERT INTO tenancy.invoice_lines (invoice_id, line_no, kind, component, metric, model, params, quantity, unit_amount, exact_amount,
            billed_before, price_id, subscription_id, plan, item_start, item_end, numerator, denominator, tiers, amount)
        SELECT l.invoice_id, l.line_no, l.kind, l.component, l.metric, l.model, l.params, l.quantity, l.unit_amount, l.exact_amount,
            l.billed_before, l.price_id, l.subscription_id, l.plan, l.item_start, l.item_end, l.numerator, l.denominator, l.tiers,
            (tenancy.allot(l.exact, l.subtotal, l.digits))[l.line_no]
        FROM lines l WHERE l.line_no IS NOT NULL
    )
    UPDATE tenancy.invoices i SET rounding = s.rounding, late_days = s.late_days, subtotal = s.subtotal, discount = 0, tax = 0, credits = 0, total = s.subtotal,
        watermark = coalesce((SELECT g.watermark FROM tenancy.ledger_state g), -9223372036854775808), drafted_at = tenancy.clock_time(),
        subscription_versions = ARRAY(SELECT v.version FROM tenancy.subscriptions v
            WHERE v.tenant_id = i.tenant_id AND v.starts_at <= i.period_end ORDER BY v.version)
    FROM (SELECT DISTINCT l.invoice_id, l.rounding, l.late_days, l.subtotal FROM lines l) s WHERE i.id = s.invoice_id;
END;
REVOKE ALL ON FUNCTION tenancy.draft_lines(bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.draft_lines(bigint[]) IS 'Internal: writes the lines of drafts that have none.';

CREATE FUNCTION tenancy.add_line(invoice bigint, kind text, component text, amount numeric, quantity numeric, reference text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO tenancy.invoice_lines (invoice_id, line_no, kind, component, quantity, exact_amount, amount, reference)
    SELECT add_line.invoice, coalesce(max(l.line_no), 0) + 1, add_line.kind, add_line.component, add_line.quantity, add_line.amount, add_line.amount,
        add_line.reference
    FROM tenancy.invoice_lines l WHERE l.invoice_id = add_line.invoice;
END
$$;
REVOKE ALL ON FUNCTION tenancy.add_line(bigint, text, text, numeric, numeric, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.add_line(bigint, text, text, numeric, numeric, text) IS 'Internal: one more line of a draft.';

-- Discounts first, tax on what is left, then credits: they pay a bill, they do not make it smaller.
CREATE FUNCTION tenancy.complete_draft(invoice tenancy.invoices) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    digits integer := tenancy.currency_digits(invoice.currency);
    left_over numeric := invoice.subtotal;
    share numeric;
    base numeric;
    item record;
BEGIN
    FOR item IN
        SELECT c.*, t.redeemed_at FROM tenancy.tenant_coupons t JOIN tenancy.coupons c ON c.id = t.coupon
        WHERE t.tenant_id = invoice.tenant_id AND (t.periods_left IS NULL OR t.periods_left > 0)
          AND (c.currency IS NULL OR c.currency = invoice.currency)
        ORDER BY c.component IS NULL, t.redeemed_at, c.id
    LOOP
        -- Of a component what coupons have left of it.
        base := greatest(least(left_over, CASE WHEN item.component IS NULL THEN left_over ELSE
            (SELECT coalesce(sum(l.amount), 0) FROM tenancy.invoice_lines l LEFT JOIN tenancy.coupons o ON l.kind = 'discount' AND o.id = l.reference
             WHERE l.invoice_id = invoice.id AND CASE l.kind WHEN 'discount' THEN o.component ELSE l.component END = item.component) END), 0);
        share := tenancy.round_money(CASE WHEN item.percent_off IS NULL THEN least(item.amount_off, base) ELSE base * item.percent_off * 0.01 END, digits, invoice.rounding);
        CONTINUE WHEN share = 0;
        PERFORM tenancy.add_line(invoice.id, 'discount', item.id, -share, 1, item.id);
        invoice.discount := invoice.discount + share;
        left_over := left_over - share;
    END LOOP;
    FOR item IN SELECT * FROM tenancy.tenant_taxes x WHERE x.tenant_id = invoice.tenant_id ORDER BY x.name LOOP
        share := tenancy.round_money(left_over * item.rate_pct * 0.01, digits, invoice.rounding);
        CONTINUE WHEN share = 0;
        PERFORM tenancy.add_line(invoice.id, 'tax', item.name, share, left_over, item.rate_pct || ' %');
        invoice.tax := invoice.tax + share;
    END LOOP;
    left_over := left_over + invoice.tax;
    FOR item IN
        SELECT b.id, b.used FROM (
            SELECT jsonb_agg(jsonb_build_object('id', o.id, 'balance', o.balance, 'priority', o.priority)) AS grants FROM (
                SELECT (row_number() OVER (ORDER BY c.priority, c.expires_at NULLS LAST, c.starts_at, c.id))::integer AS priority, c.id, c.balance
                FROM tenancy.credit_grants c
                WHERE c.tenant_id = invoice.tenant_id AND c.currency = invoice.currency AND c.balance > 0 AND c.starts_at <= tenancy.clock_time()
                  AND (c.expires_at IS NULL OR c.expires_at > tenancy.clock_time())) o) a,
            tenancy.burn_grants(coalesce(a.grants, '[]'), greatest(left_over, 0)) b
        WHERE b.used > 0
    LOOP
        PERFORM tenancy.add_line(invoice.id, 'credit', 'credit', -item.used, 1, item.id);
        invoice.credits := invoice.credits + item.used;
    END LOOP;
    -- What the tenant is owed becomes its credit; an invoice asks for nothing less than nothing.
    IF left_over < 0 THEN
        PERFORM tenancy.add_line(invoice.id, 'carried', 'carried over as credit', -left_over, 1, NULL);
        invoice.credits := invoice.credits + left_over;
    END IF;
    UPDATE tenancy.invoices i SET discount = invoice.discount, tax = invoice.tax, credits = invoice.credits,
        total = i.subtotal - invoice.discount + invoice.tax - invoice.credits
    WHERE i.id = invoice.id;
END
$$;
REVOKE ALL ON FUNCTION tenancy.complete_draft(tenancy.invoices) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.complete_draft(tenancy.invoices) IS
'Internal: adds discounts, taxes and credits to a draft that has its items.';

-- What a final invoice has used up: credits drawn, coupons, and the credit that a negative sum becomes.
CREATE FUNCTION tenancy.settle_invoices(ids bigint[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH drawn AS (
        SELECT l.reference::bigint AS grant_id, l.invoice_id, l.amount FROM tenancy.invoice_lines l
        WHERE l.invoice_id = ANY (settle_invoices.ids) AND l.kind = 'credit'
    ), balances AS (
        UPDATE tenancy.credit_grants g SET balance = g.balance + d.amount
        FROM (SELECT grant_id, sum(amount) AS amount FROM drawn GROUP BY grant_id) d WHERE g.id = d.grant_id
    )
    INSERT INTO tenancy.credit_entries (grant_id, kind, amount, invoice_id) SELECT grant_id, 'draw', amount, invoice_id FROM drawn;
    WITH granted AS (
        INSERT INTO tenancy.credit_grants (tenant_id, currency, amount, balance, starts_at, invoice_id, reason)
        SELECT i.tenant_id, i.currency, l.amount, l.amount, tenancy.clock_time(), i.id, 'carried over from ' || i.number
        FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id AND l.kind = 'carried'
        WHERE i.id = ANY (settle_invoices.ids) RETURNING id, amount, invoice_id
    )
    INSERT INTO tenancy.credit_entries (grant_id, kind, amount, invoice_id) SELECT id, 'grant', amount, invoice_id FROM granted;
    UPDATE tenancy.tenant_coupons t SET periods_left = t.periods_left - 1
    FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id AND l.kind = 'discount'
    WHERE i.id = ANY (settle_invoices.ids) AND t.tenant_id = i.tenant_id AND t.coupon = l.reference AND t.periods_left IS NOT NULL;
END;
REVOKE ALL ON FUNCTION tenancy.settle_invoices(bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.settle_invoices(bigint[]) IS 'Internal: books what final invoices have used up.';

CREATE FUNCTION tenancy.finish_drafts(ids bigint[], final boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
DECLARE
    invoice tenancy.invoices;
    before tenancy.invoices;
BEGIN
    PERFORM tenancy.draft_lines(ids);
    -- Most tenants have nothing to add; a loop over all would be most of the time.
    FOR invoice IN
        SELECT i.* FROM tenancy.invoices i WHERE i.id = ANY (ids)
          AND (i.subtotal < 0 OR EXISTS (SELECT FROM tenancy.tenant_coupons c WHERE c.tenant_id = i.tenant_id)
               OR EXISTS (SELECT FROM tenancy.tenant_taxes x WHERE x.tenant_id = i.tenant_id)
               OR EXISTS (SELECT FROM tenancy.credit_grants g WHERE g.tenant_id = i.tenant_id AND g.balance > 0))
        ORDER BY i.tenant_id, i.period_end
    LOOP
        IF final THEN
            -- What one invoice of a tenant has drawn must be known to its next.
            IF before.tenant_id = invoice.tenant_id THEN
                PERFORM tenancy.number_invoices(ARRAY[before.id]);
            END IF;
            before := invoice;
            PERFORM tenancy.expire_credits(invoice.tenant_id);
            -- Whoever draws on the same credit waits here, and then sees what is left.
            PERFORM FROM tenancy.credit_grants g WHERE g.tenant_id = invoice.tenant_id ORDER BY g.id FOR UPDATE;
        END IF;
        PERFORM tenancy.complete_draft(invoice);
    END LOOP;
    IF final THEN
        PERFORM tenancy.number_invoices(ids);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.finish_drafts(bigint[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.finish_drafts(bigint[], boolean) IS 'Internal: fills drafts, and makes them final.';

CREATE FUNCTION tenancy.number_invoices(ids bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    drafts bigint[] := (SELECT array_agg(i.id ORDER BY i.tenant_id, i.period_end) FROM tenancy.invoices i WHERE i.id = ANY (ids) AND i.status = 'draft');
    series record;
BEGIN
    IF drafts IS NULL THEN
        RETURN;
    END IF;
    SELECT * INTO series FROM tenancy.take_invoice_numbers('invoice', cardinality(drafts));
    UPDATE tenancy.invoices i SET status = 'final', issued_at = tenancy.clock_time(), status_changed_at = tenancy.clock_time(),
        parties = tenancy.invoice_parties(i.tenant_id), issue_no = series.first + d.n - 1,
        number = series.prefix || lpad((series.first + d.n - 1)::text, greatest(6, length((series.first + d.n - 1)::text)), '0')
    FROM unnest(drafts) WITH ORDINALITY AS d(id, n) WHERE i.id = d.id;
    PERFORM tenancy.settle_invoices(drafts);
    PERFORM tenancy.write_audit('issue_invoice', i.tenant_id, NULL, to_jsonb(i))
    FROM unnest(drafts) WITH ORDINALITY AS d(id, n) JOIN tenancy.invoices i ON i.id = d.id ORDER BY d.n;
END
$$;
REVOKE ALL ON FUNCTION tenancy.number_invoices(bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.number_invoices(bigint[]) IS
'Internal: makes drafts that are complete final: with their numbers, what they use up, and audit.';

CREATE FUNCTION tenancy.make_invoices(tenants text[], day date, final boolean DEFAULT true) RETURNS SETOF bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    until timestamptz := clock_timestamp() + interval '5 seconds';
    new_ids bigint[];
    ids bigint[];
BEGIN
    -- Only where it is needed: a rollup holds up others until this transaction ends.
    WHILE EXISTS (SELECT FROM tenancy.billing_state(tenants, day) s WHERE s.problem = 'usage pending') LOOP
        PERFORM tenancy.rollup();
        EXIT WHEN clock_timestamp() >= until
            -- no later snapshot will see more
            OR current_setting('transaction_isolation') <> 'read committed'
            OR NOT EXISTS (SELECT FROM tenancy.billing_state(tenants, day) s WHERE s.problem = 'usage pending');
        PERFORM pg_sleep(0.02);
    END LOOP;
    IF final THEN
        PERFORM tenancy.lock_invoices();
    END IF;
    -- The prices stay as they are until the invoices are there: set_price() waits for this lock.
    PERFORM FROM tenancy.plans p ORDER BY p.id FOR SHARE;

    WITH made AS (
        INSERT INTO tenancy.invoices (tenant_id, plan, time_zone, period_start, period_end, currency)
        SELECT s.tenant_id, s.plan, s.time_zone, s.period_start, s.period_end, s.currency
        FROM tenancy.billing_state(tenants, day) s
        WHERE s.invoice_id IS NULL AND s.problem IS NULL ORDER BY s.tenant_id
        -- another session was faster: its invoice is as good
        ON CONFLICT (tenant_id, period_start, period_end) WHERE kind = 'invoice' AND status <> 'void' DO NOTHING
        RETURNING id
    )
    SELECT array_agg(id) INTO new_ids FROM made;
    -- Drafts of before are made anew.
    SELECT new_ids || array_agg(d.id) INTO ids FROM (
        SELECT i.id FROM tenancy.billing_state(tenants, day) s JOIN tenancy.invoices i ON i.id = s.invoice_id
        WHERE s.status = 'draft' AND s.problem IS NULL AND i.status = 'draft' ORDER BY i.id FOR UPDATE OF i) d
    WHERE d.id <> ALL (coalesce(new_ids, '{}'));
    ids := coalesce(ids, new_ids);
    DELETE FROM tenancy.invoice_lines l WHERE l.invoice_id = ANY (ids);
    PERFORM tenancy.finish_drafts(ids, final);
    RETURN QUERY SELECT unnest(ids);
END
$$;
REVOKE ALL ON FUNCTION tenancy.make_invoices(text[], date, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.make_invoices(text[], date, boolean) IS
'Internal: makes the invoices of the billing period of a day that can be made, of some tenants, and returns the ids of the new ones.';
