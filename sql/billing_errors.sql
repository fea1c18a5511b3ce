-- Bad input to billing: a clear error each, and nothing changed.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2003-01-01 00:00:00';
SELECT tenancy.create_plan('be_eur', currency => 'EUR'), tenancy.create_plan('be_usd'), tenancy.create_plan('be_free'), tenancy.create_metric('be.seats', aggregation => 'max'),
    tenancy.set_fee('be_eur', 'base', 1), tenancy.set_price_model('be_eur', 'be.seats', 'stair_step', '{"tiers": [{"up_to": "10", "price": "5"}, {"up_to": null, "price": "9"}]}'),
    tenancy.create_tenant('be_few', 'be_eur'), tenancy.create_tenant('be_many', 'be_eur');
CREATE TEMPORARY TABLE books AS SELECT (SELECT count(*) FROM tenancy.plans) AS plans, (SELECT count(*) FROM tenancy.prices) AS prices, (SELECT count(*) FROM tenancy.coupons) AS coupons,
    (SELECT count(*) FROM tenancy.subscriptions) AS subscriptions, (SELECT count(*) FROM tenancy.usage_ledger) AS usage, (SELECT count(*) FROM tenancy.audit_log) AS audit;
\echo a currency that there is not, and ones that do not fit together
SELECT tenancy.create_plan('be_x', currency => 'EUE');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.create_coupon('be_x', amount_off => 1, currency => 'QQQ');
SELECT tenancy.change_plan('be_few', 'be_usd');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_budget('be_few', 1, 'USD');
\echo quantities and prices below 0, tiers that overlap or leave gaps
SET tenancy.tenant_id = 'be_few';
SELECT tenancy.record_usage('be.seats', -1);
\echo :LAST_ERROR_SQLSTATE
RESET tenancy.tenant_id;
SELECT tenancy.set_price('be_eur', 'be.seats', -1);
SELECT tenancy.set_fee('be_eur', 'base', -1);
SELECT tenancy.set_price_model('be_eur', 'be.seats', 'graduated', '{"tiers": [{"up_to": "10", "unit": "1"}, {"up_to": "10", "unit": "2"}, {"up_to": null}]}', component => 'x');
SELECT tenancy.set_price_model('be_eur', 'be.seats', 'graduated', '{"tiers": [{"up_to": "10", "unit": "1"}, {"from": "11", "up_to": null}]}', component => 'x');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_price_model('be_eur', 'be.seats', 'graduated', '{"tiers": [{"up_to": "10", "unit": "1"}]}', component => 'x');
SELECT tenancy.set_price_model('be_eur', 'be.seats', 'stair_step', '{"tiers": [{"up_to": "10", "price": "5"}]}', component => 'x');
\echo a plan in use, and one that never was
SELECT tenancy.delete_plan('be_eur');
\echo :LAST_ERROR_SQLSTATE
SELECT b.plans = (SELECT count(*) FROM tenancy.plans) AND b.prices = (SELECT count(*) FROM tenancy.prices) AND b.coupons = (SELECT count(*) FROM tenancy.coupons)
    AND b.subscriptions = (SELECT count(*) FROM tenancy.subscriptions) AND b.usage = (SELECT count(*) FROM tenancy.usage_ledger) AND b.audit = (SELECT count(*) FROM tenancy.audit_log) AS nothing_changed FROM books b;
BEGIN;
SELECT tenancy.create_plan('be_one'), tenancy.create_tenant('be_one', 'be_one');
SELECT tenancy.delete_plan('be_one');
ROLLBACK;
SELECT tenancy.delete_plan('be_free'), tenancy.delete_plan('be_free') AS again;
\echo use above the last tier: which the price book does not let happen: an error of that tenant alone
SET tenancy.tenant_id = 'be_few';
SELECT tenancy.record_usage('be.seats', 10);
SET tenancy.tenant_id = 'be_many';
SELECT tenancy.record_usage('be.seats', 11);
RESET tenancy.tenant_id;
UPDATE tenancy.prices SET params = '{"tiers": [{"up_to": "10", "price": "5"}]}' WHERE plan = 'be_eur' AND component = 'be.seats';
SELECT tenancy.issue_invoice('be_few', '2003-01-15');
\echo :LAST_ERROR_SQLSTATE
SET tenancy.clock = '2003-02-01 00:00:00';
SELECT tenant_id, total, created, error FROM tenancy.issue_invoices('2003-01-15') WHERE tenant_id LIKE 'be\_%';
SELECT tenant_id, total, error FROM tenancy.issue_due_invoices() WHERE tenant_id LIKE 'be\_%';
SELECT count(*) FROM tenancy.invoices WHERE tenant_id = 'be_many';
DELETE FROM tenancy.tenants WHERE id LIKE 'be\_%';
RESET tenancy.clock;
