-- what: read another tenant's held cursor without a `FETCH` statement: in PL/pgSQL, by `cursor_to_xml()`; or one over a function
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- twin: none, rows held for a tenant are shut whatever they were read from
-- attack
SET tenancy.tenant_id = :'other';
DECLARE held CURSOR WITH HOLD FOR SELECT body FROM :t;
DECLARE by_function CURSOR WITH HOLD FOR SELECT query_to_xml('SELECT body FROM ' || :'t', true, true, '');
SET tenancy.tenant_id = :'own';
\echo want 00000 got :SQLSTATE
DO $$ DECLARE c refcursor := 'held'; r record; BEGIN FETCH c INTO r; RAISE WARNING 'saw %', r; END $$;
\echo want 55000 got :SQLSTATE
DO $$ DECLARE c refcursor := 'by_function'; r record; BEGIN FETCH c INTO r; RAISE WARNING 'saw %', r; END $$;
\echo want 55000 got :SQLSTATE
SELECT cursor_to_xml('held', 10, true, true, '');
\echo want 55000 got :SQLSTATE
FETCH ALL FROM by_function;
\echo want 55000 got :SQLSTATE
RESET tenancy.tenant_id;
SELECT cursor_to_xml('held', 10, true, true, '');
\echo want 55000 got :SQLSTATE
SET tenancy.tenant_id = :'own';
-- one's own is there again after another's turn
DECLARE mine CURSOR WITH HOLD FOR SELECT id FROM :t WHERE amount = 1;
SET tenancy.tenant_id = :'other';
SET tenancy.tenant_id = :'own';
DO $$ DECLARE c refcursor := 'mine'; r record; BEGIN FETCH c INTO r; END $$;
\echo want 00000 got :SQLSTATE
FETCH ALL FROM mine;
\echo want 2 got :ROW_COUNT
