-- A small business with something for every job to do: usage of a year, planned changes, credits that expire and roll over.
-- SPDX-License-Identifier: PostgreSQL
CREATE EXTENSION tenancy;
SET timezone = 'UTC';
SET tenancy.clock = '2026-01-01 00:00:00';
SELECT tenancy.create_plan('small', currency => 'EUR'), tenancy.create_plan('large', currency => 'EUR'), tenancy.create_metric('calls');
SELECT tenancy.set_fee('small', 'base', 9.99), tenancy.set_fee('large', 'base', 49.90), tenancy.set_price('small', 'calls', 0.0133), tenancy.set_price('large', 'calls', 0.00917);
SELECT tenancy.create_tenant('t' || n, CASE WHEN n % 3 = 0 THEN 'large' ELSE 'small' END) FROM generate_series(1, 7) n;
SELECT tenancy.set_tax('t1', 'VAT', 19), tenancy.create_coupon('ten', percent_off => 10), tenancy.redeem_coupon('t2', 'ten');
SELECT tenancy.grant_credit('t3', 120, '2026-04-15', max_rollover => 30), tenancy.grant_credit('t4', 25), tenancy.grant_credit('t5', 10, '2026-02-01 00:00:05');
SELECT tenancy.change_plan('t4', 'large', 'period_end'), tenancy.change_plan('t6', 'small', '2026-05-10 12:00:00'), tenancy.cancel_subscription('t7', '2026-08-01');
-- Of each month as it ends, and some of it of the month before.
SET tenancy.clock = '2026-12-31 12:00:00';
DO $$
BEGIN
    FOR t IN 1..7 LOOP
        PERFORM tenancy.set_tenant('t' || t);
        FOR d IN 0..364 BY 5 LOOP
            PERFORM tenancy.record_usage('calls', 17 + (t * d) % 101, at => timestamptz '2026-01-01 08:00:00' + d * interval '1 day');
        END LOOP;
    END LOOP;
END
$$;
RESET tenancy.tenant_id;
SELECT tenancy.schedule_job('invoices', batch => 2);
