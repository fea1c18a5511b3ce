-- Usage of prepared transactions: reserved until somebody commits or rolls them back, from whatever session.
\set SHOW_CONTEXT never
SELECT tenancy.create_plan('qd_basic'), tenancy.create_metric('qd.calls'), tenancy.create_metric('qd.jobs'), tenancy.create_tenant('qd_acme', 'qd_basic'),
    tenancy.set_limit('qd_basic', 'qd.calls', 10, 'total'), tenancy.set_limit('qd_basic', 'qd.jobs', 1, 'concurrency');
SET tenancy.tenant_id = 'qd_acme';
BEGIN;
SELECT tenancy.consume('qd.calls', 3);
SAVEPOINT s;
SELECT tenancy.consume('qd.calls', 4, key => 'lost');
ROLLBACK TO s;
SELECT tenancy.consume('qd.calls', 2, key => 'kept');
SELECT tenancy.consume('qd.jobs');
PREPARE TRANSACTION 'qd_one';
SELECT used FROM tenancy.check_quota('qd.calls');
SELECT tenancy.try_consume('qd.calls', 6), tenancy.try_consume('qd.calls', 1), tenancy.try_consume('qd.jobs');
-- nobody can release what it may still take back
SELECT tenancy.release('qd.calls', 2);
-- another session ends it
\c
SET tenancy.tenant_id = 'qd_acme';
SELECT used, in_flight FROM tenancy.explain_quota('qd_acme', 'qd.calls');
ROLLBACK PREPARED 'qd_one';
SELECT used, in_flight FROM tenancy.explain_quota('qd_acme', 'qd.calls');
SELECT tenancy.try_consume('qd.jobs');
SELECT tenancy.consume('qd.calls', 2, key => 'kept');
BEGIN;
SELECT tenancy.release('qd.calls', 1), tenancy.consume('qd.calls', 5), tenancy.acquire_lease('qd.calls');
PREPARE TRANSACTION 'qd_two';
SELECT used, in_flight FROM tenancy.explain_quota('qd_acme', 'qd.calls');
SELECT tenancy.try_consume('qd.calls', 3);
-- what fails ends nothing
COMMIT PREPARED 'qd_none';
BEGIN;
COMMIT PREPARED 'qd_two';
ROLLBACK;
SELECT used, in_flight FROM tenancy.explain_quota('qd_acme', 'qd.calls');
COMMIT PREPARED 'qd_two';
SELECT used, in_flight FROM tenancy.explain_quota('qd_acme', 'qd.calls');
SELECT tenancy.try_consume('qd.calls', 4), tenancy.try_consume('qd.calls', 3);
SELECT sum(amount) FROM tenancy.usage_ledger WHERE tenant_id = 'qd_acme' AND metric = 'qd.calls';
-- nothing used: nothing to do
BEGIN;
PREPARE TRANSACTION 'qd_three';
COMMIT PREPARED 'qd_three';
RESET tenancy.tenant_id;
