-- Invoices for others to read: as JSON, as CSV, and as a page that prints; with who sells and who buys.
-- SPDX-License-Identifier: PostgreSQL

-- An invoice keeps both as they were when it became final: whoever moves house later changes no invoice.
CREATE TABLE tenancy.billing_identities (
    tenant_id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    address text,
    tax_id text,
    email text,
    note text
);
COMMENT ON TABLE tenancy.billing_identities IS
'Who sells (tenant_id '''') and, where it is not the name in the registry, who buys: what invoices print of them.';
REVOKE ALL ON tenancy.billing_identities FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.billing_identities', '');

CREATE FUNCTION tenancy.set_billing_identity(tenant text, name text, address text DEFAULT NULL, tax_id text DEFAULT NULL,
    email text DEFAULT NULL, note text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    party text := CASE WHEN tenant IS NULL THEN '' ELSE (tenancy.require_tenant(tenant)).id END;
    old_row tenancy.billing_identities;
    new_row tenancy.billing_identities;
BEGIN
    IF name = '' OR octet_length(concat(name, address, tax_id, email, note)) > 10000 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid billing identity',
            HINT = 'It has a name, or null to take it away, and at most 10000 bytes in all.';
    END IF;
    DELETE FROM tenancy.billing_identities b WHERE b.tenant_id = party RETURNING * INTO old_row;
    INSERT INTO tenancy.billing_identities
    SELECT party, set_billing_identity.name, address, tax_id, email, note WHERE set_billing_identity.name IS NOT NULL
    RETURNING * INTO new_row;
    IF new_row IS NOT DISTINCT FROM old_row THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('set_billing_identity', coalesce(nullif(party, ''), '(seller)'),
        CASE WHEN old_row.tenant_id IS NOT NULL THEN to_jsonb(old_row) END, CASE WHEN new_row.tenant_id IS NOT NULL THEN to_jsonb(new_row) END);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_billing_identity(text, text, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_billing_identity(text, text, text, text, text, text) IS
'Sets what invoices print of a tenant, or of the seller (tenant null): name, address (lines), tax id, e-mail, and a note at the foot (of the seller: how to pay). Invoices that are final keep what they have. A null name takes it away; then a tenant goes by its name in the registry. False if nothing changes. Errors: 42704 unknown tenant, 22023 an empty name, or more than 10000 bytes.';

CREATE FUNCTION tenancy.invoice_parties(tenant text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN jsonb_build_object(
        'seller', (SELECT jsonb_strip_nulls(to_jsonb(b) - 'tenant_id') FROM tenancy.billing_identities b WHERE b.tenant_id = ''),
        'buyer', (SELECT jsonb_build_object('id', t.id, 'name', t.name) FROM tenancy.tenants t WHERE t.id = tenant)
            || coalesce((SELECT jsonb_strip_nulls(to_jsonb(b) - 'tenant_id') FROM tenancy.billing_identities b WHERE b.tenant_id = tenant), '{}'));
END
$$;
REVOKE ALL ON FUNCTION tenancy.invoice_parties(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.invoice_parties(text) IS 'Internal: seller and buyer of an invoice as of now.';

-- The session's settings must not decide how an invoice looks.
CREATE FUNCTION tenancy.iso_time(at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS') || rtrim(rtrim(to_char(at AT TIME ZONE 'UTC', '.US'), '0'), '.') || 'Z';
REVOKE ALL ON FUNCTION tenancy.iso_time(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.iso_time(timestamptz) IS 'Internal: an instant as ISO 8601 in UTC.';

CREATE FUNCTION tenancy.invoice_json(id bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result jsonb;
BEGIN
    -- Amounts as text: many readers of JSON make floating point of numbers.
    SELECT jsonb_build_object('id', i.id, 'number', i.number, 'kind', i.kind, 'status', i.status, 'status_reason', i.status_reason,
            'corrects', (SELECT o.number FROM tenancy.invoices o WHERE o.id = i.corrects),
            'tenant', i.tenant_id, 'plan', i.plan, 'currency', i.currency, 'time_zone', i.time_zone,
            'period_start', tenancy.iso_time(i.period_start), 'period_end', tenancy.iso_time(i.period_end), 'issued_at', tenancy.iso_time(i.issued_at),
            'subtotal', round(i.subtotal, d.digits)::text, 'discount', round(i.discount, d.digits)::text, 'tax', round(i.tax, d.digits)::text,
            'credits', round(i.credits, d.digits)::text, 'total', round(i.total, d.digits)::text,
            'lines', coalesce((
                SELECT jsonb_agg(jsonb_build_object('line', l.line_no, 'kind', l.kind, 'component', l.component, 'plan', l.plan, 'metric', l.metric,
                    'model', l.model, 'from', tenancy.iso_time(l.item_start), 'until', tenancy.iso_time(l.item_end),
                    'quantity', trim_scale(l.quantity)::text, 'unit_amount', trim_scale(l.unit_amount)::text,
                    'billed_before', trim_scale(l.billed_before)::text, 'exact_amount', trim_scale(l.exact_amount)::text,
                    'amount', round(l.amount, d.digits)::text, 'tiers', l.tiers, 'reference', l.reference) ORDER BY l.line_no)
                FROM tenancy.invoice_lines l WHERE l.invoice_id = i.id), '[]'))
        || coalesce(i.parties, tenancy.invoice_parties(i.tenant_id))
    INTO result
    FROM tenancy.invoices i CROSS JOIN LATERAL (SELECT tenancy.currency_digits(i.currency) AS digits) d
    WHERE i.id = invoice_json.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('invoice %s does not exist', invoice_json.id);
    END IF;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION tenancy.invoice_json(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.invoice_json(bigint) IS
'An invoice, credit note or draft with its lines, seller and buyer as one JSON object; amounts are text, exact, in the currency''s major unit; times are UTC. Error: 42704 unknown invoice.';

-- Spreadsheets run what begins like a formula, also with the wide forms of the signs: such a text gets an
-- apostrophe before it. Numbers, which may begin with a minus, do not come here.
CREATE FUNCTION tenancy.csv_text(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN value = '' THEN '""' ELSE (
    SELECT CASE WHEN g.safe ~ E'[",\r\n]' THEN '"' || replace(g.safe, '"', '""') || '"' ELSE g.safe END
    FROM (SELECT CASE WHEN value ~ E'^[[:space:]]*[=+@\t\r\n-]'
                        OR substr(convert_to(ltrim(value), 'UTF8'), 1, 3) IN ('\xefbc9d', '\xefbc8b', '\xefbc8d', '\xefbca0')
                      THEN '''' ELSE '' END || value AS safe) g) END;
