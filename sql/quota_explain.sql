-- Which limits hold, where each comes from, and what would happen; overrides end by themselves.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_plan('qx_basic'), tenancy.create_metric('qx.calls'), tenancy.create_metric('qx.free'), tenancy.create_tenant('qx_acme', 'qx_basic'),
    tenancy.set_limit('qx_basic', 'qx.calls', 5, 'day'), tenancy.set_limit('qx_basic', 'qx.calls', 6, 'month', soft => true),
    tenancy.set_limit('qx_basic', 'qx.calls', 7, 'total'), tenancy.set_limit('qx_basic', 'qx.calls', 4, 'concurrency'),
    tenancy.set_rate_limit('qx_basic', 'qx.calls', 1, '10 seconds', 6);
SELECT tenancy.override_limit('QX_acme', 'qx.calls', 9, 'day', 'a busy day', '2026-03-15 18:00:00'),
    tenancy.override_limit('qx_acme', 'qx.calls', NULL, 'total');
SET tenancy.tenant_id = 'qx_acme';
SELECT tenancy.consume('qx.calls', 2), tenancy.acquire_lease('qx.calls', 1, 'session');
SELECT tenancy.try_consume('qx.calls', 2);
RESET tenancy.tenant_id;
\x on
SELECT * FROM tenancy.explain_quota('qx_acme', 'qx.calls');
\x off
SELECT period, outcome, retry_after_seconds FROM tenancy.explain_quota('qx_acme', 'qx.calls', 5);
SELECT * FROM tenancy.explain_quota('qx_acme', 'qx.free');
-- the only limit there is, lifted: one row
SELECT tenancy.override_limit('qx_acme', 'qx.free', NULL, 'total', 'a friend');
SELECT period, limit_amount, source, reason, used, outcome FROM tenancy.explain_quota('qx_acme', 'qx.free');
SELECT tenancy.set_limit('qx_basic', 'qx.free', 3), tenancy.override_limit('qx_acme', 'qx.free', NULL);
SELECT period, limit_amount, source, reason, used, outcome FROM tenancy.explain_quota('qx_acme', 'qx.free');
-- the override ends at its moment, in a session that asked before and does nothing else
SET tenancy.tenant_id = 'qx_acme';
SELECT tenancy.release_lease('qx.calls');
SELECT tenancy.remove_limit('qx_basic', 'qx.calls', 'concurrency'), tenancy.remove_limit('qx_basic', 'qx.calls', 'rate');
SELECT tenancy.consume('qx.calls', 2);
SET tenancy.clock = '2026-03-15 17:59:59';
SELECT tenancy.consume('qx.calls', 2);
SET tenancy.clock = '2026-03-15 18:00:00';
SELECT tenancy.consume('qx.calls', 1);
RESET tenancy.tenant_id;
SELECT period, source, reason, until, used, outcome, retry_after_seconds FROM tenancy.explain_quota('qx_acme', 'qx.calls');
SELECT tenancy.suspend_tenant('qx_acme');
SELECT period, outcome FROM tenancy.explain_quota('qx_acme', 'qx.calls');
SELECT tenancy.override_limit('qx_acme', 'qx.calls', 1, until => '2026-03-15 18:00:00');
SELECT tenancy.explain_quota('qx_none', 'qx.calls');
SELECT tenancy.explain_quota('qx_acme', 'qx.none');
SELECT tenancy.explain_quota('qx_acme', NULL);
SELECT tenancy.explain_quota('qx_acme', 'qx.calls', -1);
RESET tenancy.clock;
