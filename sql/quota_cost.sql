-- A cap on cost that has been reached: what has a price is refused until the period ends or the stop is lifted.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_plan('qm_basic', 'EUR'), tenancy.create_metric('qm.calls'), tenancy.create_metric('qm.free'), tenancy.create_tenant('qm_acme', 'qm_basic'),
    tenancy.set_price('qm_basic', 'qm.calls', 0.10), tenancy.set_limit('qm_basic', 'qm.calls', 1000);
SET tenancy.tenant_id = 'qm_acme';
SELECT tenancy.consume('qm.calls', 100, key => 'first');
SELECT tenancy.stop_for_cost('QM_acme', 10.00, 10, 'EUR', '2026-04-01 00:00:00'), tenancy.stop_for_cost('qm_acme', 11.00, 10, 'EUR', '2026-04-01 00:00:00');
SELECT tenancy.consume('qm.calls');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.try_consume('qm.calls', 1, key => 'second');
-- what was counted before is repeated, what has no price goes on, what happened is recorded
SELECT tenancy.try_consume('qm.calls', 100, key => 'first'), tenancy.consume('qm.free') IS NULL AS free, tenancy.record_usage('qm.calls', 5);
SELECT * FROM tenancy.check_quota('qm.calls');
SELECT period, source, outcome, retry_after_seconds FROM tenancy.explain_quota('qm_acme', 'qm.calls');
-- it ends by itself, or is lifted
SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenancy.try_consume('qm.calls', 1, key => 'second');
SELECT tenancy.stop_for_cost('qm_acme', 10, 10, 'EUR', '2026-05-01 00:00:00');
SELECT tenancy.try_consume('qm.calls');
SELECT tenancy.lift_cost_stop('qm_acme'), tenancy.lift_cost_stop('qm_acme');
SELECT tenancy.try_consume('qm.calls');
SELECT action, object, before ->> 'cap' AS before, after ->> 'cap' AS after FROM tenancy.audit_log WHERE object = 'qm_acme' AND action LIKE '%cost%' ORDER BY id;
SELECT tenancy.stop_for_cost('qm_none', 10, 10, 'EUR', '2026-05-01 00:00:00');
SELECT tenancy.stop_for_cost('qm_acme', 9, 10, 'EUR', '2026-05-01 00:00:00');
RESET tenancy.tenant_id;
RESET tenancy.clock;
