-- Which price a month is billed at; what has been invoiced keeps its price; currencies without cents.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-10 00:00:00';
SELECT tenancy.create_plan('iu_plan'), tenancy.create_plan('iu_yen', currency => 'JPY'), tenancy.create_plan('iu_dinar', currency => 'KWD'), tenancy.create_metric('iu.calls');
SELECT tenancy.set_plan_terms(p, proration => 'none') FROM unnest('{iu_yen,iu_dinar}'::text[]) p;
SELECT tenancy.create_tenant('iu_acme', 'iu_plan'), tenancy.create_tenant('iu_yen', 'iu_yen'), tenancy.create_tenant('iu_dinar', 'iu_dinar');
-- the first price begins within the first month and changes in the second
SELECT tenancy.set_price('iu_plan', 'iu.calls', 1), tenancy.set_price('iu_plan', 'iu.calls', 2, '2026-03-20'), tenancy.set_price('iu_plan', 'iu.calls', 3, '2026-05-01'),
    tenancy.set_price('iu_plan', 'iu.calls', 4, '2026-05-02');
SELECT tenancy.set_fee(p, 'base', 10.4995), tenancy.set_fee(p, 'extra', 0.0005), tenancy.set_fee(p, 'zero', 0) FROM unnest('{iu_yen,iu_dinar}'::text[]) p;
SET tenancy.tenant_id = 'iu_acme';
SET tenancy.clock = '2026-06-01 00:00:00';
SELECT bool_and(tenancy.record_usage('iu.calls', 1, at => d)) FROM unnest('{2026-03-31,2026-04-30,2026-05-31}'::timestamptz[]) d;
RESET tenancy.tenant_id;
SELECT bool_and(tenancy.issue_invoice('iu_acme', d) IS NOT NULL) FROM unnest('{2026-03-31,2026-04-30,2026-05-31}'::date[]) d;
SELECT period_start, total, currency FROM tenancy.invoices WHERE tenant_id = 'iu_acme' ORDER BY period_start;
SELECT tenancy.issue_invoice('iu_yen', '2026-03-31') <> tenancy.issue_invoice('iu_dinar', '2026-03-31') AS issued;
SELECT i.currency, i.total, l.component, l.exact_amount, l.amount FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id
WHERE i.tenant_id IN ('iu_yen', 'iu_dinar') ORDER BY 1, 3;
-- at the start of an invoiced month, instead of the price of one, before the first price of one, or new in one
SELECT tenancy.set_price('iu_plan', 'iu.calls', 9, '2026-03-25');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_price('iu_plan', 'iu.calls', 9, '2026-03-10');
SELECT tenancy.set_price('iu_plan', 'iu.calls', 9, '2026-03-09');
SELECT tenancy.set_fee('iu_plan', 'base', 9, '2026-05-31');
-- that changes no invoiced month
SELECT tenancy.set_price('iu_plan', 'iu.calls', 8, '2026-04-30'), tenancy.set_price('iu_plan', 'iu.calls', 5, '2026-05-03'), tenancy.set_fee('iu_plan', 'base', 9, '2026-06-01'), tenancy.set_price('iu_plan', 'iu.calls', 6);
SELECT params, valid_from, valid_to FROM tenancy.prices WHERE plan = 'iu_plan' ORDER BY component, valid_from;
SELECT count(*) FILTER (WHERE NOT v.ok) AS wrong FROM tenancy.invoices i, tenancy.verify_invoice(i.id) v WHERE i.tenant_id LIKE 'iu\_%';
DELETE FROM tenancy.tenants WHERE id LIKE 'iu\_%';
RESET tenancy.clock;
