-- what: replay a token that was found in a log or in `pg_stat_activity`
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed super=open
-- types: text
-- kinds: plain
-- twin: none, a table without a wall asks for no token
-- do: `tenancy.token_single_use` closes it, as here; without it a token is good until it expires: short lives, tokens for one role, sent as parameters; superusers can switch it off
-- setup
SELECT tenancy.add_token_key('attacks', 'HS256', 'a secret of the attacks, of 32 bytes or more');
ALTER DATABASE :"DBNAME" SET tenancy.context = 'token';
ALTER DATABASE :"DBNAME" SET tenancy.token_single_use = on;
ALTER DATABASE :"DBNAME" SET tenancy.token_leeway = 0;
SELECT tenancy.make_token(:'own') AS fresh, tenancy.make_token(:'other') AS leaked, tenancy.make_token(:'other') AS rolled_back,
    tenancy.make_token(:'other', role => 'postgres') AS of_postgres, tenancy.make_token(:'other', database => 'elsewhere') AS elsewhere \gset
\connect - postgres
SET tenancy.token = :'leaked';
BEGIN;
SET LOCAL tenancy.token = :'rolled_back';
ROLLBACK;
-- attack
SET tenancy.token = :'fresh';
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
SET tenancy.token = :'leaked';
\echo want 28000 got :SQLSTATE
SELECT tenancy.set_tenant_token(:'leaked', pin => true);
\echo want 28000 got :SQLSTATE
SET tenancy.token = :'rolled_back';
\echo want 28000 got :SQLSTATE
SET tenancy.token = :'fresh';
\echo want 28000 got :SQLSTATE
RESET tenancy.token;
SET tenancy.token = :'of_postgres';
\echo want 28000 got :SQLSTATE
SET tenancy.token = :'elsewhere';
\echo want 28000 got :SQLSTATE
SET tenancy.token_single_use = off;
SET tenancy.token = :'leaked';
\if :is_super
\echo want 00000 got :SQLSTATE
\else
\echo want 28000 got :SQLSTATE
\endif
SELECT body FROM :t WHERE tenancy.current_tenant() IS NOT NULL;
-- after
ALTER DATABASE :"DBNAME" RESET tenancy.context;
ALTER DATABASE :"DBNAME" RESET tenancy.token_single_use;
ALTER DATABASE :"DBNAME" RESET tenancy.token_leeway;
DELETE FROM tenancy.token_secrets;
\connect - postgres
