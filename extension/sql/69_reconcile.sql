-- reconcile(): the books made again from the ledger, and every difference from what stands in them.
-- SPDX-License-Identifier: PostgreSQL

-- Each part is one statement over all tenants; all see the one snapshot of the caller's statement.
CREATE FUNCTION tenancy.reconcile_usage(since timestamptz, until timestamptz, tenant text)
RETURNS TABLE (part text, tenant_id text, object text, expected numeric, actual numeric, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    origin constant timestamptz := '2000-01-01 00:00:00+00';
    mark bigint := coalesce((SELECT s.watermark FROM tenancy.ledger_state s), -9223372036854775808);
    first_hour timestamptz := date_bin('1 hour', reconcile_usage.since, origin);
    end_hour timestamptz := date_bin('1 hour', reconcile_usage.until + interval '59:59.999999', origin);
BEGIN
    RETURN QUERY
    WITH ledger AS MATERIALIZED (
        SELECT l.tenant_id, l.metric, date_bin('1 hour', l.at, origin) AS hour, sum(l.amount) AS quantity, count(*) AS events,
            -sum(least(l.amount, 0)) AS released
        FROM tenancy.usage_ledger l
        WHERE l.stamp < mark AND l.at >= first_hour AND l.at < end_hour AND (reconcile_usage.tenant IS NULL OR l.tenant_id = reconcile_usage.tenant)
        GROUP BY l.tenant_id, l.metric, 3
    ), hours AS MATERIALIZED (
        SELECT h.tenant_id, h.metric, date_bin('1 hour', h.hour, origin) AS hour, sum(h.quantity) AS quantity, sum(h.events) AS events,
            sum(h.released) AS released
        FROM tenancy.usage_hourly h
        WHERE h.hour >= first_hour AND h.hour < end_hour AND (reconcile_usage.tenant IS NULL OR h.tenant_id = reconcile_usage.tenant)
        GROUP BY h.tenant_id, h.metric, 3
    )
    SELECT 'rollup', tenant_id, concat(metric, ' ', tenancy.iso_time(hour)), coalesce(l.quantity, 0), coalesce(h.quantity, 0),
        format('%s events in the ledger, %s in the hours', coalesce(l.events, 0), coalesce(h.events, 0))
    FROM ledger l FULL JOIN hours h USING (tenant_id, metric, hour) LEFT JOIN tenancy.ledger_horizons k USING (tenant_id)
    WHERE (k.kept_since IS NULL OR hour >= k.kept_since) AND (l.quantity, l.events, l.released) IS DISTINCT FROM (h.quantity, h.events, h.released);

    RETURN QUERY
    WITH events AS MATERIALIZED (
        SELECT l.tenant_id, l.metric, l.key, count(*) AS rows, min(l.amount) AS amount, (array_agg(l.attributes))[1] AS attributes, max(l.recorded_at) AS recorded_at
        FROM tenancy.usage_ledger l
        WHERE l.key IS NOT NULL AND l.at >= reconcile_usage.since AND l.at < reconcile_usage.until
          AND (reconcile_usage.tenant IS NULL OR l.tenant_id = reconcile_usage.tenant)
        GROUP BY l.tenant_id, l.metric, l.key
    )
    SELECT 'key', e.tenant_id, concat(e.metric, ' ', e.key), k.amount::numeric, (e.amount * e.rows)::numeric,
        CASE WHEN e.rows > 1 THEN format('%s rows of the ledger have this key', e.rows)
             WHEN k.key IS NULL THEN 'the key is not kept any more'
             ELSE 'the key was claimed with other content' END
    FROM events e LEFT JOIN tenancy.usage_keys k USING (tenant_id, metric, key)
    WHERE e.rows > 1 OR (k.key IS NULL AND e.recorded_at >= coalesce((SELECT r.keys_kept_since FROM tenancy.ledger_retention r), '-infinity'))
       OR k.amount <> e.amount OR k.attributes IS DISTINCT FROM e.attributes;
END
$$;
REVOKE ALL ON FUNCTION tenancy.reconcile_usage(timestamptz, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.reconcile_usage(timestamptz, timestamptz, text) IS
'Internal: the part of reconcile() with hours and keys against the ledger.';

CREATE FUNCTION tenancy.reconcile_invoices(since timestamptz, until timestamptz, tenant text)
RETURNS TABLE (part text, tenant_id text, object text, expected numeric, actual numeric, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    -- Not drafts, which may be behind, and not what is older than the ledger.
    RETURN QUERY
    SELECT CASE WHEN v.line_no IS NULL THEN 'total' ELSE 'line' END, i.tenant_id, concat(i.number, ' ' || v.line_no, ' ' || v.component),
        v.expected, v.actual, CASE WHEN v.expected IS DISTINCT FROM v.actual THEN 'another amount' WHEN v.line_no IS NULL THEN 'the parts do not come to it'
            ELSE 'another price, quantity or tier' END
    FROM (SELECT * FROM tenancy.invoices k WHERE tenancy.is_recomputable(k) OFFSET 0) i CROSS JOIN LATERAL tenancy.verify_invoice(i.id) v
    WHERE i.status <> 'draft' AND i.period_start < reconcile_invoices.until AND (i.period_end > reconcile_invoices.since OR i.period_start >= reconcile_invoices.since)
      AND (reconcile_invoices.tenant IS NULL OR i.tenant_id = reconcile_invoices.tenant) AND NOT v.ok;

    RETURN QUERY
    WITH notes AS (
        SELECT c.corrects, l.reference, -sum(l.amount) AS credited FROM tenancy.invoices c JOIN tenancy.invoice_lines l ON l.invoice_id = c.id
        WHERE c.kind = 'credit_note' AND l.kind = 'adjustment' AND (reconcile_invoices.tenant IS NULL OR c.tenant_id = reconcile_invoices.tenant)
        GROUP BY c.corrects, l.reference
    )
    SELECT 'line', coalesce(i.tenant_id, ''), concat(coalesce(i.number, n.corrects::text), ' ', n.reference), l.amount, n.credited, 'credit notes are above the line'
    FROM notes n LEFT JOIN tenancy.invoices i ON i.id = n.corrects
    LEFT JOIN tenancy.invoice_lines l ON l.invoice_id = n.corrects AND l.line_no::text = n.reference
    WHERE (i.period_start < reconcile_invoices.until AND (i.period_end > reconcile_invoices.since OR i.period_start >= reconcile_invoices.since)) IS NOT FALSE
      AND (n.credited BETWEEN least(l.amount, 0) AND greatest(l.amount, 0)) IS NOT TRUE;

    -- Numbers belong to all tenants and all times.
    RETURN QUERY
    SELECT 'number', ''::text, s.name, s.next_number - 1::numeric, count(i.id)::numeric, 'documents with a number'
    FROM tenancy.invoice_series s LEFT JOIN tenancy.invoices i ON i.kind = s.name AND i.number IS NOT NULL
    WHERE reconcile_invoices.tenant IS NULL
    GROUP BY s.name, s.next_number HAVING count(i.id) <> s.next_number - 1;

    RETURN QUERY
    SELECT 'number', ''::text, concat(s.name, ' ', g.issue_no + 1, CASE WHEN g.next_no > g.issue_no + 2 THEN concat(' to ', g.next_no - 1) END),
        g.next_no - g.issue_no - 1::numeric, 0::numeric, 'no document has it'
    FROM tenancy.invoice_series s
    CROSS JOIN LATERAL (
        SELECT n.issue_no, lead(n.issue_no, 1, s.next_number) OVER (ORDER BY n.issue_no) AS next_no
        FROM (SELECT 0 AS issue_no UNION ALL SELECT i.issue_no FROM tenancy.invoices i WHERE i.kind = s.name AND i.issue_no IS NOT NULL) n) g
    WHERE reconcile_invoices.tenant IS NULL AND g.next_no > g.issue_no + 1;
END
$$;
REVOKE ALL ON FUNCTION tenancy.reconcile_invoices(timestamptz, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.reconcile_invoices(timestamptz, timestamptz, text) IS
'Internal: the part of reconcile() with invoices, credit notes and their numbers.';

CREATE FUNCTION tenancy.reconcile_credits(since timestamptz, until timestamptz, tenant text)
RETURNS TABLE (part text, tenant_id text, object text, expected numeric, actual numeric, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH entries AS MATERIALIZED (
        SELECT e.grant_id, sum(e.amount) AS balance, sum(e.amount) FILTER (WHERE e.kind = 'grant') AS granted,
            bool_or(e.at >= reconcile_credits.since AND e.at < reconcile_credits.until) AS is_asked
        FROM tenancy.credit_entries e GROUP BY e.grant_id
    )
    SELECT 'credit', coalesce(g.tenant_id, ''), 'grant ' || coalesce(g.id, e.grant_id), coalesce(e.balance, 0), coalesce(g.balance, 0),
        CASE WHEN g.id IS NULL THEN 'movements of a grant that is not there' WHEN e.granted IS DISTINCT FROM g.amount THEN 'another amount granted'
            ELSE 'movements do not come to the balance' END
    FROM tenancy.credit_grants g FULL JOIN entries e ON e.grant_id = g.id
    WHERE (e.is_asked OR e.grant_id IS NULL) AND (reconcile_credits.tenant IS NULL OR g.tenant_id = reconcile_credits.tenant)
      AND (e.balance IS DISTINCT FROM g.balance OR e.granted IS DISTINCT FROM g.amount);

    -- Each draw belongs to a line, each line to a draw or what a credit note gives back, and what a void invoice drew has come back.
    RETURN QUERY
    WITH lines AS (
        SELECT i.id AS document, l.reference, l.amount, i.status = 'void' AS is_void FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id AND l.kind = 'credit'
        WHERE i.status <> 'draft' AND (reconcile_credits.tenant IS NULL OR i.tenant_id = reconcile_credits.tenant)
    ), moved AS (
        SELECT e.invoice_id AS document, e.grant_id::text AS reference, coalesce(sum(e.amount) FILTER (WHERE e.kind = 'draw'), sum(e.amount)) AS drawn, sum(e.amount) AS left_over
        FROM tenancy.credit_entries e WHERE e.kind IN ('draw', 'return') GROUP BY e.invoice_id, e.grant_id
    )
    SELECT 'credit', coalesce(i.tenant_id, ''), concat(i.number, ' grant ', reference), coalesce(l.amount, 0), coalesce(m.drawn, 0), 'drawn by an invoice'
    FROM lines l FULL JOIN moved m USING (document, reference) LEFT JOIN tenancy.invoices i ON i.id = document
    WHERE (i.issued_at >= reconcile_credits.since AND i.issued_at < reconcile_credits.until) IS NOT FALSE
      AND (reconcile_credits.tenant IS NULL OR i.tenant_id = reconcile_credits.tenant)
      AND (l.amount IS DISTINCT FROM m.drawn OR m.left_over <> CASE WHEN l.is_void THEN 0 ELSE m.drawn END);
END
$$;
REVOKE ALL ON FUNCTION tenancy.reconcile_credits(timestamptz, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.reconcile_credits(timestamptz, timestamptz, text) IS
'Internal: the part of reconcile() with prepaid credits and what moved them.';

CREATE FUNCTION tenancy.reconcile(since timestamptz, until timestamptz, tenant text DEFAULT NULL)
RETURNS TABLE (part text, tenant_id text, object text, expected numeric, actual numeric, detail text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    -- A tenant that is gone from the registry still has its books.
    known_id text := coalesce((SELECT t.id FROM tenancy.tenants t WHERE lower(t.id) = lower(reconcile.tenant)), reconcile.tenant);
BEGIN
    IF (reconcile.since < reconcile.until) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid period to reconcile',
            DETAIL = format('It is from %s until before %s.', reconcile.since, reconcile.until);
    END IF;
    RETURN QUERY
    SELECT r.* FROM (
        SELECT 1 AS n, u.* FROM tenancy.reconcile_usage(reconcile.since, reconcile.until, known_id) u
        UNION ALL SELECT 2, i.* FROM tenancy.reconcile_invoices(reconcile.since, reconcile.until, known_id) i
        UNION ALL SELECT 3, c.* FROM tenancy.reconcile_credits(reconcile.since, reconcile.until, known_id) c) o
    CROSS JOIN LATERAL (SELECT o.part, o.tenant_id, o.object, o.expected, o.actual, o.detail) r
    ORDER BY o.n, r.part, r.tenant_id, r.object COLLATE "C";
END
$$;
REVOKE ALL ON FUNCTION tenancy.reconcile(timestamptz, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.reconcile(timestamptz, timestamptz, text) IS
'Makes the books of a stretch of time again, of all tenants or of one, and returns a row for every difference, with the value as it must be and as it is; none when all is right. It compares the hours with the ledger (rollup), keyed events with their keys (key), invoices that touch the time, line by line and in all (line, total; see verify_invoice()), credit notes with what they correct, numbers with the documents that have them, missing ones by name (number, of all times), and prepaid credits with what moved them (credit). What the ledger is not kept for any more (keep_ledger()) is left out. Changes nothing. Error: 22023 a period that is none.';
