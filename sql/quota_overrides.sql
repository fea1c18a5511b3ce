-- A tenant's own limits replace its plan's, take effect at once, and can be taken away.
\set SHOW_CONTEXT never
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_plan('qo_basic'), tenancy.create_plan('qo_big'), tenancy.create_metric('qo.calls'), tenancy.create_tenant('qo_acme', 'qo_basic');
SELECT tenancy.set_limit('qo_basic', 'qo.calls', 2), tenancy.set_limit('qo_basic', 'qo.calls', 2), tenancy.set_limit('qo_big', 'qo.calls', NULL);
SET tenancy.tenant_id = 'qo_acme';
SELECT tenancy.consume('qo.calls', 2);
SELECT tenancy.try_consume('qo.calls');
SELECT tenancy.override_limit('QO_acme', 'qo.calls', 5, reason => 'goodwill'), tenancy.override_limit('qo_acme', 'qo.calls', 5);
SELECT tenancy.consume('qo.calls', 3);
SELECT tenancy.try_consume('qo.calls');
SELECT tenancy.override_limit('qo_acme', 'qo.calls', NULL);
SELECT tenancy.consume('qo.calls', 1) IS NULL AS unlimited;
-- a limit below present use refuses and takes nothing back
SELECT tenancy.override_limit('qo_acme', 'qo.calls', 1);
SELECT allowed, used, limit_amount, remaining FROM tenancy.check_quota('qo.calls', 0);
SELECT tenancy.try_consume('qo.calls');
SELECT tenancy.remove_override('qo_acme', 'qo.calls'), tenancy.remove_override('qo_acme', 'qo.calls');
SELECT limit_amount FROM tenancy.check_quota('qo.calls');
SELECT tenancy.set_plan('qo_acme', 'qo_big');
SELECT tenancy.consume('qo.calls') IS NULL AS unlimited;
SELECT tenancy.remove_limit('qo_big', 'qo.calls'), tenancy.remove_limit('qo_big', 'qo.calls');
SELECT action, object, before -> 'amount' AS before, after -> 'amount' AS after FROM tenancy.audit_log
WHERE object LIKE 'qo\_%/%' ORDER BY id;
RESET tenancy.tenant_id;
