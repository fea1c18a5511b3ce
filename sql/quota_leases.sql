-- Concurrency: what running transactions use and sessions hold at a time; it ends with its scope, or before.
\set SHOW_CONTEXT never
SELECT tenancy.create_plan('ql_basic'), tenancy.create_metric('ql.jobs'), tenancy.create_tenant('ql_acme', 'ql_basic'), tenancy.create_tenant('ql_free'),
    tenancy.set_limit('ql_basic', 'ql.jobs', 3, 'concurrency');
SET tenancy.tenant_id = 'ql_acme';
-- consume() holds what it uses until the transaction ends
BEGIN;
SELECT tenancy.consume('ql.jobs', 2);
SELECT tenancy.try_consume('ql.jobs', 2);
SAVEPOINT s;
SELECT tenancy.consume('ql.jobs');
SELECT tenancy.consume('ql.jobs');
ROLLBACK TO s;
SELECT tenancy.acquire_lease('ql.jobs');
SELECT tenancy.try_acquire_lease('ql.jobs');
SELECT tenancy.release_lease('ql.jobs');
SELECT period, used, remaining, retry_after_seconds FROM tenancy.check_quota('ql.jobs', 2);
COMMIT;
SELECT used FROM tenancy.check_quota('ql.jobs');
-- a session's lease outlives the transaction, also one that is rolled back
BEGIN;
SELECT tenancy.acquire_lease('ql.jobs', 2, 'session');
SELECT tenancy.acquire_lease('ql.jobs', 1);
ROLLBACK;
SELECT used FROM tenancy.check_quota('ql.jobs');
SELECT tenancy.release_lease('ql.jobs');
SELECT tenancy.release_lease('ql.jobs', 2);
\echo :LAST_ERROR_SQLSTATE
BEGIN READ ONLY;
SELECT tenancy.acquire_lease('ql.jobs');
COMMIT;
SELECT used FROM tenancy.check_quota('ql.jobs');
SELECT tenancy.acquire_lease('ql.jobs', 2, 'session');
DISCARD ALL;
SET tenancy.tenant_id = 'ql_acme';
SELECT used FROM tenancy.check_quota('ql.jobs');
-- nothing is recorded of a lease
SELECT sum(amount) FROM tenancy.usage_ledger WHERE tenant_id = 'ql_acme';
-- a session that goes takes its leases along
SELECT tenancy.acquire_lease('ql.jobs', 3, 'session');
\c
SET tenancy.tenant_id = 'ql_acme';
DO $$
BEGIN
    -- The server ends a session a moment after its client has gone.
    FOR i IN 1 .. 1000 LOOP
        EXIT WHEN tenancy.try_acquire_lease('ql.jobs', 3);
        PERFORM pg_sleep(0.01);
    END LOOP;
END
$$;
SELECT used FROM tenancy.check_quota('ql.jobs');
SELECT tenancy.acquire_lease('ql.jobs', 1, 'forever');
SELECT tenancy.acquire_lease('ql.jobs', -1);
SELECT tenancy.set_limit('ql_basic', 'ql.jobs', 3, 'concurrency', soft => true);
-- no limit: counted, never refused
SET tenancy.tenant_id = 'ql_free';
SELECT tenancy.acquire_lease('ql.jobs', 1000, 'session') IS NULL AS unlimited;
SELECT tenancy.release_lease('ql.jobs', 1000);
-- as much as there are numbers, and no more
SELECT tenancy.acquire_lease('ql.jobs', 9223372036854775807, 'session') IS NULL AS unlimited;
SELECT tenancy.acquire_lease('ql.jobs', 1, 'session');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.try_acquire_lease('ql.jobs', 9223372036854775807);
SELECT tenancy.override_limit('ql_free', 'ql.jobs', 5, 'concurrency');
SELECT tenancy.consume('ql.jobs');
SELECT used, remaining FROM tenancy.check_quota('ql.jobs');
SELECT tenancy.release_lease('ql.jobs', 9223372036854775807);
SELECT tenancy.try_acquire_lease('ql.jobs', 9223372036854775807), tenancy.try_acquire_lease('ql.jobs', 6), tenancy.acquire_lease('ql.jobs', 5);
RESET tenancy.tenant_id;
