-- Discounts, then taxes on what is left, then prepaid credits in their order; voiding gives all of it back.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-01 00:00:00';
SELECT tenancy.create_plan('is_plan'), tenancy.create_metric('is.calls'), tenancy.set_fee('is_plan', 'base', 20), tenancy.set_price('is_plan', 'is.calls', 0.80), tenancy.create_tenant('is_acme', 'is_plan');
SELECT tenancy.create_coupon('quarter', percent_off => 25, component => 'is.calls', periods => 1), tenancy.create_coupon('ten', amount_off => 10, currency => 'USD'), tenancy.create_coupon('ten', amount_off => 10, currency => 'USD');
SELECT tenancy.redeem_coupon('is_acme', 'quarter'), tenancy.redeem_coupon('is_acme', 'ten'), tenancy.redeem_coupon('is_acme', 'ten'), tenancy.set_tax('is_acme', 'VAT', 8.25), tenancy.set_tax('is_acme', 'VAT', 8.25);
SELECT tenancy.grant_credit('is_acme', 3, priority => 2) > 0 AS late, tenancy.grant_credit('is_acme', 2, expires_at => '2026-06-01', priority => 1) > 0 AS early,
    tenancy.grant_credit('is_acme', 100, expires_at => '2026-03-20', max_rollover => 1) > 0 AS expiring, tenancy.grant_credit('is_acme', 50, starts_at => '2026-05-01') > 0 AS future;
SET tenancy.tenant_id = 'is_acme';
SELECT tenancy.record_usage('is.calls', 100);
RESET tenancy.tenant_id;
SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenancy.draft_invoice('is_acme', '2026-03-15') AS id \gset
SELECT status, number IS NULL AS unnumbered, subtotal, discount, tax, credits, total FROM tenancy.invoices WHERE id = :id;
SELECT sum(balance) FROM tenancy.credit_grants WHERE tenant_id = 'is_acme';
SELECT tenancy.issue_invoice('is_acme', '2026-03-15') = :id AS the_draft;
SELECT status, subtotal, discount, tax, credits, total FROM tenancy.invoices WHERE id = :id;
SELECT line_no, kind, component, quantity, amount FROM tenancy.invoice_lines WHERE invoice_id = :id ORDER BY 1;
SELECT count(*) FILTER (WHERE NOT ok) AS wrong, count(*) FROM tenancy.verify_invoice(:id);
SELECT amount, balance, priority, expires_at, rolled_from IS NOT NULL AS rolled FROM tenancy.credit_grants WHERE tenant_id = 'is_acme' ORDER BY id;
SELECT coupon, periods_left FROM tenancy.tenant_coupons WHERE tenant_id = 'is_acme' ORDER BY 1;
SELECT tenancy.void_invoice(:id, 'wrong address'), tenancy.void_invoice(:id, 'wrong address');
SELECT amount, balance FROM tenancy.credit_grants WHERE tenant_id = 'is_acme' ORDER BY id;
SELECT coupon, periods_left FROM tenancy.tenant_coupons WHERE tenant_id = 'is_acme' ORDER BY 1;
-- (the messages have numbers that other tests move)
\set VERBOSITY sqlstate
SELECT tenancy.pay_invoice(:id);
-- the same again under the next number
SELECT tenancy.issue_invoice('is_acme', '2026-03-15') AS again \gset
SELECT a.total = v.total AS same, substr(a.number, 5)::int - substr(v.number, 5)::int AS numbers_apart FROM tenancy.invoices a, tenancy.invoices v WHERE a.id = :again AND v.id = :id;
SELECT tenancy.pay_invoice(:again, 'wire 17'), tenancy.pay_invoice(:again);
SELECT tenancy.void_invoice(:again, 'too late');
SELECT tenancy.discard_draft(:again);
\set VERBOSITY default
-- balances are what the entries say, and never negative
SELECT bool_and(g.balance = (SELECT sum(e.amount) FROM tenancy.credit_entries e WHERE e.grant_id = g.id)) AS ledger_agrees FROM tenancy.credit_grants g;
-- coupons of one component take nothing of others, whatever they are called
SELECT tenancy.create_plan('is_two'), tenancy.set_fee('is_two', 'api', 100), tenancy.set_fee('is_two', 'base', 50), tenancy.create_tenant('is_beta', 'is_two'),
    tenancy.create_coupon('base', percent_off => 60, component => 'api'), tenancy.create_coupon('half', percent_off => 50, component => 'api'), tenancy.create_coupon('much', amount_off => 70, currency => 'USD', component => 'base');
SELECT tenancy.redeem_coupon('is_beta', 'base'), tenancy.redeem_coupon('is_beta', 'half'), tenancy.redeem_coupon('is_beta', 'much');
SET tenancy.clock = '2026-05-01 00:00:00';
SELECT tenancy.issue_invoice('is_beta', '2026-04-15') AS beta \gset
SELECT kind, component, amount FROM tenancy.invoice_lines WHERE invoice_id = :beta ORDER BY line_no;
-- a credit that rolls over every minute is carried to the minute that runs, by one grant
SELECT tenancy.grant_credit('is_beta', 9, expires_at => '2026-05-01 00:01+00', max_rollover => 5) > 0 AS short;
SET tenancy.clock = '2036-05-01 00:00:30';
SET timezone = 'America/New_York';
SELECT tenancy.expire_credits('IS_beta'), tenancy.expire_credits('is_beta');
SET timezone = 'UTC';
SELECT amount, balance, starts_at, expires_at FROM tenancy.credit_grants WHERE tenant_id = 'is_beta' ORDER BY id;
SELECT tenancy.expire_credits('is_nobody');
SELECT tenancy.grant_credit('is_beta', 9, starts_at => '-infinity', expires_at => '2037-01-01', max_rollover => 5);
SELECT tenancy.create_coupon('bad', amount_off => 'NaN', currency => 'USD');
SELECT tenancy.grant_credit('is_acme', -1);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.create_coupon('bad', percent_off => 101);
SELECT tenancy.redeem_coupon('is_acme', 'none');
SELECT tenancy.set_tax('is_acme', 'VAT', -1);
DELETE FROM tenancy.tenants WHERE id LIKE 'is\_%';
RESET tenancy.clock;
