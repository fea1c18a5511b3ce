-- An invoice as JSON, CSV and a page: amounts exact, names that are traps harmless, and both parties as they were.
\set SHOW_CONTEXT never
SET timezone = 'America/New_York';
SET datestyle = 'German';
SET tenancy.clock = '2026-03-10 00:00:00';
SELECT tenancy.create_plan('ix_plan', currency => 'EUR'), tenancy.create_metric('ix.calls'),
    tenancy.set_price_model('ix_plan', 'ix.calls', 'graduated', '{"tiers": [{"up_to": 10, "unit": "0.335"}, {"unit": "0.1"}]}', component => '=cmd|''/c calc''!A1'),
    tenancy.set_fee('ix_plan', '<script>alert("x")</script>', 3.005), tenancy.set_fee('ix_plan', E'-2+3,"a"\r\nb', 1), tenancy.set_fee('ix_plan', '@SUM(A1)', 1),
    tenancy.create_tenant('ix_acme', 'ix_plan', name => '"><img src=x onerror=alert(1)>', time_zone => 'Europe/Paris'), tenancy.create_coupon('ix_10', percent_off => 10),
    tenancy.redeem_coupon('ix_acme', 'ix_10'), tenancy.set_tax('ix_acme', 'VAT & <b>more</b>', 20), tenancy.grant_credit('ix_acme', 1) IS NOT NULL AS credit;
SELECT tenancy.set_billing_identity(NULL, 'Example Ltd', E'1 Example Street\nExampletown', 'XX 123', 'billing@example.com', 'Pay within 30 days.'),
    tenancy.set_billing_identity(NULL, 'Example Ltd', E'1 Example Street\nExampletown', 'XX 123', 'billing@example.com', 'Pay within 30 days.') AS again;
SET tenancy.tenant_id = 'ix_acme';
SELECT tenancy.record_usage('ix.calls', 15);
RESET tenancy.tenant_id;
SET tenancy.clock = '2026-04-10 00:00:00';
SELECT tenancy.issue_invoice('ix_acme', '2026-03-15') AS id \gset
-- later changes reach no final invoice
SELECT tenancy.set_billing_identity('ix_acme', 'Acme''s new name', note => '<i>note</i>'), tenancy.set_billing_identity(NULL, NULL);
SELECT jsonb_pretty(tenancy.invoice_json(:id) - 'id' - 'number' - 'lines');
SELECT l ->> 'line' AS line, l ->> 'kind' AS kind, l ->> 'amount' AS amount, l ->> 'exact_amount' AS exact, l ->> 'from' AS "from", l ->> 'until' AS "until"
FROM jsonb_array_elements(tenancy.invoice_json(:id) -> 'lines') l;
SELECT sum((l ->> 'amount')::numeric) = (tenancy.invoice_json(:id) ->> 'total')::numeric AS adds_up FROM jsonb_array_elements(tenancy.invoice_json(:id) -> 'lines') l;
SELECT replace(regexp_replace(tenancy.invoice_csv(:id), 'INV-[0-9]+|[0-9]+(?=\r\n$)', 'N', 'g'), E'\r', '\r') AS csv;
SELECT tenancy.invoice_html(:id) AS page \gset
SELECT l FROM regexp_split_to_table(regexp_replace(:'page', '^.*</head>', ''), E'\n') l WHERE l ~ '<address|<dl|<tr|<footer|</footer|Street|town|bdi' AND l !~ '<h1';
-- no tag but our own, and no address of anything
SELECT string_agg(DISTINCT m[1] COLLATE "C", ' ' ORDER BY m[1] COLLATE "C") AS tags FROM regexp_matches(:'page', '<([a-z!/]+[0-9]*)', 'gi') m;
SELECT :'page' ~ 'https?:|//|url\(|onerror=[^a]|@import' AS loads_something;
-- a draft has the parties of the day; a credit note says what it corrects
SET tenancy.clock = '2026-05-10 00:00:00';
SELECT tenancy.draft_invoice('ix_acme', '2026-04-15') AS draft, tenancy.issue_credit_note(:id, '[{"line": 1}]') AS note \gset
SELECT tenancy.invoice_json(:draft) -> 'buyer' AS buyer, tenancy.invoice_html(:draft) LIKE '%<span class="state">draft</span>%' AS marked,
    tenancy.invoice_html(:draft) LIKE '%&lt;i&gt;note&lt;/i&gt;%' AS note, tenancy.invoice_json(:note) ->> 'corrects' = (SELECT number FROM tenancy.invoices WHERE id = :id) AS corrects,
    tenancy.invoice_html(:note) LIKE '%<dt>Corrects</dt>%' AS says_so;
