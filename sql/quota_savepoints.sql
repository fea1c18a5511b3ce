-- What a rolled back transaction or savepoint used is given back; what is released is kept.
\set SHOW_CONTEXT never
SELECT tenancy.create_plan('qs_basic'), tenancy.create_metric('qs.calls'), tenancy.create_tenant('qs_acme', 'qs_basic'), tenancy.set_limit('qs_basic', 'qs.calls', 10, 'total');
SET tenancy.tenant_id = 'qs_acme';
BEGIN;
SELECT tenancy.consume('qs.calls', 4);
SAVEPOINT a;
SELECT tenancy.consume('qs.calls', 3);
SAVEPOINT b;
SELECT tenancy.consume('qs.calls', 3);
SELECT tenancy.try_consume('qs.calls');
ROLLBACK TO b;
SELECT used FROM tenancy.check_quota('qs.calls');
RELEASE a;
SELECT used FROM tenancy.check_quota('qs.calls');
SAVEPOINT c;
SELECT tenancy.consume('qs.calls', 1);
RELEASE c;
ROLLBACK;
SELECT used FROM tenancy.check_quota('qs.calls');
BEGIN;
SELECT tenancy.consume('qs.calls', 1);
SAVEPOINT a;
SELECT tenancy.consume('qs.calls', 2);
SAVEPOINT b;
SELECT tenancy.consume('qs.calls', 3);
RELEASE b;
ROLLBACK TO a;
SELECT used FROM tenancy.check_quota('qs.calls');
SELECT tenancy.consume('qs.calls', 1);
COMMIT;
SELECT used FROM tenancy.check_quota('qs.calls');
-- an exception block in PL/pgSQL is a savepoint, too
DO $$
BEGIN
    FOR i IN 1 .. 20 LOOP
        BEGIN
            PERFORM tenancy.consume('qs.calls', 1);
            IF i % 2 = 0 THEN
                RAISE EXCEPTION 'undo';
            END IF;
        EXCEPTION
            WHEN configuration_limit_exceeded THEN
                RAISE NOTICE 'refused at %', i;
                EXIT;
            WHEN raise_exception THEN
                NULL;
        END;
    END LOOP;
END
$$;
SELECT used FROM tenancy.check_quota('qs.calls');
SELECT sum(amount) FROM tenancy.usage_ledger WHERE tenant_id = 'qs_acme';
-- one row a tenant and metric, however often it was used in the transaction
SELECT count(*) FROM tenancy.usage_ledger WHERE tenant_id = 'qs_acme';
RESET tenancy.tenant_id;
