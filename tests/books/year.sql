-- A random year: use, late use and repeated keys, plan changes, pauses, credits, coupons, payments, voids and credit notes,
-- and the jobs of every day. Then everything that was owed has been billed, once.
-- SPDX-License-Identifier: PostgreSQL
SELECT setseed((:seed % 9949) / 9949.0) \g /dev/null

SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenancy.create_metric('y.calls'), tenancy.create_metric('y.level', aggregation => 'time_weighted'), tenancy.create_metric('y.peak', aggregation => 'max'),
    tenancy.create_metric('y.users', aggregation => 'unique', attribute => 'user') \g /dev/null
SELECT tenancy.create_plan(p, currency => 'EUR') FROM unnest('{small,big,year,days,trial,free}'::text[]) p \g /dev/null
SELECT tenancy.set_plan_terms('year', period => 'year', anchor_day => 0, late_days => 60), tenancy.set_plan_terms('days', proration => 'day', anchor_day => 31, rounding => 'half_even'),
    tenancy.set_plan_terms('trial', trial_days => 10), tenancy.set_fee('small', 'base', 9.99), tenancy.set_fee('small', 'support', 3.33, timing => 'advance'),
    tenancy.set_fee('big', 'base', 99, timing => 'advance'), tenancy.set_minimum('big', 150), tenancy.set_fee('year', 'base', 1000, timing => 'advance'), tenancy.set_setup_fee('small', 5),
    tenancy.set_fee('days', 'base', 31.01), tenancy.set_fee('trial', 'base', 20, timing => 'advance'), tenancy.set_setup_fee('trial', 7),
    tenancy.set_price_model('small', 'y.calls', 'graduated', '{"tiers": [{"up_to": "100", "unit": "0.05"}, {"up_to": "1000", "unit": "0.0333"}, {"unit": "0.0101"}]}'),
    tenancy.set_price_model('big', 'y.calls', 'volume', '{"tiers": [{"up_to": "500", "unit": "0.03"}, {"unit": "0.007"}]}'), tenancy.set_price('days', 'y.calls', 0.0199),
    tenancy.set_price_model('year', 'y.calls', 'package', '{"size": "250", "price": "4.99"}'), tenancy.set_price('trial', 'y.calls', 0.1),
    tenancy.set_price('small', 'y.level', 0.001), tenancy.set_price('big', 'y.peak', 0.7), tenancy.set_price('days', 'y.users', 0.9),
    tenancy.create_coupon('tenth', percent_off => 10, periods => 3), tenancy.create_coupon('five', amount_off => 5, currency => 'EUR') \g /dev/null

CREATE FUNCTION books.pick(choices text[]) RETURNS text LANGUAGE sql VOLATILE RETURN choices[books.draw(1, cardinality(choices))];
CREATE TABLE books.refused (action text, sqlstate text, message text);

