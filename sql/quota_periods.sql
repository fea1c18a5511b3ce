-- Windows of the tenant's own time zone, several limits at once, and a total that never resets.
\set SHOW_CONTEXT never
SET tenancy.clock = '2026-03-31 21:59:00';
SELECT tenancy.create_plan('qp_basic'), tenancy.create_metric('qp.calls'),
    tenancy.create_tenant('qp_berlin', 'qp_basic', time_zone => 'Europe/Berlin'),
    tenancy.create_tenant('qp_utc', 'qp_basic');
SELECT tenancy.set_limit('qp_basic', 'qp.calls', 5, 'day'), tenancy.set_limit('qp_basic', 'qp.calls', 8, 'month'),
    tenancy.set_limit('qp_basic', 'qp.calls', 12, 'total');
SET tenancy.tenant_id = 'qp_berlin';
SELECT tenancy.consume('qp.calls', 5);
SELECT allowed, period, used, limit_amount, remaining, resets_at AT TIME ZONE 'Europe/Berlin' AS resets_at FROM tenancy.check_quota('qp.calls');
SELECT tenancy.consume('qp.calls');
-- a minute later it is April in Berlin, and not yet in UTC
SET tenancy.clock = '2026-03-31 22:00:00';
SELECT tenancy.consume('qp.calls', 5);
SET tenancy.tenant_id = 'qp_utc';
SELECT tenancy.consume('qp.calls', 5);
SELECT tenancy.try_consume('qp.calls');
SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenancy.try_consume('qp.calls');
-- the total stays
SET tenancy.tenant_id = 'qp_berlin';
SET tenancy.clock = '2027-01-15 00:00:00';
SELECT tenancy.consume('qp.calls', 2);
SELECT tenancy.consume('qp.calls', 1);
-- a clock that goes back does not open a window again
SET tenancy.clock = '2026-12-31 12:00:00';
SELECT period, used FROM tenancy.check_quota('qp.calls');
RESET tenancy.tenant_id;
RESET tenancy.clock;
