-- An idempotency key counts once: the same again is quietly nothing, other content is an error.
\set SHOW_CONTEXT never
SELECT tenancy.create_plan('mk_basic'), tenancy.create_metric('mk.calls'), tenancy.create_tenant('mk_acme', 'mk_basic'), tenancy.create_tenant('mk_other', 'mk_basic'), tenancy.set_limit('mk_basic', 'mk.calls', 10, 'total');
SET tenancy.tenant_id = 'mk_acme';
SELECT tenancy.record_usage('mk.calls', 2, 'k1'), tenancy.record_usage('mk.calls', 2, 'k1');
SELECT tenancy.record_usage('mk.calls', 2, 'k1');
SELECT tenancy.record_usage('mk.calls', 3, 'k1');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.record_usage('mk.calls', 2, 'k1', attributes => '{"region": "eu"}');
SELECT tenancy.consume('mk.calls', 5, 'k2'), tenancy.consume('mk.calls', 5, 'k2');
-- refused: the key may come again
SELECT tenancy.try_consume('mk.calls', 4, 'k3');
SELECT tenancy.try_consume('mk.calls', 3, 'k3'), tenancy.try_consume('mk.calls', 3, 'k3');
-- rolled back: as if it had never come
BEGIN;
SELECT tenancy.record_usage('mk.calls', 1, 'k4');
ROLLBACK;
SELECT tenancy.record_usage('mk.calls', 1, 'k4');
-- another tenant's keys are its own
SET tenancy.tenant_id = 'mk_other';
SELECT tenancy.record_usage('mk.calls', 9, 'k1');
SELECT tenant_id, key, amount FROM tenancy.usage_ledger WHERE metric = 'mk.calls' ORDER BY tenant_id, key;
RESET tenancy.tenant_id;
