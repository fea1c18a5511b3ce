-- what: an SQL function that sets the tenant and then reads and writes, planned as a whole before
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- attack
SELECT format('CREATE FUNCTION pg_temp.then_read() RETURNS SETOF text LANGUAGE sql AS %L',
    format('SELECT tenancy.set_tenant(%L); SELECT body FROM %s', :'own', :'t')) \gexec
SELECT format('CREATE FUNCTION pg_temp.then_write() RETURNS void LANGUAGE sql AS %L',
    format('SELECT tenancy.set_tenant(%L); UPDATE %s SET body = ''stolen''', :'own', :'t')) \gexec
CREATE PROCEDURE pg_temp.then_delete() LANGUAGE sql BEGIN ATOMIC SELECT tenancy.set_tenant('own'); DELETE FROM :t WHERE id = 2; END;
\echo want 00000 got :SQLSTATE
RESET tenancy.tenant_id;
SELECT pg_temp.then_read();
RESET tenancy.tenant_id;
SELECT pg_temp.then_write();
RESET tenancy.tenant_id;
CALL pg_temp.then_delete();
SET tenancy.tenant_id = :'own';
SELECT pg_temp.then_read();
\echo want 00000 got :SQLSTATE
