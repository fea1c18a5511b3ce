-- Tokens that are good for one use: whoever used them, and whatever became of the transaction.
\set SHOW_CONTEXT never
SET tenancy.clock = '2100-01-01 00:00:00';
SELECT tenancy.create_tenant('tr_acme');
SELECT tenancy.add_token_key('tr', 'HS256', 'a secret of some 32 bytes, or more');
SELECT tenancy.make_token('tr_acme') AS t, tenancy.make_token('tr_acme') AS u \gset
SET tenancy.token_single_use = on;
BEGIN;
SET LOCAL tenancy.token = :'t';
SELECT tenancy.current_tenant();
ROLLBACK;
SET tenancy.token = :'t';
SET tenancy.token = :'u';
SELECT tenancy.current_tenant();
SET tenancy.token = :'u';
SELECT tenancy.current_tenant();
RESET tenancy.token;
\c
\set SHOW_CONTEXT never
SET tenancy.clock = '2100-01-01 00:00:00';
SET tenancy.token_single_use = on;
SET tenancy.token = :'u';
-- it needs an id and a date of issue, and none from before the server's start
CREATE FUNCTION pg_temp.sign(fields text) RETURNS text LANGUAGE sql AS
    $$ SELECT fields || '.' || tenancy.base64url(tenancy.sign_hmac('a secret of some 32 bytes, or more', fields)) $$;
SELECT pg_temp.sign('v1.dHI.dHJfYWNtZQ.4102444800.4102445800....') AS no_id,
    pg_temp.sign('v1.dHI.dHJfYWNtZQ..4102445800....aWQ') AS no_date,
    pg_temp.sign('v1.dHI.dHJfYWNtZQ.1577836800.4102445800....aWQ') AS old \gset
SET tenancy.token = :'no_id';
SET tenancy.token = :'no_date';
SET tenancy.token = :'old';
RESET tenancy.token_single_use;
SET tenancy.token = :'no_id';
SELECT tenancy.current_tenant();
RESET tenancy.token;
DELETE FROM tenancy.token_secrets;
DELETE FROM tenancy.tenants WHERE id = 'tr_acme';