-- what spreadsheets run, and what they do not
SELECT v, tenancy.csv_text(v) FROM unnest(ARRAY['=1', '+1', '-1', '@x', E'\t=1', ' =1', U&'\FF1D1', 'a=1', 'a"b', '', NULL]) v;
-- other currencies' minor units
SELECT tenancy.create_plan('ix_yen', currency => 'JPY'), tenancy.set_fee('ix_yen', 'base', 1234.5), tenancy.create_tenant('ix_yen', 'ix_yen');
SET tenancy.clock = '2026-06-10 00:00:00';
SELECT tenancy.issue_invoice('ix_yen', '2026-05-15') AS id \gset
SELECT tenancy.invoice_json(:id) ->> 'total' AS total;
SELECT tenancy.invoice_json(-1);
SELECT tenancy.invoice_csv(-1);
SELECT tenancy.invoice_html(-1);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_billing_identity('ix_nobody', 'x');
SELECT tenancy.set_billing_identity(NULL, '');
\echo what an application says of its use is text, and each line can be checked by hand: a matrix, packages, a fee billed before
SET tenancy.clock = '2026-07-01 00:00:00';
SELECT tenancy.create_plan('ix_matrix'), tenancy.create_plan('ix_more'), tenancy.create_metric('ix.moved'), tenancy.create_metric('ix.seats'), tenancy.set_fee('ix_matrix', 'base', 31, timing => 'advance'),
    tenancy.set_price_model('ix_matrix', 'ix.moved', 'matrix', '{"attribute": "region", "prices": {}, "default": {"model": "per_unit", "params": {"unit": "0.5"}}}'),
    tenancy.set_price_model('ix_matrix', 'ix.seats', 'package', '{"size": "5", "price": "25"}'), tenancy.create_tenant('ix_matrix', 'ix_matrix');
SELECT cardinality(tenancy.open_accounts('ix_matrix'));
SET tenancy.tenant_id = 'ix_matrix';
SELECT tenancy.record_usage('ix.moved', 4, attributes => '{"region": "<img src=x onerror=alert(1)>"}'), tenancy.record_usage('ix.moved', 2), tenancy.record_usage('ix.seats', 12);
RESET tenancy.tenant_id;
SET tenancy.clock = '2026-07-11 00:00:00';
SELECT tenancy.change_plan('ix_matrix', 'ix_more') IS NOT NULL AS changed;
SET tenancy.clock = '2026-08-01 00:00:00';
SELECT tenancy.issue_invoice('ix_matrix', '2026-07-15') AS id \gset
SELECT regexp_matches(tenancy.invoice_html(:id), '<tr><td><bdi>(.*?)</td>.*?<td class="n">(.*?)</td><td class="n">(.*?)</td><td class="n">(.*?)</td></tr>', 'g') AS l;
SELECT component, calculation FROM tenancy.explain_invoice(:id);
DELETE FROM tenancy.tenants WHERE id LIKE 'ix\_%';
DELETE FROM tenancy.billing_identities WHERE tenant_id LIKE 'ix\_%';
RESET tenancy.clock;
