-- The tenant cannot change under an open query: not by SET, function, cursor or SET clause.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT tenancy.create_tenant('sw_a'), tenancy.create_tenant('sw_b');
CREATE TABLE sw_notes (tenant_id text, n int);
INSERT INTO sw_notes SELECT t, n FROM unnest('{sw_a,sw_b}'::text[]) t, generate_series(1, 3) n;
CREATE ROLE regress_sw_app;
GRANT SELECT, INSERT ON sw_notes TO regress_sw_app;
CREATE FUNCTION sw_inside() RETURNS bigint LANGUAGE sql SET tenancy.tenant_id = 'sw_b' AS 'SELECT count(*) FROM sw_notes';
SET ROLE regress_sw_app;
SET tenancy.tenant_id = 'sw_a';
BEGIN;
DECLARE c CURSOR FOR SELECT tenant_id, n FROM sw_notes ORDER BY n;
FETCH 1 FROM c;
SAVEPOINT s;
SET tenancy.tenant_id = 'sw_b';
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO s;
SELECT tenancy.set_tenant('sw_b');
ROLLBACK TO s;
SELECT tenancy.reset_tenant();
ROLLBACK TO s;
SELECT sw_inside();
ROLLBACK TO s;
-- to itself is no change
SET tenancy.tenant_id = 'SW_A';
FETCH 1 FROM c;
CLOSE c;
SET tenancy.tenant_id = 'sw_b';
SELECT count(*) FROM sw_notes;
COMMIT;
SET tenancy.tenant_id = 'sw_a';
SELECT n, tenancy.set_tenant('sw_b') FROM sw_notes;
SELECT tenancy.current_tenant();
-- after an error nothing stays open
SELECT 1 / (n - 1) FROM sw_notes;
SET tenancy.tenant_id = 'sw_b';
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT n FROM sw_notes LOOP
        PERFORM tenancy.set_tenant('sw_a');
    END LOOP;
END $$;
-- a query that does not depend on the tenant may switch it for each row
SELECT tenancy.set_tenant(t) FROM unnest('{sw_a,sw_b}'::text[]) t;
SELECT tenancy.current_tenant();
-- a held cursor has stored its tenant's rows: nobody else may fetch them
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT tenant_id, n FROM sw_notes ORDER BY n;
COMMIT;
FETCH 1 FROM h;
SET tenancy.tenant_id = 'sw_a';
FETCH 1 FROM h;
\echo :LAST_ERROR_SQLSTATE
RESET tenancy.tenant_id;
FETCH ALL FROM h;
SET tenancy.tenant_id = 'sw_b';
FETCH 1 FROM h;
CLOSE h;
RESET tenancy.tenant_id;
RESET ROLE;
DROP FUNCTION sw_inside();
DROP TABLE sw_notes;
DROP ROLE regress_sw_app;
DELETE FROM tenancy.tenants WHERE id LIKE 'sw\_%';
