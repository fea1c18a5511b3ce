-- Plans with most of the price models, and tenants in four time zones, as of the first of January.
-- SPDX-License-Identifier: PostgreSQL
CREATE EXTENSION tenancy;
-- What was done once must not be done again when its outcome was not heard.
CREATE TABLE steps_done (step text PRIMARY KEY);
-- Months go by in seconds.
SELECT tenancy.schedule_job(job, every => '1 second') FROM unnest('{rollup,plan_changes,invoices,credits}'::text[]) job;

SELECT tenancy.create_metric('y.calls'), tenancy.create_metric('y.exports'), tenancy.create_metric('y.seats', aggregation => 'max'),
    tenancy.create_metric('y.users', aggregation => 'unique', attribute => 'user'), tenancy.create_metric('y.sales');
SELECT tenancy.create_plan('small', currency => 'EUR'), tenancy.create_plan('large', currency => 'EUR'), tenancy.create_plan('yen', currency => 'JPY');
SELECT tenancy.set_plan_terms('small', proration => 'second', late_days => 40),
    tenancy.set_plan_terms('large', proration => 'day', rounding => 'half_even', late_days => 40),
    tenancy.set_plan_terms('yen', late_days => 40);

SELECT tenancy.set_fee('small', 'base', 9.90, '2026-01-01'),
    tenancy.set_price('small', 'y.calls', 0.0137, '2026-01-01'),
    tenancy.set_price('small', 'y.exports', 0.333, '2026-01-01'),
    tenancy.set_price_model('small', 'y.sales', 'percentage', '{"rate_pct": "2.9", "fixed_per_event": "0.25"}', '2026-01-01'),
    tenancy.set_minimum('small', 15, '2026-01-01');
SELECT tenancy.set_fee('large', 'base', 99, '2026-01-01', 'advance'), tenancy.set_setup_fee('large', 50, '2026-01-01'),
    tenancy.set_price_model('large', 'y.calls', 'graduated', '{"tiers": [{"up_to": "100", "unit": "0.01"}, {"up_to": "1000", "unit": "0.0071"}, {"up_to": null, "unit": "0.0033"}]}', '2026-01-01'),
    tenancy.set_price_model('large', 'y.exports', 'volume', '{"tiers": [{"up_to": "20", "unit": "0.5"}, {"up_to": null, "unit": "0.3"}]}', '2026-01-01'),
    tenancy.set_price_model('large', 'y.users', 'package', '{"size": "5", "price": "7"}', '2026-01-01'),
    tenancy.set_price('large', 'y.seats', 4.99, '2026-01-01');
SELECT tenancy.set_price('yen', 'y.calls', 1.37, '2026-01-01'), tenancy.set_fee('yen', 'base', 500, '2026-01-01');

SELECT count(*) FROM tenancy.create_tenants((SELECT jsonb_agg(jsonb_build_object('id', 'y_' || n,
        'plan', (ARRAY['small', 'large', 'yen'])[1 + n % 3],
        'time_zone', (ARRAY['UTC', 'Asia/Kathmandu', 'America/New_York', 'Australia/Lord_Howe'])[1 + n % 4]))
    FROM generate_series(1, 12) n));
SELECT tenancy.set_tax('y_1', 'VAT', 19), tenancy.set_tax('y_2', 'VAT', 7.7), tenancy.grant_credit('y_4', 40),
    tenancy.create_coupon('half', percent_off => 50, periods => 3), tenancy.redeem_coupon('y_3', 'half');
