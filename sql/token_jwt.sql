-- JSON Web Tokens: the key says how they are signed, and every claim has to be what it should be.
\set SHOW_CONTEXT never
SET tenancy.clock = '2030-01-01 00:30:00';
SELECT tenancy.create_tenant('acme'), tenancy.create_tenant('tj_beta');
SELECT tenancy.add_token_key('hs-1', 'HS256', 'a secret of some 32 bytes, or more'),
    tenancy.add_token_key('ed-1', 'EdDSA', '\xd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
    tenancy.add_token_key('rsa-1', 'RS256', '\x30820122300d06092a864886f70d01010105000382010f003082010a0282010100bc1b53682ca1db0688ac18f81c59981aa832d9e3e7aea1b86c9ed107186e2702f8727ce69e4cf482666d566fefc05c749d9074762fc6e45449e46f7d52c307f0c965ca58d3e882bcee1cd00f04d98c33d8518485f7d6704cbb08c5d61d4a33bf6746c4096503a33eaf350a11204326e15b1f652ec978bee4c29c5ac5c8a83687d7dc2dfba9033dcc8ebc55e11476fb6fed7cb005d012871d66a7b227e20776db9623ed8ca39aa80bc6804111a25113eb215d7b5cfbd7098465c71704705a32bd6ec317e2adeab56f8783b651ceb4ea7300c412277881a09985e15a1bb7bb46345c10c9d0793f1cbdc9782466e166959759d7007df6f00da3f206f4ea52dacd610203010001');
SELECT tenancy.set_tenant_token('eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImVkLTEifQ.eyJ0ZW5hbnRfaWQiOiJhY21lIiwiaWF0IjoxODkzNDU2MDAwLCJleHAiOjE4OTM0NTk2MDB9.2gGT7BAtF28K1LmesQOUrNYwk308sE54EZiJRlZ2nmYkq2Oh721rIjuvNIALxRxaPPG2XwYPwh5aJr9SFW0NCg');
SELECT tenancy.current_tenant();
SELECT tenancy.reset_tenant();
SELECT tenancy.set_tenant_token('eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYS0xIn0.eyJ0ZW5hbnRfaWQiOiJhY21lIiwiaWF0IjoxODkzNDU2MDAwLCJleHAiOjE4OTM0NTk2MDB9.Fl7EBXjNBxosgW09pYlTryCXwKIGXBlnSvPlZRrNqlc04qcT3cnN0AW2MdlwaFGFCfbR17qG88dB5_GiqTUlzE8BfMvLlrPtx7pFt0i15-pL37Vv-9sssAU6icJYcnOMRhnL_03SGWZrKZzg9_cq1AW8nqXTqEPlVDrbCqK6LyAqu6JSoAeS-HFwFBgLn3ZrC0fPxv6fOYnO22pDNLe7VMsmvftG-7M3P8yE6yDs7Zjkk3Z-vO7x1Muwt00zv8KSNlDI3zegEcUvvuuSXwbbaO3v7wJMSeYkZQTEx-Bc2N8ojC4RUVuO1invpAOEvw7Rkluf8Ce31gD3BWdc0xuWHQ');
SELECT tenancy.current_tenant();
SELECT tenancy.reset_tenant();
CREATE FUNCTION pg_temp.part(content text) RETURNS text LANGUAGE sql AS
    $$ SELECT rtrim(translate(encode(convert_to(content, 'UTF8'), 'base64'), E'+/\n', '-_'), '=') $$;
CREATE FUNCTION pg_temp.jwt(header text, claims text, secret text DEFAULT 'a secret of some 32 bytes, or more') RETURNS text LANGUAGE sql AS
    $$ SELECT u.t || '.' || tenancy.base64url(tenancy.sign_hmac(convert_to(secret, 'UTF8'), u.t))
       FROM (SELECT pg_temp.part(header) || '.' || pg_temp.part(claims) AS t) u $$;
-- Tries a token; says what is wrong with it.
CREATE FUNCTION pg_temp.try(token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    d text;
BEGIN
    PERFORM tenancy.set_tenant_token(token, local => true);
    RETURN tenancy.current_tenant();
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(': ', SQLSTATE, SQLERRM, nullif(d, ''));
END
$$;
SELECT pg_temp.try(pg_temp.jwt('{"alg":"HS256","kid":"hs-1"}', '{"tenant_id":"tj_beta","exp":1893459600}'));
-- the header
SELECT h, pg_temp.try(pg_temp.jwt(h, '{"tenant_id":"tj_beta","exp":1893459600}')) FROM unnest(ARRAY[
    '{"alg":"none","kid":"hs-1"}', '{"alg":"hs256","kid":"hs-1"}', '{"alg":"HS384","kid":"hs-1"}', '{"alg":"EdDSA","kid":"hs-1"}',
    '{"alg":["HS256"],"kid":"hs-1"}', '{"kid":"hs-1"}', '{"alg":"HS256"}', '{"alg":"HS256","kid":1}', '{"alg":"HS256","kid":""}',
    '{"alg":"HS256","kid":"hs-2"}', '{"alg":"HS256","kid":"hs-1\u0000"}', '{"alg":"HS256","kid":"hs 1"}',
    '{"alg":"none","alg":"HS256","kid":"hs-1"}', '{"alg":"HS256","kid":"hs-1","crit":["exp"],"exp":1}', '[]', '"x"', '', '{',
    '{"alg":"HS256","kid":"hs-1","jwk":{"alg":"none","kid":"x"},"x":[{"alg":"none"}]}']) AS h;
-- no signature, and a public key used as a secret
SELECT pg_temp.try(pg_temp.part('{"alg":"none","kid":"hs-1"}') || '.' || pg_temp.part('{"tenant_id":"acme","exp":1893459600}') || '.');
SELECT pg_temp.try(pg_temp.part('{"alg":"HS256","kid":"hs-1"}') || '.' || pg_temp.part('{"tenant_id":"acme","exp":1893459600}') || '.');
SELECT a, pg_temp.try(u.t || '.' || tenancy.base64url(tenancy.sign_hmac('\x30820122300d06092a864886f70d01010105000382010f003082010a0282010100bc1b53682ca1db0688ac18f81c59981aa832d9e3e7aea1b86c9ed107186e2702f8727ce69e4cf482666d566fefc05c749d9074762fc6e45449e46f7d52c307f0c965ca58d3e882bcee1cd00f04d98c33d8518485f7d6704cbb08c5d61d4a33bf6746c4096503a33eaf350a11204326e15b1f652ec978bee4c29c5ac5c8a83687d7dc2dfba9033dcc8ebc55e11476fb6fed7cb005d012871d66a7b227e20776db9623ed8ca39aa80bc6804111a25113eb215d7b5cfbd7098465c71704705a32bd6ec317e2adeab56f8783b651ceb4ea7300c412277881a09985e15a1bb7bb46345c10c9d0793f1cbdc9782466e166959759d7007df6f00da3f206f4ea52dacd610203010001', u.t)))
FROM (SELECT a, pg_temp.part(format('{"alg":"%s","kid":"rsa-1"}', a)) || '.' || pg_temp.part('{"tenant_id":"acme","exp":1893459600}') AS t
      FROM unnest('{HS256,RS256}'::text[]) a) u;
SELECT pg_temp.try('eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYS0xIn0.eyJ0ZW5hbnRfaWQiOiJhY21lIiwiaWF0IjoxODkzNDU2MDAwLCJleHAiOjE4OTM0NTk2MDB9.tqP-aF1VqPWLmrxCQtIBSNa6W3-dg5Cjhl765wMnf7ZiHpz53Ww2l3414MhaL1F7C4dfswjbxEBKHc4d_2rS4sPfZteoqFDZV4TVMjgm1NstQFTP8KyyM3uZihEuewRQ0WyW_HhoJx3u13uMlM-Xb0Sk3do7sm9fGUuyck1mRA_8ID4ttF_ZLmmy8Oxm5XbwOt9zMKofhxIfTIgjbytmc8JXJ6noJw5LHOcPWhFSFFSuv7EpmhLjyvu-H2pMe2NZhnOhgWEcwn12SgVsaoACzVf2UxPGbgLGk0VEvi54ZlNQfTDpNMYK3wMiyeDyvOKXPSFnJ96tF22c-1vMpPQrBQ');
SELECT pg_temp.try(replace('eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImVkLTEifQ.eyJ0ZW5hbnRfaWQiOiJhY21lIiwiaWF0IjoxODkzNDU2MDAwLCJleHAiOjE4OTM0NTk2MDB9.2gGT7BAtF28K1LmesQOUrNYwk308sE54EZiJRlZ2nmYkq2Oh721rIjuvNIALxRxaPPG2XwYPwh5aJr9SFW0NCg', '.', '..'));
SELECT pg_temp.try('eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImVkLTEifQ.eyJ0ZW5hbnRfaWQiOiJhY21lIiwiaWF0IjoxODkzNDU2MDAwLCJleHAiOjE4OTM0NTk2MDB9.2gGT7BAtF28K1LmesQOUrNYwk308sE54EZiJRlZ2nmYkq2Oh721rIjuvNIALxRxaPPG2XwYPwh5aJr9SFW0NCg=');
SELECT pg_temp.try(left('eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImVkLTEifQ.eyJ0ZW5hbnRfaWQiOiJhY21lIiwiaWF0IjoxODkzNDU2MDAwLCJleHAiOjE4OTM0NTk2MDB9.2gGT7BAtF28K1LmesQOUrNYwk308sE54EZiJRlZ2nmYkq2Oh721rIjuvNIALxRxaPPG2XwYPwh5aJr9SFW0NCg', -2));
SELECT pg_temp.try(left('eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImVkLTEifQ.eyJ0ZW5hbnRfaWQiOiJhY21lIiwiaWF0IjoxODkzNDU2MDAwLCJleHAiOjE4OTM0NTk2MDB9.2gGT7BAtF28K1LmesQOUrNYwk308sE54EZiJRlZ2nmYkq2Oh721rIjuvNIALxRxaPPG2XwYPwh5aJr9SFW0NCg', -1) || CASE right('eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImVkLTEifQ.eyJ0ZW5hbnRfaWQiOiJhY21lIiwiaWF0IjoxODkzNDU2MDAwLCJleHAiOjE4OTM0NTk2MDB9.2gGT7BAtF28K1LmesQOUrNYwk308sE54EZiJRlZ2nmYkq2Oh721rIjuvNIALxRxaPPG2XwYPwh5aJr9SFW0NCg', 1) WHEN 'A' THEN 'B' ELSE chr(ascii(right('eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImVkLTEifQ.eyJ0ZW5hbnRfaWQiOiJhY21lIiwiaWF0IjoxODkzNDU2MDAwLCJleHAiOjE4OTM0NTk2MDB9.2gGT7BAtF28K1LmesQOUrNYwk308sE54EZiJRlZ2nmYkq2Oh721rIjuvNIALxRxaPPG2XwYPwh5aJr9SFW0NCg', 1)) + 1) END);
SELECT pg_temp.try(pg_temp.jwt('{"alg":"HS256","kid":"hs-1"}', '{"tenant_id":"acme","exp":1893459600}', 'another secret of 32 bytes or more'));
-- the claims
SELECT c, pg_temp.try(pg_temp.jwt('{"alg":"HS256","kid":"hs-1"}', c)) FROM unnest(ARRAY[
    '{"tenant_id":"acme"}', '{"exp":1893459600}', '{"tenant_id":"","exp":1893459600}', '{"tenant_id":42,"exp":1893459600}',
    '{"tenant_id":null,"exp":1893459600}', '{"tenant_id":["acme"],"exp":1893459600}', '{"tenant_id":{"a":"acme"},"exp":1893459600}',
    '{"tenant_id":"a b","exp":1893459600}', '{"tenant_id":"acme\u0000","exp":1893459600}', '{"tenant_id":"tj_nobody","exp":1893459600}',
    '{"tenant_id":"tj_beta","tenant_id":"acme","exp":1893459600}', '{"tenant_id":"acme","exp":1,"exp":1893459600}',
    '{"tenant_id":"\u0061cme","exp":1893459600.75}', '{"x":{"tenant_id":"acme"},"exp":1893459600}',
    '{"tenant_id":"acme","exp":"1893459600"}', '{"tenant_id":"acme","exp":null}', '{"tenant_id":"acme","exp":-1}',
    '{"tenant_id":"acme","exp":1e30}', '{"tenant_id":"acme","exp":99999999999999999999}', '{"tenant_id":"acme","exp":253402300800}',
    '{"tenant_id":"acme","exp":253402300799}',
    '{"tenant_id":"acme","exp":1893459600,"nbf":1893457829}', '{"tenant_id":"acme","exp":1893459600,"nbf":1893457831}',
    '{"tenant_id":"acme","exp":1893457771}', '{"tenant_id":"acme","exp":1893457770}',
    '{"tenant_id":"acme","exp":1893459600,"nbf":"x"}', '{"tenant_id":"acme","exp":1893459600,"database":"other"}',
    '{"tenant_id":"acme","exp":1893459600,"database":1}', '{"tenant_id":"acme","exp":1893459600,"role":"nobody"}',
    '{"tenant_id":"acme","exp":1893459600,"aud":"somebody"}', '"acme"', '[{"tenant_id":"acme","exp":1893459600}]', 'x']) AS c;
SELECT pg_temp.try(pg_temp.jwt('{"alg":"HS256","kid":"hs-1"}',
    format('{"tenant_id":"acme","exp":1893459600,"database":"%s","role":"%s"}', current_database(), current_user)));
SELECT pg_temp.try(pg_temp.jwt('{"alg":"HS256","kid":"hs-1"}', '{"tenant_id":"acme","exp":1893459600,"x":' || repeat('[', 900) || repeat(']', 900) || '}'));
SELECT pg_temp.try(repeat('x', 8193));
SELECT pg_temp.try(repeat('.', 5000));
SELECT pg_temp.try('v2.a.b.c.d.e.f.g.h.i');
-- another claim, and an audience
SET tenancy.token_claim = 'org';
SET tenancy.token_audience = 'api';
SELECT c, pg_temp.try(pg_temp.jwt('{"alg":"HS256","kid":"hs-1"}', c)) FROM unnest(ARRAY[
    '{"tenant_id":"acme","exp":1893459600,"aud":"api"}', '{"org":"acme","exp":1893459600}', '{"org":"acme","exp":1893459600,"aud":"api"}',
    '{"org":"acme","exp":1893459600,"aud":["x","api"]}', '{"org":"acme","exp":1893459600,"aud":["x",["api"]]}',
    '{"org":"acme","exp":1893459600,"aud":{"api":"api"}}']) AS c;
RESET tenancy.token_claim;
RESET tenancy.token_audience;
DELETE FROM tenancy.token_secrets;
DELETE FROM tenancy.tenants WHERE id IN ('acme', 'tj_beta');