-- What an operator may be refused is no failure; anything else ends the year.
CREATE FUNCTION books.attempt(action text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE action;
EXCEPTION WHEN object_not_in_prerequisite_state OR invalid_parameter_value THEN
    INSERT INTO books.refused VALUES (action, sqlstate, sqlerrm);
END
$$;

CREATE FUNCTION books.use(tenant text, now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    key text := CASE WHEN random() < 0.2 THEN format('%s-%s', now::date, books.draw(1, 3)) END;
    -- Late, but not by more than plans bill, nor so that no invoice comes any more.
    at timestamptz := CASE WHEN random() < 0.15 AND EXISTS (SELECT FROM tenancy.subscriptions s WHERE s.tenant_id = use.tenant AND s.starts_at <= now AND (s.ends_at IS NULL OR s.ends_at > now)) THEN now - books.draw(0, 20) * interval '1 day' - books.draw(0, 86399) * interval '1 second' END;
    metric text := books.pick('{y.calls,y.calls,y.calls,y.level,y.peak,y.users}');
BEGIN
    PERFORM set_config('tenancy.tenant_id', tenant, false);
    PERFORM tenancy.record_usage(metric, CASE metric WHEN 'y.calls' THEN books.draw(0, 90) ELSE books.draw(0, 12) END, at => at,
        attributes => CASE metric WHEN 'y.users' THEN jsonb_build_object('user', books.draw(1, 30)) END);
    IF key IS NOT NULL THEN
        -- The same content, so that a repetition counts once.
        PERFORM tenancy.record_usage('y.calls', 7, key), tenancy.record_usage('y.calls', 7, key);
    END IF;
    PERFORM set_config('tenancy.tenant_id', '', false);
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    PERFORM set_config('tenancy.tenant_id', '', false);
END
$$;

CREATE FUNCTION books.operate(tenant text, now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    invoice bigint;
BEGIN
    PERFORM books.attempt(CASE books.draw(1, 10)
        WHEN 1 THEN format('SELECT tenancy.change_plan(%L, %L)', tenant, books.pick('{small,big,year,days,trial}'))
        WHEN 2 THEN format('SELECT tenancy.change_plan(%L, %L, ''period_end'')', tenant, books.pick('{small,big,days}'))
        WHEN 3 THEN format('SELECT tenancy.pause_subscription(%L)', tenant)
        WHEN 4 THEN format('SELECT tenancy.resume_subscription(%L)', tenant)
        WHEN 5 THEN format('SELECT tenancy.undo_subscription_change(%L)', tenant)
        WHEN 6 THEN format('SELECT tenancy.grant_credit(%L, %s, %L::timestamptz, %s, %s)', tenant, books.draw(1, 5000) / 100.0, now + books.draw(5, 90) * interval '1 day', books.draw(0, 3),
            CASE WHEN random() < 0.5 THEN '2' ELSE 'NULL' END)
        WHEN 7 THEN format('SELECT tenancy.redeem_coupon(%L, %L)', tenant, books.pick('{tenth,five}'))
        WHEN 8 THEN format('SELECT tenancy.set_tax(%L, ''VAT'', %L)', tenant, nullif(books.pick('{0,19,7.7}'), '0'))
        WHEN 9 THEN format('SELECT tenancy.draft_invoice(%L, %L)', tenant, (now - interval '25 days')::date)
        ELSE format('SELECT tenancy.preview_invoice(%L)', tenant) END);
    SELECT i.id INTO invoice FROM tenancy.invoices i WHERE i.tenant_id = tenant AND i.status = 'final' ORDER BY random() LIMIT 1;
    PERFORM books.attempt(CASE books.draw(1, 4)
        WHEN 1 THEN format('SELECT tenancy.pay_invoice(%s)', invoice)
        WHEN 2 THEN format('SELECT tenancy.write_off_invoice(%s)', invoice)
        WHEN 3 THEN format('SELECT tenancy.issue_credit_note(%s, ''[{"line": 1}]'', ''goodwill'', %L::boolean)', invoice, random() < 0.5)
        ELSE format('SELECT tenancy.void_invoice(%s, ''mistake'')', invoice) END) WHERE invoice IS NOT NULL;
END
$$;

-- The jobs of a day in any order; where other processes do them, let this do nothing.
CREATE PROCEDURE books.run_jobs() LANGUAGE plpgsql AS $$
DECLARE
    job text;
BEGIN
    FOR job IN SELECT j FROM unnest('{rollup(),issue_due_invoices(),issue_due_invoices(2),expire_credits(),apply_planned_changes(),check_budgets()}'::text[]) j ORDER BY random() LOOP
        EXECUTE 'SELECT count(*) FROM tenancy.' || job;
        COMMIT;
    END LOOP;
    PERFORM error FROM tenancy.issue_due_invoices() WHERE error IS NOT NULL;
    COMMIT;
END
$$;

SELECT set_config('books.days', :'days', false) \g /dev/null
DO $$
DECLARE
    day timestamptz := '2026-04-01 00:00+00';
    now timestamptz;
    tenant text;
BEGIN
    FOR tenant IN SELECT 'y' || n FROM generate_series(1, 10) n LOOP
        PERFORM tenancy.create_tenant(tenant, books.pick('{small,big,year,days,trial}'), time_zone => books.pick('{UTC,Asia/Kathmandu,America/New_York,Australia/Lord_Howe}'));
        PERFORM tenancy.set_budget(tenant, books.draw(10, 300)) WHERE random() < 0.5;
    END LOOP;
    COMMIT;
    FOR d IN 1 .. current_setting('books.days')::integer LOOP
        FOR tenant IN SELECT t.id FROM tenancy.tenants t ORDER BY random() LOOP
            now := day + books.draw(0, 86399) * interval '1 second';
            PERFORM set_config('tenancy.clock', to_char(now AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), false);
            PERFORM books.use(tenant, now) FROM generate_series(1, books.draw(0, 2));
            IF random() < 0.06 THEN
                PERFORM books.operate(tenant, now);
            END IF;
            IF random() < 0.3 THEN
                COMMIT;
            END IF;
        END LOOP;
        COMMIT;
        day := day + interval '1 day';
        PERFORM set_config('tenancy.clock', to_char(day AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), false);
        CALL books.run_jobs();
    END LOOP;
    -- Nobody uses anything any more; what was late comes onto the last invoices.
    FOR d IN 1 .. 13 LOOP
        day := day + interval '33 days';
        PERFORM set_config('tenancy.clock', to_char(day AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), false);
        CALL books.run_jobs();
    END LOOP;
END
$$;

SELECT format('%s invoices and notes with %s lines, %s late or repeated uses, %s refused changes', count(DISTINCT i.id), count(*), (SELECT count(*) FROM tenancy.usage_keys), (SELECT count(*) FROM books.refused)),
    CASE WHEN count(DISTINCT i.id) < 20 THEN 'too few to mean anything' END
FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id WHERE i.tenant_id LIKE 'y%';

SELECT 'reconcile() finds nothing', left(string_agg(r::text, '; '), 2000) FROM tenancy.reconcile('-infinity', 'infinity') r;
SELECT 'nothing is due any more', string_agg(d::text, '; ') FROM tenancy.due_invoices d;

SELECT 'lines add up to totals', string_agg(i.number, ' ') FROM tenancy.invoices i
WHERE i.status <> 'draft' AND i.total <> (SELECT coalesce(sum(l.amount), 0) FROM tenancy.invoice_lines l WHERE l.invoice_id = i.id);
SELECT 'no invoice asks for less than nothing, and none is more than a unit from its exact sum', string_agg(i.number, ' ') FROM tenancy.invoices i
WHERE i.kind = 'invoice' AND i.status <> 'draft' AND (i.total < 0 OR abs(i.subtotal - (SELECT coalesce(sum(l.exact_amount), 0) FROM tenancy.invoice_lines l WHERE l.invoice_id = i.id AND l.subscription_id IS NOT NULL)) > 0.005);

-- From the ledger, by the price book: what all invoices together should have asked for, item by item.
SELECT 'all that is owed was billed, and once', left(string_agg(format('%s %s %s %s: owed %s, billed %s', tenant_id, subscription_id, component, item_start, owed, billed), '; '), 2000)
FROM (SELECT t.id AS tenant_id, i.* FROM (SELECT * FROM tenancy.tenants WHERE id LIKE 'y%') t CROSS JOIN LATERAL (
          SELECT coalesce(o.subscription_id, b.subscription_id) AS subscription_id, coalesce(o.component, b.component) AS component, coalesce(o.item_start, b.item_start) AS item_start, coalesce(o.owed, 0) AS owed, coalesce(b.billed, 0) AS billed
          FROM (SELECT i.subscription_id, i.component, i.item_start, i.exact_amount AS owed FROM tenancy.billable_items(t.id, '2026-03-01', (SELECT max(period_end) FROM tenancy.invoices x WHERE x.tenant_id = t.id AND x.status <> 'void'), 9223372036854775807) i) o
          FULL JOIN (SELECT l.subscription_id, l.component, l.item_start, sum(l.exact_amount) AS billed FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id
                WHERE i.tenant_id = t.id AND i.kind = 'invoice' AND i.status NOT IN ('void', 'draft') AND l.subscription_id IS NOT NULL GROUP BY 1, 2, 3) b USING (subscription_id, component, item_start)) i) x
WHERE owed <> billed;
