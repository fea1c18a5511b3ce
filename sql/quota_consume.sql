-- Consuming within a limit: what is left, the refusal, and looking without consuming.
\set SHOW_CONTEXT never
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_plan('qc_basic'), tenancy.create_tenant('qc_acme', 'qc_basic'), tenancy.create_metric('qc.calls', 'call'),
    tenancy.create_metric('qc.free', 'call'), tenancy.set_limit('qc_basic', 'qc.calls', 10);
SET tenancy.tenant_id = 'qc_acme';
SELECT tenancy.consume('qc.calls'), tenancy.consume('qc.calls', 4);
SELECT * FROM tenancy.check_quota('qc.calls', 5);
SELECT * FROM tenancy.check_quota('qc.calls', 6);
SELECT tenancy.try_consume('qc.calls', 6), tenancy.try_consume('qc.calls', 5), tenancy.try_consume('qc.calls');
SELECT tenancy.consume('qc.calls');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.consume('qc.calls', 0);
-- recording is not limited, and counts
SELECT tenancy.record_usage('qc.calls', 3);
SELECT used, remaining FROM tenancy.check_quota('qc.calls');
-- no limit: nothing is left to say
SELECT tenancy.consume('qc.free', 1000000) IS NULL AS unlimited;
SELECT * FROM tenancy.check_quota('qc.free');
SELECT metric, sum(amount), count(*) FROM tenancy.usage_ledger WHERE tenant_id = 'qc_acme' GROUP BY metric ORDER BY metric;
RESET tenancy.tenant_id;
