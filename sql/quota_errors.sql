-- Bad input to limits and usage: SQLSTATE each time, and nothing counted.
\set SHOW_CONTEXT never
SELECT tenancy.create_plan('qe_basic'), tenancy.create_metric('qe.calls', 'call'), tenancy.create_tenant('qe_acme', 'qe_basic');
SELECT tenancy.create_metric('qe.calls', 'byte');
SELECT tenancy.create_metric('Bad Name');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_limit('qe_none', 'qe.calls', 1);
SELECT tenancy.set_limit('qe_basic', 'qe.none', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_limit('qe_basic', 'qe.calls', -1);
SELECT tenancy.set_limit('qe_basic', 'qe.calls', 1, 'fortnight');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.override_limit('qe_none', 'qe.calls', 1);
-- without a tenant
SELECT tenancy.consume('qe.calls');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.record_usage('qe.calls');
SET tenancy.tenant_id = 'qe_acme';
SELECT tenancy.consume('qe.none');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.consume(repeat('x', 100));
SELECT tenancy.consume('qe.calls', -1);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.record_usage('qe.calls', -1);
SELECT tenancy.record_usage('qe.calls', NULL);
SELECT tenancy.record_usage(NULL);
SELECT tenancy.record_usage('qe.calls', 9223372036854775807);
SELECT tenancy.record_usage('qe.calls', 1);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.consume('qe.calls', 1);
SELECT tenancy.record_usage('qe.calls', 1, key => '');
SELECT tenancy.record_usage('qe.calls', 1, key => repeat('k', 256));
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.record_usage('qe.calls', 1, at => 'infinity');
BEGIN READ ONLY;
SELECT tenancy.record_usage('qe.calls', 1);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT sum(amount) FROM tenancy.usage_ledger WHERE tenant_id = 'qe_acme';
RESET tenancy.tenant_id;
