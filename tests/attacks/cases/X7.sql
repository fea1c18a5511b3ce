-- what: fetch from a cursor that was opened before a tenant was set
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
RESET tenancy.tenant_id;
DECLARE held CURSOR WITH HOLD FOR SELECT body FROM :t;
SET tenancy.tenant_id = :'own';
FETCH ALL FROM held;
\echo want 55000 got :SQLSTATE
RESET tenancy.tenant_id;
BEGIN;
DECLARE still_open CURSOR FOR SELECT body FROM :t;
SET LOCAL tenancy.tenant_id = :'own';
FETCH ALL FROM still_open;
ROLLBACK;
SET tenancy.tenant_id = :'own';
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
