-- The time that statements wait for their rate is counted, for the tenant that waits.
SELECT tenancy.create_plan('mq_small'), tenancy.create_tenant('mq_acme', 'mq_small'), tenancy.create_tenant('mq_other');
SELECT tenancy.set_plan_setting('mq_small', 'tenancy.statement_rate', '50'), tenancy.set_plan_setting('mq_small', 'tenancy.statement_burst', '1'),
    tenancy.set_plan_setting('mq_small', 'tenancy.statement_wait', '1min');
CREATE ROLE regress_mq_app;
SET ROLE regress_mq_app;
SET tenancy.tenant_id = 'mq_other';
SELECT 0 AS zero;
SET tenancy.tenant_id = 'mq_acme';
SELECT 1 AS one;
SELECT 2 AS two;
SELECT 3 AS three;
RESET tenancy.tenant_id;
RESET ROLE;
-- two of them did
SELECT tenant_id, wait_ms BETWEEN 10 AND 60000 AS waited, wait_ms = 0 AS did_not FROM tenancy.stat_tenants WHERE tenant_id LIKE 'mq\_%' ORDER BY 1;
SELECT tenant_id, value > 0 AS waited FROM tenancy.top_tenants('wait_ms', 100000, NULL) WHERE tenant_id = 'mq_other';
SELECT tenancy.remove_plan_setting('mq_small', 'tenancy.statement_rate'), tenancy.remove_plan_setting('mq_small', 'tenancy.statement_burst'),
    tenancy.remove_plan_setting('mq_small', 'tenancy.statement_wait');
DELETE FROM tenancy.tenants WHERE id LIKE 'mq\_%';
DELETE FROM tenancy.plans WHERE id = 'mq_small';
DROP ROLE regress_mq_app;
