-- Events with a time of their own: late ones land where they belong, future ones count as now.
SET tenancy.clock = '2026-03-15 12:00:00';
SET timezone = 'UTC';
SET datestyle = 'ISO';
SELECT tenancy.create_plan('mt_basic'), tenancy.create_metric('mt.calls'), tenancy.create_tenant('mt_acme', 'mt_basic'),
    tenancy.set_limit('mt_basic', 'mt.calls', 10, 'day'), tenancy.set_limit('mt_basic', 'mt.calls', 100, 'month');
SET tenancy.tenant_id = 'mt_acme';
SELECT tenancy.record_usage('mt.calls', 1), tenancy.record_usage('mt.calls', 2, at => '2026-03-14 23:59:00+00'),
    tenancy.record_usage('mt.calls', 4, at => '2026-02-28 10:00:00+00'), tenancy.record_usage('mt.calls', 8, at => '2026-03-15 12:03:00+00');
SELECT period, used FROM tenancy.check_quota('mt.calls');
SELECT amount, at FROM tenancy.usage_ledger WHERE tenant_id = 'mt_acme' ORDER BY amount;
-- attributes keep a row of their own
SELECT tenancy.record_usage('mt.calls', 16, attributes => '{"region": "eu"}'), tenancy.record_usage('mt.calls', 16, attributes => '{"region": "us"}');
SELECT amount, attributes FROM tenancy.usage_ledger WHERE tenant_id = 'mt_acme' AND attributes IS NOT NULL ORDER BY id;
RESET tenancy.tenant_id;
