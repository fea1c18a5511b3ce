-- Where only tokens count, nothing else sets a tenant.
\set SHOW_CONTEXT never
\set owner 'user=' :USER ' dbname=' :DBNAME
SET tenancy.clock = '2030-01-01 00:30:00';
SELECT tenancy.create_tenant('tc_acme'), tenancy.create_tenant('tc_beta');
SELECT tenancy.add_token_key('k', 'HS256', 'a secret of some 32 bytes, or more');
SELECT tenancy.make_token('tc_acme') AS t \gset
CREATE TABLE tc_notes (tenant_id text, note text);
INSERT INTO tc_notes VALUES ('tc_acme', 'a'), ('tc_beta', 'b');
SELECT tenancy.attach('tc_notes');
CREATE ROLE regress_tc_app LOGIN;
GRANT SELECT ON tc_notes TO regress_tc_app;
SET tenancy.tenant_id = 'tc_beta';
SET tenancy.context = 'token';
SET ROLE regress_tc_app;
SELECT note FROM tc_notes;
SET tenancy.tenant_id = 'tc_acme';
SELECT set_config('tenancy.tenant_id', 'tc_acme', true);
SELECT tenancy.set_tenant('tc_acme');
SELECT note FROM tc_notes;
SET tenancy.tenant_id = '';
SET tenancy.context = 'open';
CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql SET tenancy.tenant_id = 'tc_acme' AS 'SELECT 1';
SET tenancy.token = :'t';
SELECT note FROM tc_notes;
SET tenancy.tenant_id = 'tc_beta';
SELECT tenancy.reset_tenant();
SELECT count(*) FROM tc_notes;
RESET ROLE;
RESET tenancy.context;
-- for one role alone, also against what its connection or its own settings say
ALTER ROLE regress_tc_app SET tenancy.context = 'token';
ALTER ROLE regress_tc_app SET tenancy.tenant_id = 'tc_beta';
\c - regress_tc_app
SHOW tenancy.tenant_id;
SELECT count(*) FROM tc_notes;
\set connection 'user=regress_tc_app dbname=' :DBNAME ' options=''-c tenancy.tenant_id=tc_beta'''
\c :connection
SELECT count(*) FROM tc_notes;
SET tenancy.context = 'open';
RESET tenancy.context;
RESET ALL;
SELECT count(*) FROM tc_notes;
\c :owner
DROP TABLE tc_notes;
DROP ROLE regress_tc_app;
DELETE FROM tenancy.token_secrets;
DELETE FROM tenancy.tenants WHERE id LIKE 'tc\_%';
