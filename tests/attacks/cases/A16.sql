-- what: switch the tenant within a transaction and roll back
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
BEGIN;
SAVEPOINT s;
SET LOCAL tenancy.tenant_id = :'other';
ROLLBACK TO s;
SELECT body FROM :t;
SELECT tenancy.current_tenant() = :'own' AS own_again \gset
\echo want t got :own_again
COMMIT;
BEGIN;
SELECT tenancy.set_tenant(:'other') IS NULL;
ROLLBACK;
SELECT body FROM :t;
DO $$
BEGIN
    PERFORM tenancy.set_tenant(current_setting('attacks.other'));
    RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN NULL;
END $$;
SELECT body FROM :t;
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
