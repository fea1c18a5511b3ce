-- Budgets: cost so far and to come, an alert once a threshold and period, and a hard cap that comes and goes.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenancy.create_plan('bu_plan', currency => 'EUR'), tenancy.create_plan('bu_yen', currency => 'JPY'), tenancy.create_metric('bu.calls'), tenancy.set_price('bu_plan', 'bu.calls', 0.1),
    tenancy.set_fee('bu_plan', 'base', 10, timing => 'advance'), tenancy.create_tenant('bu_acme', 'bu_plan'), tenancy.create_tenant('bu_yen', 'bu_yen'), tenancy.create_tenant('bu_none');
SELECT tenancy.set_budget('bu_acme', 100, thresholds => '{80,50,100,80}', hard => true), tenancy.set_budget('BU_acme', 100, 'EUR', '{50,80,100}', true) AS again;
SELECT tenant_id, amount, currency, thresholds, hard FROM tenancy.budgets WHERE tenant_id LIKE 'bu\_%';
\echo nothing is used: the fee alone
SELECT * FROM tenancy.budget_status('bu_acme');
SET tenancy.tenant_id = 'bu_acme';
SET tenancy.clock = '2026-04-11 00:00:00';
SELECT tenancy.record_usage('bu.calls', 300);
SELECT pending FROM tenancy.rollup('5 s');
\echo a third of the period: 30 for usage, and no period before, so 90 and the fee
SELECT * FROM tenancy.budget_status('bu_acme');
SELECT tenant_id, threshold FROM tenancy.check_budgets() WHERE tenant_id LIKE 'bu\_%';
SET tenancy.clock = '2026-04-16 00:00:00';
SELECT tenancy.record_usage('bu.calls', 550);
SELECT pending FROM tenancy.rollup('5 s');
SELECT * FROM tenancy.check_budgets('bu_acme');
SELECT count(*) FROM tenancy.check_budgets('bu_acme');
SELECT type, payload FROM tenancy.events_outbox WHERE tenant_id = 'bu_acme' AND type = 'budget.alert' ORDER BY payload ->> 'threshold';
\echo used up: stopped until the period ends
SELECT tenancy.record_usage('bu.calls', 60);
SELECT pending FROM tenancy.rollup('5 s');
SELECT tenant_id, threshold, actual FROM tenancy.check_budgets('bu_acme');
SELECT blocked_until FROM tenancy.budget_status('bu_acme');
SELECT tenant_id, until, spent, cap FROM tenancy.cost_stops WHERE tenant_id LIKE 'bu\_%';
\echo which refuses in running sessions, too
SELECT tenancy.consume('bu.calls');
\echo raised: not stopped, and the thresholds of the new budget are told
SELECT tenancy.set_budget('bu_acme', 180, hard => true);
SELECT threshold, amount FROM tenancy.budget_alerts WHERE tenant_id = 'bu_acme' ORDER BY amount, threshold;
SELECT count(*) FROM tenancy.cost_stops WHERE tenant_id LIKE 'bu\_%';
SELECT tenancy.try_consume('bu.calls', 0) AS goes_on;
\echo the next period: its own alerts, and a forecast at the pace of both
SELECT tenancy.set_budget('bu_acme', 90, hard => true);
SELECT blocked_until FROM tenancy.budget_status('bu_acme');
SET tenancy.clock = '2026-05-01 00:00:00';
SELECT * FROM tenancy.budget_status('bu_acme');
SET tenancy.clock = '2026-05-16 12:00:00';
SELECT tenancy.record_usage('bu.calls', 400);
SELECT pending FROM tenancy.rollup('5 s');
-- 10 + 40 + 0.5 * (40 + 0.5 * 91)
SELECT actual, forecast FROM tenancy.budget_status('bu_acme');
SELECT threshold FROM tenancy.check_budgets('bu_acme');
SELECT count(*) FROM tenancy.cost_stops WHERE tenant_id LIKE 'bu\_%';
\echo a batch of the job
SET tenancy.clock = '2026-05-16 12:01:00';
SELECT tenancy.job_budgets(100) - 'more' AS first, tenancy.job_budgets(100) - 'more' AS at_once;
\echo errors
SELECT tenancy.set_budget('bu_acme', 100, 'USD');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_budget('bu_yen', 10.5);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_budget('bu_acme', 0);
SELECT tenancy.set_budget('bu_acme', 1, thresholds => '{}');
SELECT tenancy.set_budget('bu_acme', 1, thresholds => '{0}');
SELECT tenancy.set_budget('bu_none', 1);
SELECT tenancy.set_budget('bu_nobody', 1);
SELECT * FROM tenancy.budget_status('bu_nobody');
SELECT tenancy.set_budget('bu_acme', NULL), tenancy.set_budget('bu_acme', NULL) AS again;
SELECT action, coalesce(after ->> 'amount', after ->> 'cap') AS amount FROM tenancy.audit_log WHERE object = 'bu_acme' AND action IN ('set_budget', 'stop_for_cost', 'lift_cost_stop') ORDER BY id;
RESET tenancy.tenant_id;
DELETE FROM tenancy.tenants WHERE id LIKE 'bu\_%';
DELETE FROM tenancy.budgets WHERE tenant_id LIKE 'bu\_%';
RESET tenancy.clock;
