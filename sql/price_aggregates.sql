-- Metrics that are not added up: counts, maxima, last values, unique values, levels over time; matrices and single events.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenancy.create_plan('pa_plan'), tenancy.create_metric('pa.count', aggregation => 'count'), tenancy.create_metric('pa.max', aggregation => 'max'), tenancy.create_metric('pa.last', aggregation => 'last'),
    tenancy.create_metric('pa.users', aggregation => 'unique', attribute => 'user'), tenancy.create_metric('pa.gb', aggregation => 'time_weighted'), tenancy.create_metric('pa.region'), tenancy.create_metric('pa.cents');
SELECT tenancy.create_metric('pa.max', aggregation => 'sum');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.create_metric('pa.bad', aggregation => 'unique');
\echo :LAST_ERROR_SQLSTATE
SELECT bool_and(tenancy.set_price('pa_plan', m, 1)) FROM unnest('{pa.count,pa.max,pa.last,pa.users,pa.gb}'::text[]) m;
SELECT tenancy.set_price_model('pa_plan', 'pa.region', 'matrix', '{"attribute": "region", "prices": {"eu": {"model": "per_unit", "params": {"unit": "2"}}}, "default": {"model": "per_unit", "params": {"unit": "3"}}}'),
    tenancy.set_price_model('pa_plan', 'pa.cents', 'percentage', '{"rate_pct": "10", "fixed_per_event": "1", "free_events": 1}');
SELECT tenancy.set_price_model('pa_plan', 'pa.cents', 'matrix', '{"attribute": "", "prices": {}}', component => 'other');
SET tenancy.clock = '2026-04-11 00:00:00';
SELECT tenancy.create_tenant('pa_acme', 'pa_plan');
SET tenancy.tenant_id = 'pa_acme';
SELECT bool_and(tenancy.record_usage(m, n, at => t)) FROM unnest('{pa.count,pa.max,pa.last}'::text[]) m, (VALUES (5, timestamptz '2026-04-02'), (20, '2026-04-05'), (3, '2026-04-03')) v(n, t);
SELECT bool_and(tenancy.record_usage('pa.users', 1, at => '2026-04-02', attributes => jsonb_build_object('user', u))) FROM unnest('{ann,bob,ann}'::text[]) u;
-- 10 GB from the day before, 20 from the 6th on
SELECT tenancy.record_usage('pa.gb', 10, at => '2026-03-31'), tenancy.record_usage('pa.gb', 20, at => '2026-04-06');
SELECT bool_and(tenancy.record_usage('pa.region', n, at => '2026-04-02', attributes => a)) FROM (VALUES (5, '{"region": "eu"}'::jsonb), (1, '{"region": "us"}'), (1, NULL)) v(n, a);
SELECT bool_and(tenancy.record_usage('pa.cents', n, at => '2026-04-02 00:00+00'::timestamptz + n * interval '1 s')) FROM unnest('{100,200,300}'::int[]) n;
RESET tenancy.tenant_id;
SET tenancy.clock = '2026-05-01 00:00:00';
SELECT tenancy.issue_invoice('pa_acme', '2026-04-15') AS id \gset
SELECT component, quantity, amount, tiers FROM tenancy.invoice_lines WHERE invoice_id = :id ORDER BY component;
SELECT count(*) FILTER (WHERE NOT ok) AS wrong FROM tenancy.verify_invoice(:id);
DELETE FROM tenancy.tenants WHERE id = 'pa_acme';
RESET tenancy.clock;
