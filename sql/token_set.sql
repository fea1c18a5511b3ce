-- A token sets the tenant as a setting does, with the transaction, and shows nothing of itself.
\set SHOW_CONTEXT never
SET tenancy.clock = '2030-01-01 00:30:00';
SELECT tenancy.create_tenant('ts_acme'), tenancy.create_tenant('ts_beta');
SELECT tenancy.add_token_key('k', 'HS256', 'a secret of some 32 bytes, or more');
CREATE TABLE ts_notes (tenant_id text, note text);
INSERT INTO ts_notes VALUES ('ts_acme', 'a'), ('ts_beta', 'b');
SELECT tenancy.attach('ts_notes');
SELECT tenancy.make_token('ts_acme') AS a, tenancy.make_token('TS_beta') AS b \gset
SET tenancy.token = :'a';
SHOW tenancy.token;
SELECT setting, reset_val FROM pg_settings WHERE name = 'tenancy.token';
SELECT note FROM ts_notes;
-- the transaction's
BEGIN;
SET LOCAL tenancy.token = :'b';
SELECT note FROM ts_notes;
SAVEPOINT s;
SELECT tenancy.set_tenant_token(:'a', local => true);
SELECT note FROM ts_notes;
ROLLBACK TO s;
SELECT note FROM ts_notes;
COMMIT;
SELECT note FROM ts_notes;
-- a token goes before a name
SET tenancy.tenant_id = 'ts_beta';
SELECT tenancy.set_tenant('ts_acme');
SELECT note FROM ts_notes;
RESET tenancy.token;
SELECT note FROM ts_notes;
SET tenancy.tenant_id = 'ts_beta';
SET tenancy.token = :'a';
SELECT note FROM ts_notes;
SELECT tenancy.reset_tenant();
SELECT tenancy.current_tenant() IS NULL AS none;
-- not under an open query
SET tenancy.token = :'a';
BEGIN;
DECLARE c CURSOR FOR SELECT note FROM ts_notes;
SAVEPOINT s;
SET tenancy.token = :'b';
ROLLBACK TO s;
SET tenancy.token = :'a';
FETCH c;
COMMIT;
-- errors change nothing, and tell nothing
SET tenancy.token = 'a secret that nobody shall see';
SET tenancy.token = 'ts_beta 1000000000000000 k';
SELECT set_config('tenancy.token', current_setting('tenancy.token'), false);
SELECT tenancy.set_tenant_token(NULL);
SELECT tenancy.set_tenant_token('');
SHOW tenancy.token;
-- kept nowhere
SET tenancy.token = :'a';
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET tenancy.token = %L', current_database(), 'x'); END $$;
ALTER ROLE CURRENT_USER SET tenancy.token = 'x';
ALTER SYSTEM SET tenancy.token = 'x';
CREATE FUNCTION ts_f() RETURNS text LANGUAGE sql SET tenancy.token = 'x' AS 'SELECT tenancy.current_tenant()';
CREATE FUNCTION ts_f() RETURNS text LANGUAGE sql SET tenancy.token FROM CURRENT AS 'SELECT tenancy.current_tenant()';
-- workers have the leader's tenant, without the token
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('debug_parallel_query', 'force_parallel_mode');
SELECT note, tenancy.current_tenant() FROM ts_notes;
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('debug_parallel_query', 'force_parallel_mode');
-- pinned
SELECT tenancy.set_tenant_token(:'a', pin => true);
SET tenancy.token = :'b';
SELECT tenancy.reset_tenant();
SELECT tenancy.set_tenant('ts_beta');
SELECT tenancy.set_tenant('ts_acme');
SELECT note FROM ts_notes;
\c
-- bound roles stay bound
SET tenancy.clock = '2030-01-01 00:30:00';
CREATE ROLE regress_ts_app;
GRANT SELECT ON ts_notes TO regress_ts_app;
SELECT tenancy.bind_role('regress_ts_app', 'ts_acme');
SELECT tenancy.make_token('ts_acme', role => 'regress_ts_app') AS r \gset
SET tenancy.token = :'r';
SET ROLE regress_ts_app;
SET tenancy.token = :'b';
SELECT note FROM ts_notes;
SET tenancy.token = :'r';
SELECT note FROM ts_notes;
RESET ROLE;
RESET tenancy.token;
SELECT tenancy.unbind_role('regress_ts_app');
-- when it connects
RESET tenancy.clock;
SELECT tenancy.make_token('ts_beta') AS c \gset
\set connection 'dbname=' :DBNAME ' options=''-c tenancy.token=' :c ''''
\c :connection
SELECT note FROM ts_notes;
SET tenancy.token = '';
SELECT tenancy.current_tenant() IS NULL AS none;
RESET tenancy.token;
SELECT note FROM ts_notes;
SELECT left(reset_val, 8) FROM pg_settings WHERE name = 'tenancy.token';
\set connection 'dbname=' :DBNAME ' options='
\c :connection
DROP TABLE ts_notes;
DROP ROLE regress_ts_app;
DELETE FROM tenancy.token_secrets;
DELETE FROM tenancy.tenants WHERE id LIKE 'ts\_%';
