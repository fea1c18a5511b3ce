-- Who is nearest to a limit: each limit's own kind of use, and only limits that hold.
\set SHOW_CONTEXT never
SET tenancy.clock = '2026-03-15 12:00:00+00';
SELECT tenancy.create_plan('qu'), tenancy.create_tenant('qu_acme', 'qu'), tenancy.create_tenant('QU_Brass', 'qu'),
    tenancy.create_metric('qu.seats'), tenancy.create_metric('qu.stores');
SELECT tenancy.set_limit('qu', 'qu.seats', 10, 'total'), tenancy.set_limit('qu', 'qu.seats', 100, 'month'), tenancy.set_limit('qu', 'qu.stores', 4, 'total');
CREATE FUNCTION qu_usage() RETURNS SETOF record LANGUAGE sql AS $$
    SELECT tenant_id, metric, period, used, limit_amount FROM tenancy.quota_usage(100000) WHERE metric LIKE 'qu.%' $$;
-- what is released lowers the total, and not what a month has used; rolled up or not
SET tenancy.tenant_id = 'qu_acme';
SELECT tenancy.consume('qu.seats', 8);
SELECT tenancy.release('qu.seats', 5);
RESET tenancy.tenant_id;
SELECT * FROM qu_usage() AS q(tenant text, metric text, period text, used numeric, limit_amount bigint);
SELECT rows_rolled > 0 AS rolled FROM tenancy.rollup('1 minute');
SELECT * FROM qu_usage() AS q(tenant text, metric text, period text, used numeric, limit_amount bigint);
-- an override until it ends, and then the plan's again
SELECT tenancy.override_limit('qu_acme', 'qu.seats', 50, 'total', until => '2026-03-16 00:00:00+00');
SELECT * FROM qu_usage() AS q(tenant text, metric text, period text, used numeric, limit_amount bigint);
SET tenancy.clock = '2026-03-16 00:00:00+00';
SELECT * FROM qu_usage() AS q(tenant text, metric text, period text, used numeric, limit_amount bigint);
-- rows of tables
CREATE TABLE qu_stores (id int, tenant_id text NOT NULL);
SELECT tenancy.attach('qu_stores');
SELECT tenancy.limit_rows('qu_stores', 'qu.stores');
INSERT INTO qu_stores VALUES (1, 'QU_Brass'), (2, 'QU_Brass'), (3, 'QU_Brass'), (4, 'qu_acme');
SELECT * FROM qu_usage() AS q(tenant text, metric text, period text, used numeric, limit_amount bigint);
SELECT tenancy.unlimit_rows('qu_stores');
DROP TABLE qu_stores;
DROP FUNCTION qu_usage();
DELETE FROM tenancy.audit_log WHERE object LIKE '%qu_stores'; -- others look at all of these
DELETE FROM tenancy.usage_hourly WHERE tenant_id = 'qu_acme';
DELETE FROM tenancy.usage_ledger WHERE tenant_id = 'qu_acme';
DELETE FROM tenancy.quota_alerts WHERE tenant_id = 'qu_acme';
