-- What is known of a tenant's use is what the tables say, whenever memory has to learn it from them.
\set SHOW_CONTEXT never
\pset null -
SET tenancy.clock = '2026-03-18 14:20:00+00';
SELECT tenancy.create_plan('qn'), tenancy.create_tenant('qn_many', 'qn', time_zone => 'Asia/Kolkata'), tenancy.create_tenant('qn_few', 'qn'),
    tenancy.create_metric('qn.calls'), tenancy.create_metric('qn.seats'), tenancy.create_metric('qn.rate');
SELECT count(tenancy.set_limit('qn', 'qn.calls', 1000000, p)) FROM unnest(ARRAY['total', 'hour', 'day', 'week', 'month', 'year']) p;
SELECT tenancy.set_limit('qn', 'qn.seats', 100, 'total'), tenancy.set_limit('qn', 'qn.seats', 100, 'day'), tenancy.set_rate_limit('qn', 'qn.rate', 60, '1 minute', 100);
-- says what is read anew, and what memory had followed if that was another
CREATE PROCEDURE qn_compare(metric text) LANGUAGE plpgsql AS $$
DECLARE
    followed text;
    read_anew text;
BEGIN
    SELECT string_agg(concat_ws(' ', t.id, l.period, l.used), ', ' ORDER BY t.id, l.period) INTO followed
    FROM tenancy.tenants t, tenancy.limits_of(t.id, metric, 0) l WHERE t.id LIKE 'qn\_%';
    PERFORM tenancy.forget_metric_at_commit(metric::name);
    COMMIT;
    SELECT string_agg(concat_ws(' ', t.id, l.period, l.used), ', ' ORDER BY t.id, l.period) INTO read_anew
    FROM tenancy.tenants t, tenancy.limits_of(t.id, metric, 0) l WHERE t.id LIKE 'qn\_%';
    RAISE INFO '%', read_anew;
    IF followed <> read_anew THEN
        RAISE WARNING 'followed it was %', followed;
    END IF;
END $$;
-- usage of hours and days before, in any order, some of it rolled up; hours of India begin at the half
SET tenancy.tenant_id = 'qn_many';
SELECT count(tenancy.record_usage('qn.calls', n, at => '2026-03-18 14:20:00+00'::timestamptz - n * n * interval '1 minute')) FROM generate_series(1, 400) n;
SET tenancy.tenant_id = 'qn_few';
SELECT tenancy.consume('qn.calls', 7), tenancy.record_usage('qn.calls', 5, at => '2026-03-17 23:59:00+00');
CALL qn_compare('qn.calls');
SELECT rows_rolled >= 402 AS rolled FROM tenancy.rollup('1 minute');
CALL qn_compare('qn.calls');
SELECT tenancy.record_usage('qn.calls', 1000, at => '2026-01-01 00:00:00+00'), tenancy.consume('qn.calls', 3);
SET tenancy.tenant_id = 'qn_many';
SELECT tenancy.consume('qn.calls', 11), tenancy.consume('qn.seats', 40);
CALL qn_compare('qn.calls');
-- what is released lowers the total alone, rolled up or not
SELECT tenancy.release('qn.seats', 15);
CALL qn_compare('qn.seats');
SELECT rows_rolled > 0 AS rolled FROM tenancy.rollup('1 minute');
SELECT tenancy.release('qn.seats', 20);
CALL qn_compare('qn.seats');
-- a bucket that has leaked in between
SELECT tenancy.consume('qn.rate', 90);
SET tenancy.clock = '2026-03-18 14:20:30+00';
SELECT tenancy.consume('qn.rate', 20);
SET tenancy.clock = '2026-03-18 14:20:40+00';
CALL qn_compare('qn.rate');
-- Havana, where on 1 November 2020 midnight came twice: the hour between belongs to October, as it does on the invoice
SELECT tenancy.create_tenant('qn_havana', 'qn', time_zone => 'America/Havana'), tenancy.create_metric('qn.twice'),
    tenancy.set_limit('qn', 'qn.twice', 100, 'day'), tenancy.set_limit('qn', 'qn.twice', 1000, 'month');
SET tenancy.tenant_id = 'qn_havana';
SET tenancy.clock = '2020-11-01 04:30:00+00';
SELECT tenancy.consume('qn.twice', 60), tenancy.record_usage('qn.twice', 30, at => '2020-11-01 04:10:00+00');
SELECT period, used, resets_at AT TIME ZONE 'UTC' AS resets_at FROM tenancy.limits_of('qn_havana', 'qn.twice', 0);
SELECT used FROM tenancy.quota_usage(1000) WHERE metric = 'qn.twice' ORDER BY period;
SELECT max(at) AT TIME ZONE 'UTC' AS at FROM tenancy.usage_ledger WHERE metric = 'qn.twice';
CALL qn_compare('qn.twice');
SELECT tenancy.try_consume('qn.twice', 20) AS too_many;
SET tenancy.clock = '2020-11-01 05:00:00+00';
SELECT tenancy.consume('qn.twice', 70), tenancy.record_usage('qn.twice', 5, at => '2020-11-01 04:59:59+00'), tenancy.record_usage('qn.twice', 6, at => '2020-11-01 05:00:00+00');
CALL qn_compare('qn.twice');
SELECT rows_rolled >= 4 AS rolled FROM tenancy.rollup('1 minute');
CALL qn_compare('qn.twice');
SELECT period, used FROM tenancy.quota_usage(1000) WHERE metric = 'qn.twice' ORDER BY period;
SET tenancy.clock = '2020-11-02 05:00:00+00';
CALL qn_compare('qn.twice');
SET tenancy.clock = '2026-03-18 14:20:40+00';
-- more than an hour's sum can be in a bigint
RESET tenancy.tenant_id;
INSERT INTO tenancy.usage_hourly (tenant_id, metric, hour, quantity, events, released) VALUES ('qn_few', 'qn.seats', '2026-01-01 00:00:00+00', 99999999999999999999, 1, 0);
SELECT tenancy.forget_metric_at_commit('qn.seats');
SET tenancy.tenant_id = 'qn_few';
SELECT period, used, allowed FROM tenancy.check_quota('qn.seats');
RESET tenancy.tenant_id;
DROP PROCEDURE qn_compare(text);
DELETE FROM tenancy.usage_hourly WHERE tenant_id LIKE 'qn\_%';
DELETE FROM tenancy.usage_ledger WHERE tenant_id LIKE 'qn\_%';
DELETE FROM tenancy.quota_alerts WHERE tenant_id LIKE 'qn\_%';
SELECT tenancy.forget_metric_at_commit('qn.seats');
