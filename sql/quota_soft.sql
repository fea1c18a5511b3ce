-- Soft limits let pass and tell; thresholds are told once a window, with the transaction that reached them.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_plan('qf_basic'), tenancy.create_metric('qf.calls'), tenancy.create_metric('qf.bytes'), tenancy.create_tenant('qf_acme', 'qf_basic'),
    tenancy.set_limit('qf_basic', 'qf.calls', 10), tenancy.set_limit('qf_basic', 'qf.bytes', 10, soft => true);
SET tenancy.tenant_id = 'qf_acme';
SET tenancy.quota_warnings = on;
SELECT tenancy.consume('qf.calls', 4);
SELECT tenancy.consume('qf.calls', 1);
SELECT tenancy.consume('qf.calls', 1);
-- not told by what is rolled back, and then told by the next
BEGIN;
SELECT tenancy.consume('qf.calls', 4);
ROLLBACK;
BEGIN;
SAVEPOINT s;
SELECT tenancy.consume('qf.calls', 4);
ROLLBACK TO s;
SELECT tenancy.consume('qf.calls', 1);
COMMIT;
SELECT tenancy.record_usage('qf.calls', 3);
SELECT period, window_start, window_end, limit_amount, threshold, used, soft, at FROM tenancy.quota_alerts WHERE metric = 'qf.calls' ORDER BY threshold;
-- another session has nothing to tell, not even in a transaction that keeps an old snapshot
\c
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-15 12:00:00';
SET tenancy.tenant_id = 'qf_acme';
SET tenancy.quota_warnings = on;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM tenancy.quota_alerts WHERE metric = 'qf.calls';
SELECT tenancy.record_usage('qf.calls', 1);
COMMIT;
-- another limit, and another window, are told anew
SELECT tenancy.override_limit('qf_acme', 'qf.calls', 20);
SELECT tenancy.consume('qf.calls', 1);
SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenancy.consume('qf.calls', 16);
SELECT limit_amount, window_start, threshold, used FROM tenancy.quota_alerts WHERE metric = 'qf.calls' ORDER BY window_start, limit_amount, threshold;
-- soft: it passes, and is shown
SET tenancy.alert_thresholds = '';
SELECT tenancy.consume('qf.bytes', 8);
SELECT tenancy.consume('qf.bytes', 5);
SELECT * FROM tenancy.overages WHERE tenant_id = 'qf_acme';
BEGIN;
SELECT tenancy.consume('qf.bytes', 7);
ROLLBACK;
SELECT * FROM tenancy.check_quota('qf.bytes', 1000);
SELECT tenancy.consume('qf.bytes', 1);
SELECT used, limit_amount, overage FROM tenancy.overages WHERE tenant_id = 'qf_acme';
RESET tenancy.tenant_id;
SELECT pending FROM tenancy.rollup('5 seconds');
SELECT metric, used, limit_amount, overage FROM tenancy.overages WHERE tenant_id = 'qf_acme';
-- other thresholds hold at once
SET tenancy.tenant_id = 'qf_acme';
SET tenancy.alert_thresholds = '90';
SELECT tenancy.consume('qf.calls', 2);
RESET tenancy.tenant_id;
SET tenancy.alert_thresholds = '80,50';
SET tenancy.alert_thresholds = '0';
SET tenancy.alert_thresholds = ' 10, 1000 ';
RESET tenancy.clock;
