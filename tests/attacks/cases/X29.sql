-- what: leave the tenant that a session is pinned to for another: `SET`, `RESET`, `DISCARD`, a rollback, a function's `SET` clause, a token
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- kinds: plain
-- setup
SELECT tenancy.add_token_key('attacks', 'HS256', 'a secret of the attacks, of 32 bytes or more');
SELECT tenancy.make_token(:'other') AS token \gset
-- attack
BEGIN;
SELECT tenancy.set_tenant(:'own', pin => true);
ROLLBACK;
SET tenancy.tenant_id = :'other';
\echo want 42501 got :SQLSTATE
SELECT set_config('tenancy.tenant_id', :'other', true);
\echo want 42501 got :SQLSTATE
SELECT tenancy.set_tenant(:'other', pin => true);
\echo want 42501 got :SQLSTATE
SET tenancy.token = :'token';
\echo want 42501 got :SQLSTATE
SET tenancy.pinned_tenant = '';
\echo want 42501 got :SQLSTATE
SELECT set_config('tenancy.pinned_tenant', :'other', false);
\echo want 42501 got :SQLSTATE
ALTER ROLE CURRENT_USER IN DATABASE :"DBNAME" SET tenancy.pinned_tenant = 'other';
\echo want 42501 got :SQLSTATE
RESET tenancy.pinned_tenant;
RESET ALL;
DISCARD ALL;
SET SESSION AUTHORIZATION DEFAULT;
SET tenancy.tenant_id = :'other';
\echo want 42501 got :SQLSTATE
SET check_function_bodies = off;
SELECT format('CREATE FUNCTION pg_temp.as_other() RETURNS SETOF text LANGUAGE sql SET tenancy.tenant_id = %L AS %L', :'other', 'SELECT body FROM ' || :'t') \gexec
SELECT pg_temp.as_other();
SELECT body FROM :t WHERE tenancy.current_tenant() IS NOT NULL;
SET tenancy.tenant_id = :'own';
SELECT body FROM :t;
\echo want 3 got :ROW_COUNT
-- after
DELETE FROM tenancy.token_secrets;
