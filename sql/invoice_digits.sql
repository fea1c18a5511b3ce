-- Currencies without minor units and with three digits: lines, discounts, taxes and credits in what can be paid. The figures are worked out by hand.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET tenancy.clock = '2033-01-01 00:00:00';
SELECT tenancy.create_metric('id.calls'), tenancy.create_metric('id.bytes'), tenancy.create_plan('id_yen', currency => 'JPY'), tenancy.create_plan('id_dinar', currency => 'BHD'),
    tenancy.set_plan_terms('id_dinar', rounding => 'half_even');
SELECT tenancy.set_fee('id_yen', 'base', 1000), tenancy.set_price('id_yen', 'id.calls', 0.3), tenancy.set_price('id_yen', 'id.bytes', 0.3), tenancy.set_fee('id_dinar', 'base', 1.0005),
    tenancy.set_price('id_dinar', 'id.calls', 0.00035), tenancy.create_tenant('id_yen', 'id_yen'), tenancy.create_tenant('id_dinar', 'id_dinar'), tenancy.set_tax('id_yen', 'VAT', 10), tenancy.set_tax('id_dinar', 'VAT', 6.25);
\echo not in whole units
SELECT tenancy.grant_credit('id_yen', 0.5);
SELECT tenancy.create_coupon('id_half', amount_off => 0.5, currency => 'JPY');
SELECT tenancy.create_coupon('id_half', amount_off => 0.0005, currency => 'BHD');
SELECT tenancy.create_coupon('id_whole', amount_off => 0.004, currency => 'BHD'), tenancy.redeem_coupon('id_dinar', 'id_whole'), tenancy.create_coupon('id_third', percent_off => 33.3), tenancy.redeem_coupon('id_yen', 'id_third');
SELECT tenancy.grant_credit('id_yen', 100) > 0 AS yen, tenancy.grant_credit('id_dinar', 0.123) > 0 AS dinar;
SET tenancy.tenant_id = 'id_yen';
SELECT tenancy.record_usage('id.calls', 5), tenancy.record_usage('id.bytes', 5);
SET tenancy.tenant_id = 'id_dinar';
SELECT tenancy.record_usage('id.calls', 10);
RESET tenancy.tenant_id;
SET tenancy.clock = '2033-02-01 00:00:00';
SELECT tenancy.issue_invoice('id_yen', '2033-01-15') AS yen, tenancy.issue_invoice('id_dinar', '2033-01-15') AS dinar \gset
-- 1000 + 1.5 + 1.5 = 1003, of which 33.3 % are 333.999; 10 % of 669 are 66.9; 736 less 100
SELECT line_no, kind, component, exact_amount, amount FROM tenancy.invoice_lines WHERE invoice_id = :yen ORDER BY 1;
-- 1.0005 + 0.0035 = 1.004, less 0.004; 6.25 % of 1 are 0.0625, half to even; 1.062 less 0.123
SELECT line_no, kind, component, exact_amount, amount FROM tenancy.invoice_lines WHERE invoice_id = :dinar ORDER BY 1;
SELECT currency, subtotal, discount, tax, credits, total FROM tenancy.invoices WHERE id IN (:yen, :dinar) ORDER BY id;
-- a third of it each: 334 x 334 / 1003, 67 x 334 / 1003, 100 x 245 / 736; nothing is left
SELECT tenancy.issue_credit_note(:yen, '[{"line": 1, "amount": "334"}]') AS part, tenancy.issue_credit_note(:yen) AS rest \gset
SELECT subtotal, discount, tax, credits, total FROM tenancy.invoices WHERE corrects = :yen ORDER BY id;
SELECT balance FROM tenancy.credit_grants WHERE tenant_id = 'id_yen';
SELECT r.* FROM tenancy.reconcile('2033-01-01', '2034-01-01') r WHERE r.tenant_id LIKE 'id\_%';
DELETE FROM tenancy.tenants WHERE id LIKE 'id\_%';
RESET tenancy.clock;
