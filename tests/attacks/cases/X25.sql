-- what: go on with a query that was opened without a tenant, or left behind for another, without a `FETCH` statement
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
SELECT format('CREATE FUNCTION pg_temp.leave_behind() RETURNS refcursor LANGUAGE plpgsql SET tenancy.tenant_id = %L AS %L', :'other',
    'DECLARE c refcursor := ''behind''; BEGIN OPEN c FOR SELECT body FROM ' || :'t' || '; RETURN c; END') \gexec
BEGIN;
SELECT pg_temp.leave_behind();
\echo want 00000 got :SQLSTATE
FETCH ALL FROM behind;
\if :is_walled
\echo want 55000 got :SQLSTATE
\endif
ROLLBACK;
BEGIN;
SELECT pg_temp.leave_behind();
SELECT cursor_to_xml('behind', 10, true, true, '');
ROLLBACK;
RESET tenancy.tenant_id;
BEGIN;
DECLARE before CURSOR FOR SELECT body FROM :t;
SET LOCAL tenancy.tenant_id = :'own';
SELECT cursor_to_xml('before', 10, true, true, '');
ROLLBACK;
BEGIN;
DECLARE before CURSOR FOR SELECT body FROM :t;
SET LOCAL tenancy.tenant_id = :'own';
DO $$ DECLARE c refcursor := 'before'; r record; BEGIN LOOP FETCH c INTO r; EXIT WHEN NOT FOUND; RAISE WARNING 'saw %', r.body; END LOOP; END $$;
ROLLBACK;
SELECT format('DO %L', format('DECLARE c refcursor; r record; BEGIN OPEN c FOR SELECT body FROM %s; PERFORM set_config(''tenancy.tenant_id'', %L, true); '
    'LOOP FETCH c INTO r; EXIT WHEN NOT FOUND; RAISE WARNING ''saw %%'', r.body; END LOOP; END', :'t', :'own')) \gexec
RESET tenancy.tenant_id;
BEGIN;
DECLARE positioned CURSOR FOR SELECT body FROM :t ORDER BY amount DESC FOR UPDATE;
MOVE 1 FROM positioned;
SET LOCAL tenancy.tenant_id = :'own';
UPDATE :t SET body = 'stolen' WHERE CURRENT OF positioned;
COMMIT;
SET tenancy.tenant_id = :'own';
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
