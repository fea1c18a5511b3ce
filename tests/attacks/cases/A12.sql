-- what: go on with a token that has expired, and was verified before: by a prepared statement, a cursor, setting it again
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- kinds: plain
-- setup
SELECT tenancy.add_token_key('attacks', 'HS256', 'a secret of the attacks, of 32 bytes or more');
SELECT tenancy.make_token(:'other', valid_for => '5 minutes') AS token \gset
-- Only superusers move the clock.
CREATE FUNCTION scratch.pass(span interval) RETURNS text LANGUAGE sql SECURITY DEFINER AS
    $$ SELECT set_config('tenancy.clock', to_char((clock_timestamp() + span) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), false) $$;
-- attack
PREPARE again AS SELECT body FROM :t;
SET tenancy.token = :'token';
SELECT count(*) AS n FROM :t WHERE amount > 1 \gset
\echo want 3 got :n
BEGIN;
DECLARE still_open CURSOR FOR SELECT body FROM :t;
SELECT scratch.pass('10 minutes') IS NULL;
FETCH ALL FROM still_open;
\if :is_walled
\echo want 28000 got :SQLSTATE
\endif
ROLLBACK;
SELECT scratch.pass('10 minutes') IS NULL;
EXECUTE again;
\echo want 28000 got :SQLSTATE
SELECT body FROM :t;
\echo want 28000 got :SQLSTATE
UPDATE :t SET amount = 0;
\echo want 28000 got :SQLSTATE
SET tenancy.token = :'token';
\echo want 28000 got :SQLSTATE
SELECT tenancy.set_tenant_token(:'token');
\echo want 28000 got :SQLSTATE
SELECT body FROM :t;
\echo want 28000 got :SQLSTATE
-- after
DELETE FROM tenancy.token_secrets;