REVOKE ALL ON FUNCTION tenancy.csv_text(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.csv_text(text) IS 'Internal: a text as a field of CSV that no spreadsheet takes for a formula.';

CREATE FUNCTION tenancy.invoice_csv(id bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    invoice tenancy.invoices;
BEGIN
    SELECT * INTO invoice FROM tenancy.invoices i WHERE i.id = invoice_csv.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('invoice %s does not exist', invoice_csv.id);
    END IF;
    RETURN E'invoice,type,status,tenant,currency,line,kind,component,metric,from,until,quantity,unit_amount,amount,reference\r\n'
        || coalesce((
            SELECT string_agg(concat(tenancy.csv_text(invoice.number), ',', invoice.kind, ',', invoice.status, ',', tenancy.csv_text(invoice.tenant_id), ',',
                invoice.currency, ',', l.line_no, ',', l.kind, ',', tenancy.csv_text(l.component), ',', l.metric, ',',
                tenancy.iso_time(l.item_start), ',', tenancy.iso_time(l.item_end), ',', trim_scale(l.quantity), ',', trim_scale(l.unit_amount), ',',
                round(l.amount, tenancy.currency_digits(invoice.currency)), ',', tenancy.csv_text(l.reference), E'\r\n'), '' ORDER BY l.line_no)
            FROM tenancy.invoice_lines l WHERE l.invoice_id = invoice.id), '');
END
$$;
REVOKE ALL ON FUNCTION tenancy.invoice_csv(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.invoice_csv(bigint) IS
'The lines of an invoice, credit note or draft as CSV (RFC 4180: CRLF, quotes doubled) with a header; amounts add up to the total, times are UTC. A text that a spreadsheet would take for a formula begins with an apostrophe. Error: 42704 unknown invoice.';

-- Control characters have no place in a page; line feeds stay.
CREATE FUNCTION tenancy.html_text(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN replace(replace(replace(replace(replace(regexp_replace(value, '[\u0001-\u0009\u000b-\u001f\u007f]', ' ', 'g'),
    '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;');
REVOKE ALL ON FUNCTION tenancy.html_text(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.html_text(text) IS 'Internal: a text as text of a page.';

-- A day, with the time where a stretch begins or ends within it. Of an end that is a midnight, the day before.
CREATE FUNCTION tenancy.html_time(at timestamptz, time_zone text, is_end boolean) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN (SELECT CASE WHEN l.t <> date_trunc('day', l.t) THEN to_char(l.t, 'YYYY-MM-DD HH24:MI')
                    ELSE to_char(l.t - make_interval(days => is_end::integer), 'YYYY-MM-DD') END
        FROM (SELECT at AT TIME ZONE time_zone AS t) l);
REVOKE ALL ON FUNCTION tenancy.html_time(timestamptz, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.html_time(timestamptz, text, boolean) IS 'Internal: a day, or a time of a day, on an invoice.';

CREATE FUNCTION tenancy.html_party(label text, party jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN party IS NULL OR party = 'null' THEN ''
    ELSE format('<address><b>%s</b>%s</address>', label, (
        SELECT string_agg('<bdi>' || tenancy.html_text(CASE k.key WHEN 'tax_id' THEN 'Tax id ' ELSE '' END || (party ->> k.key)) || '</bdi>', E'\n' ORDER BY k.n)
        FROM unnest('{name,address,tax_id,email}'::text[]) WITH ORDINALITY AS k(key, n) WHERE party ->> k.key <> '')) END;
REVOKE ALL ON FUNCTION tenancy.html_party(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.html_party(text, jsonb) IS 'Internal: seller or buyer on an invoice.';

CREATE FUNCTION tenancy.html_lines(invoice tenancy.invoices, digits integer) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN coalesce((
    SELECT string_agg(format('<tr><td><bdi>%s</bdi>%s</td><td class="t">%s</td><td class="n">%s</td><td class="n">%s</td><td class="n">%s</td></tr>',
            tenancy.html_text(l.component),
            CASE WHEN l.kind IN ('adjustment', 'setup', 'minimum') THEN '<small>' || CASE l.kind WHEN 'adjustment' THEN 'adjustment' WHEN 'setup' THEN 'once'
                ELSE 'up to the minimum' END || '</small>' ELSE '' END
            -- Where quantity times unit price is not the amount.
            || coalesce((SELECT '<small>' || string_agg('<bdi>' || replace(tenancy.html_text(tenancy.tier_text(t)), '×', '&times;') || '</bdi>', '<br>' ORDER BY n) || '</small>'
                FROM jsonb_array_elements(l.tiers) WITH ORDINALITY AS u(t, n)
                WHERE jsonb_array_length(l.tiers) > 1 OR l.unit_amount IS NULL OR (t ->> 'units')::numeric <> l.quantity), '')
            || CASE WHEN l.billed_before <> 0 THEN format('<small>%s less %s billed before</small>', round(l.exact_amount + l.billed_before, digits),
                   round(l.billed_before, digits)) ELSE '' END,
            '<span>' || CASE WHEN l.item_end > l.item_start THEN concat(tenancy.html_time(l.item_start, invoice.time_zone, false), ' &ndash;</span> <span>',
                tenancy.html_time(l.item_end, invoice.time_zone, true)) ELSE tenancy.html_time(l.item_start, invoice.time_zone, false) END || '</span>',
            CASE WHEN l.metric IS NOT NULL OR l.subscription_id IS NULL THEN trim_scale(l.quantity)
                 WHEN l.numerator <> l.denominator THEN round(tenancy.prorate(1, l.numerator, l.denominator), 4) END,
            trim_scale(CASE WHEN l.kind = 'adjustment' AND l.metric IS NULL AND l.params ? 'amount' THEN (l.params ->> 'amount')::numeric ELSE l.unit_amount END), round(l.amount, digits)), E'\n' ORDER BY l.line_no)
    FROM tenancy.invoice_lines l WHERE l.invoice_id = invoice.id AND l.kind NOT IN ('discount', 'tax', 'credit', 'carried')), '');
REVOKE ALL ON FUNCTION tenancy.html_lines(tenancy.invoices, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.html_lines(tenancy.invoices, integer) IS 'Internal: the items of an invoice as rows of a page''s table.';

CREATE FUNCTION tenancy.html_totals(invoice tenancy.invoices, digits integer) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN (SELECT string_agg(format('<tr%s><th colspan="4"><bdi>%s</bdi></th><td class="n">%s</td></tr>',
            CASE WHEN s.kind = 'total' THEN ' class="total"' ELSE '' END, tenancy.html_text(s.label), round(s.amount, digits)), E'\n' ORDER BY s.n)
        FROM (SELECT 0 AS n, 'subtotal' AS kind, 'Subtotal' AS label, invoice.subtotal AS amount
              UNION ALL
              SELECT l.line_no, l.kind, CASE l.kind WHEN 'discount' THEN concat_ws(' ', 'Discount', l.reference)
                      WHEN 'tax' THEN concat_ws(' ', l.component, l.reference, CASE WHEN invoice.kind = 'invoice' THEN 'of ' || trim_scale(l.quantity) END)
                      WHEN 'credit' THEN CASE invoice.kind WHEN 'invoice' THEN 'Paid from credit' ELSE 'Back to credit' END ELSE 'Carried over as credit' END, l.amount
              FROM tenancy.invoice_lines l WHERE l.invoice_id = invoice.id AND l.kind IN ('discount', 'tax', 'credit', 'carried')
              UNION ALL
              SELECT 2147483647, 'total', 'Total ' || invoice.currency, invoice.total) s);
REVOKE ALL ON FUNCTION tenancy.html_totals(tenancy.invoices, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.html_totals(tenancy.invoices, integer) IS 'Internal: the sums of an invoice as rows of a page''s table.';

CREATE FUNCTION tenancy.invoice_html(id bigint) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    invoice tenancy.invoices;
    parties jsonb;
    digits integer;
    title text;
BEGIN
    SELECT * INTO invoice FROM tenancy.invoices i WHERE i.id = invoice_html.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('invoice %s does not exist', invoice_html.id);
    END IF;
    parties := coalesce(invoice.parties, tenancy.invoice_parties(invoice.tenant_id));
    digits := tenancy.currency_digits(invoice.currency);
    title := tenancy.html_text(concat_ws(' ', CASE invoice.kind WHEN 'invoice' THEN 'Invoice' ELSE 'Credit note' END, invoice.number));
    -- The policy is a second wall: even a text that got through would neither run nor load anything.
    RETURN format($page$<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%1$s</title>
<style>
@page { size: A4; margin: 15mm 16mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt system-ui, sans-serif; color: #555; } }
* { box-sizing: border-box; }
body { font: 10.5pt/1.45 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 178mm; margin: 0 auto; padding: 10mm 0; }
h1 { font-size: 20pt; font-weight: 600; margin: 0 0 6mm; overflow-wrap: anywhere; }
.state { float: right; border: 1.5pt solid; border-radius: 3pt; padding: 1mm 3mm; text-transform: uppercase; letter-spacing: .08em; }
.parties { display: flex; gap: 10mm; margin-bottom: 8mm; }
address { flex: 1; font-style: normal; white-space: pre-line; overflow-wrap: anywhere; }
address b { display: block; font-size: 8.5pt; font-weight: 600; color: #555; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .5mm 6mm; margin: 0 0 8mm; }
dt { color: #555; } dd { margin: 0; }
table { width: 100%%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { padding: 1.3mm 2mm; text-align: left; vertical-align: top; border-bottom: .5pt solid #ccc; }
td:first-child { overflow-wrap: anywhere; min-width: 45mm; }
.t { font-size: 9pt; } .t span { white-space: nowrap; }
thead th { font-size: 8.5pt; font-weight: 600; color: #555; border-bottom: 1pt solid #1a1a1a; }
.n { text-align: right; white-space: nowrap; }
small { display: block; color: #555; font-size: 8.5pt; }
.sums { break-inside: avoid; }
.sums th { font-weight: 400; text-align: right; border: 0; } .sums td { border: 0; }
.sums .total th, .sums .total td { font-weight: 700; font-size: 12pt; border-top: 1pt solid #1a1a1a; }
footer { margin-top: 8mm; break-before: avoid; white-space: pre-line; overflow-wrap: anywhere; color: #333; break-inside: avoid; }
@media print { body { padding: 0; max-width: none; } }
</style>
</head>
<body>
%2$s<h1><bdi>%1$s</bdi></h1>
<div class="parties">%3$s%4$s</div>
<dl>%5$s<dt>Period</dt><dd>%6$s (%7$s)</dd><dt>Currency</dt><dd>%8$s</dd></dl>
<table>
<thead><tr><th>Item</th><th>Time</th><th class="n">Quantity</th><th class="n">Unit price</th><th class="n">Amount</th></tr></thead>
<tbody>
%9$s
</tbody>
<tbody class="sums">
%10$s
</tbody>
</table>
%11$s</body>
</html>
$page$,
        title,
        CASE WHEN invoice.status <> 'final' THEN format('<span class="state">%s</span>', invoice.status) END,
        tenancy.html_party('From', parties -> 'seller'), tenancy.html_party('To', parties -> 'buyer'),
        CASE WHEN invoice.issued_at IS NOT NULL THEN format('<dt>Date</dt><dd>%s</dd>', to_char(invoice.issued_at AT TIME ZONE invoice.time_zone, 'YYYY-MM-DD')) END
        || coalesce((SELECT format('<dt>Corrects</dt><dd><bdi>%s</bdi></dd>', tenancy.html_text(o.number)) FROM tenancy.invoices o WHERE o.id = invoice.corrects), ''),
        CASE WHEN invoice.period_end > invoice.period_start THEN concat(tenancy.html_time(invoice.period_start, invoice.time_zone, false), ' &ndash; ',
            tenancy.html_time(invoice.period_end, invoice.time_zone, true)) ELSE tenancy.html_time(invoice.period_start, invoice.time_zone, false) END,
        tenancy.html_text(invoice.time_zone), invoice.currency, tenancy.html_lines(invoice, digits), tenancy.html_totals(invoice, digits),
        '<footer><bdi>' || tenancy.html_text(nullif(concat_ws(E'\n', nullif(parties -> 'seller' ->> 'note', ''), nullif(parties -> 'buyer' ->> 'note', '')), '')) || E'</bdi></footer>\n');
END
$$;
REVOKE ALL ON FUNCTION tenancy.invoice_html(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.invoice_html(bigint) IS
'An invoice, credit note or draft as a page of HTML that prints on A4: no script, nothing loaded, all texts escaped; days are those of the invoice''s time zone, amounts have the currency''s minor unit. Serve it as text/html; charset=utf-8. Error: 42704 unknown invoice.';
