-- what: fetch from a cursor that was opened under another tenant
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
BEGIN;
SET LOCAL tenancy.tenant_id = :'other';
DECLARE still_open CURSOR FOR SELECT body FROM :t;
SET LOCAL tenancy.tenant_id = :'own';
\echo want 55006 got :SQLSTATE
FETCH ALL FROM still_open;
ROLLBACK;
BEGIN;
SET LOCAL tenancy.tenant_id = :'other';
DECLARE held CURSOR WITH HOLD FOR SELECT body FROM :t;
COMMIT;
FETCH ALL FROM held;
\echo want 55000 got :SQLSTATE
DECLARE mine CURSOR WITH HOLD FOR SELECT id FROM :t WHERE amount = 1;
FETCH ALL FROM mine;
\echo want 3 got :ROW_COUNT
