-- A query goes on only for the tenant it was opened for, by whatever way its rows are asked for.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('wo_acme'), tenancy.create_tenant('wo_beta');
CREATE TABLE wo_notes (tenant_id text, id int, note text);
SELECT tenancy.attach('wo_notes');
INSERT INTO wo_notes SELECT 'wo_acme', n, 'a' || n FROM generate_series(1, 20) n;
INSERT INTO wo_notes SELECT 'wo_beta', n, 'b' || n FROM generate_series(1, 20) n;
CREATE FUNCTION wo_fetch(cursor refcursor) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FETCH cursor INTO r; RETURN r.note; END $$;

-- rows that are held, whatever they were read from
SET tenancy.tenant_id = 'wo_acme';
DECLARE held CURSOR WITH HOLD FOR SELECT note FROM wo_notes ORDER BY id;
DECLARE by_function CURSOR WITH HOLD FOR SELECT unnest(xpath('//note/text()', query_to_xml('SELECT note FROM wo_notes ORDER BY id', true, false, '')))::text AS note;
SELECT wo_fetch('held'), wo_fetch('by_function');
SET tenancy.tenant_id = 'wo_beta';
SELECT wo_fetch('held');
SELECT wo_fetch('by_function');
FETCH by_function;
RESET tenancy.tenant_id;
SELECT wo_fetch('held');
-- it is there again with its tenant, also after a transaction that was rolled back
SET tenancy.tenant_id = 'wo_acme';
SELECT wo_fetch('held'), wo_fetch('by_function');
BEGIN;
SET LOCAL tenancy.tenant_id = 'wo_beta';
SELECT wo_fetch('held');
ROLLBACK;
SELECT wo_fetch('held'), wo_fetch('by_function');
CLOSE ALL;
-- one that is held at the end of the transaction that had the tenant
RESET tenancy.tenant_id;
BEGIN;
SET LOCAL tenancy.tenant_id = 'wo_acme';
DECLARE held CURSOR WITH HOLD FOR SELECT note FROM wo_notes ORDER BY id;
COMMIT;
SELECT wo_fetch('held');
CLOSE held;
-- one without a tenant's rows is anybody's
DECLARE numbers CURSOR WITH HOLD FOR SELECT n::text AS note FROM generate_series(1, 3) n;
SET tenancy.tenant_id = 'wo_acme';
SELECT wo_fetch('numbers');
CLOSE numbers;

-- a query that is running: RESET asks nobody
BEGIN;
DECLARE running CURSOR FOR SELECT note FROM wo_notes ORDER BY id;
SELECT wo_fetch('running');
RESET tenancy.tenant_id;
SELECT wo_fetch('running');
ROLLBACK;
-- opened without a tenant by who sees all
RESET tenancy.tenant_id;
BEGIN;
DECLARE running CURSOR FOR SELECT note FROM wo_notes ORDER BY note;
SELECT wo_fetch('running');
SET LOCAL tenancy.tenant_id = 'wo_beta';
SELECT wo_fetch('running');
ROLLBACK;
-- a loop over all tenants goes on: nobody but the code around it can read from it
DO $$
DECLARE
    r record;
    n int := 0;
    own int := 0;
BEGIN
    FOR r IN SELECT tenant_id FROM wo_notes ORDER BY id LOOP
        PERFORM tenancy.set_tenant(r.tenant_id, local => true);
        own := own + (SELECT count(*) FROM wo_notes);
        n := n + 1;
    END LOOP;
    RAISE NOTICE 'rows %, seen in them %', n, own;
END $$;
-- an SQL function's statements are planned together before the first one runs (by PostgreSQL 18 one by one): refused, or its own
CREATE FUNCTION wo_after(OUT result text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT wo_set_and_count()' INTO result;
    result := CASE result WHEN '20' THEN 'held' ELSE 'leak' END;
EXCEPTION WHEN object_not_in_prerequisite_state THEN result := 'held';
END $$;
CREATE FUNCTION wo_set_and_count() RETURNS text LANGUAGE sql AS $$ SELECT tenancy.set_tenant('wo_acme'); SELECT count(*) FROM wo_notes $$;
SELECT wo_after();
RESET tenancy.tenant_id;
CREATE OR REPLACE FUNCTION wo_set_and_count() RETURNS text LANGUAGE sql AS
    $$ SELECT tenancy.set_tenant('wo_acme'); WITH w AS (UPDATE wo_notes SET note = note || '!' RETURNING 1) SELECT count(*) FROM w $$;
SELECT wo_after();
RESET tenancy.tenant_id;
SELECT count(*) FROM wo_notes WHERE tenant_id = 'wo_beta' AND note LIKE '%!';

DROP TABLE wo_notes;
DROP FUNCTION wo_fetch, wo_after, wo_set_and_count;
DELETE FROM tenancy.tenants WHERE id IN ('wo_acme', 'wo_beta');
