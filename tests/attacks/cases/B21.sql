-- what: forge the claim: unsigned, altered, signed with another's or a public key, or where users can write
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed super=open
-- types: text
-- kinds: plain
-- twin: none, a table without a wall asks for no claim
-- do: superusers can switch to `tenancy.context = 'open'`
-- setup
\set public '\\xd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
SELECT tenancy.add_token_key('attacks', 'HS256', 'a secret of the attacks, of 32 bytes or more'), tenancy.add_token_key('public', 'EdDSA', :'public');
CREATE FUNCTION scratch.url(text) RETURNS text LANGUAGE sql RETURN tenancy.base64url(convert_to($1, 'UTF8'));
CREATE FUNCTION scratch.sign(text, key bytea) RETURNS text LANGUAGE sql RETURN $1 || '.' || tenancy.base64url(tenancy.sign_hmac(key, $1));
CREATE FUNCTION scratch.claims(header text) RETURNS text LANGUAGE sql RETURN scratch.url(header) || '.' || scratch.url('{"tenant_id": "other", "exp": 9999999999}');
SELECT tenancy.make_token(:'own') AS good,
    replace(tenancy.make_token(:'own'), scratch.url(:'own'), scratch.url(:'other')) AS altered,
    scratch.sign(concat_ws('.', 'v1', scratch.url('attacks'), scratch.url(:'other'), '', '9999999999', '', '', '', ''), 'the secret of somebody else, of 32 bytes') AS others_key,
    scratch.sign(concat_ws('.', 'v1', scratch.url('public'), scratch.url(:'other'), '', '9999999999', '', '', '', ''), :'public') AS public_key,
    scratch.claims('{"alg": "none", "kid": "attacks"}') || '.' AS unsigned,
    scratch.claims('{"alg": "HS256", "kid": "attacks"}') || '.' AS no_signature,
    scratch.sign(scratch.claims('{"alg": "HS256", "kid": "public"}'), :'public') AS confused,
    scratch.sign(scratch.claims('{"alg": "HS256"}'), 'a secret of the attacks, of 32 bytes or more') AS no_key,
    scratch.sign(scratch.claims('{"alg": "HS256", "kid": "''; --"}'), 'a secret of the attacks, of 32 bytes or more') AS unknown_key \gset
ALTER DATABASE :"DBNAME" SET tenancy.context = 'token';
-- attack
SET tenancy.token = :'good';
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
RESET tenancy.token;
SET tenancy.token = :'altered';
\echo want 28000 got :SQLSTATE
SET tenancy.token = :'others_key';
\echo want 28000 got :SQLSTATE
SET tenancy.token = :'public_key';
\echo want 28000 got :SQLSTATE
SET tenancy.token = :'unsigned';
\echo want 28000 got :SQLSTATE
SET tenancy.token = :'no_signature';
\echo want 28000 got :SQLSTATE
SET tenancy.token = :'confused';
\echo want 28000 got :SQLSTATE
SET tenancy.token = :'no_key';
\echo want 28000 got :SQLSTATE
SET tenancy.token = :'unknown_key';
\echo want 28000 got :SQLSTATE
-- what the setting shows once a token is verified
SET tenancy.token = 'other 999999999999999999 attacks';
\echo want 28000 got :SQLSTATE
SELECT body FROM :t WHERE tenancy.current_tenant() IS NOT NULL;
-- where users can write
SET tenancy.tenant_id = :'other';
\echo want 42501 got :SQLSTATE
ALTER ROLE CURRENT_USER IN DATABASE :"DBNAME" SET tenancy.tenant_id = 'other';
\connect - :role
SELECT body FROM :t WHERE tenancy.current_tenant() IS NOT NULL;
\if :is_super
SET tenancy.context = 'open';
SET tenancy.tenant_id = :'other';
\else
SET tenancy.context = 'open';
\echo want 42501 got :SQLSTATE
SET tenancy.token_claim = 'sub';
\echo want 42501 got :SQLSTATE
SELECT tenancy.add_token_key('mine', 'HS256', 'a secret of mine, of 32 bytes or more');
\echo want 42501 got :SQLSTATE
INSERT INTO tenancy.token_secrets (kid, algorithm, key) VALUES ('mine', 'HS256', 'a secret of mine, of 32 bytes or more');
\echo want 42501 got :SQLSTATE
SELECT key FROM tenancy.token_secrets;
\echo want 42501 got :SQLSTATE
SELECT tenancy.make_token(:'other');
\echo want 42501 got :SQLSTATE
SELECT tenancy.sign_hmac('a secret of the attacks, of 32 bytes or more', 'x');
\echo want 42501 got :SQLSTATE
\endif
SELECT body FROM :t WHERE tenancy.current_tenant() IS NOT NULL;
-- after
ALTER DATABASE :"DBNAME" RESET tenancy.context;
ALTER ROLE :role IN DATABASE :"DBNAME" RESET tenancy.tenant_id;
DELETE FROM tenancy.token_secrets;
\connect - postgres
