-- Keys of tokens: what is accepted, how they are changed for others, and who sees them.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2030-01-01 00:30:00';
SELECT tenancy.create_tenant('acme');
SELECT tenancy.add_token_key('k', 'HS256', 'too short');
SELECT tenancy.add_token_key('k', 'HS512', 'a secret of some 32 bytes, or more');
SELECT tenancy.add_token_key('k', 'EdDSA', '\x00');
SELECT tenancy.add_token_key('k', 'EdDSA', '\x30820122300d06092a864886f70d01010105000382010f003082010a0282010100bc1b53682ca1db0688ac18f81c59981aa832d9e3e7aea1b86c9ed107186e2702f8727ce69e4cf482666d566fefc05c749d9074762fc6e45449e46f7d52c307f0c965ca58d3e882bcee1cd00f04d98c33d8518485f7d6704cbb08c5d61d4a33bf6746c4096503a33eaf350a11204326e15b1f652ec978bee4c29c5ac5c8a83687d7dc2dfba9033dcc8ebc55e11476fb6fed7cb005d012871d66a7b227e20776db9623ed8ca39aa80bc6804111a25113eb215d7b5cfbd7098465c71704705a32bd6ec317e2adeab56f8783b651ceb4ea7300c412277881a09985e15a1bb7bb46345c10c9d0793f1cbdc9782466e166959759d7007df6f00da3f206f4ea52dacd610203010001');
SELECT tenancy.add_token_key('k', 'RS256', '\x302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
SELECT tenancy.add_token_key('k', 'RS256', '\x30820122300d06092a864886f70d01010105000382010f003082010a0282010100bc1b53682ca1db0688ac18f81c59981aa832d9e3e7aea1b86c9ed107186e2702f8727ce69e4cf482666d566fefc05c749d9074762fc6e45449e46f7d52c307f0c965ca58d3e882bcee1cd00f04d98c33d8518485f7d6704cbb08c5d61d4a33bf6746c4096503a33eaf350a11204326e15b1f652ec978bee4c29c5ac5c8a83687d7dc2dfba9033dcc8ebc55e11476fb6fed7cb005d012871d66a7b227e20776db9623ed8ca39aa80bc6804111a25113eb215d7b5cfbd7098465c71704705a32bd6ec317e2adeab56f8783b651ceb4ea7300c412277881a09985e15a1bb7bb46345c10c9d0793f1cbdc9782466e166959759d7007df6f00da3f206f4ea52dacd61020301000100');
SELECT tenancy.add_token_key('k', 'RS256', '\x30819f300d06092a864886f70d010101050003818d0030818902818100cbc13ac07d1f05116e1f39e7791d7fa062fb09d488dce162c59515fa6b37ef0694b86e54a081e9db9ba8e6d22f0ca86aaf962054e2ddd6036cc1d1fd5c26f7883d16e5d4de378e0bf245702482b0917bafe2ad78606f701a760aece8f4d0a59f70c55e3c34e7a65fa6996c12b5fc7469f25ab198d17397f296ab8e079b386e490203010001');
SELECT tenancy.add_token_key('no blanks', 'HS256', 'a secret of some 32 bytes, or more');
SELECT tenancy.add_token_key(NULL, 'HS256', 'a secret of some 32 bytes, or more');
-- one key in all its forms is one key
SELECT tenancy.add_token_key('ed-1', 'EdDSA', '\xd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'), tenancy.add_token_key('ed-1', 'EdDSA', '\x302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
    tenancy.add_token_key('rsa-1', 'RS256', convert_to('-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvBtTaCyh2waIrBj4HFmY
Gqgy2ePnrqG4bJ7RBxhuJwL4cnzmnkz0gmZtVm/vwFx0nZB0di/G5FRJ5G99UsMH
8MllyljT6IK87hzQDwTZjDPYUYSF99ZwTLsIxdYdSjO/Z0bECWUDoz6vNQoRIEMm
4VsfZS7JeL7kwpxaxcioNofX3C37qQM9zI68VeEUdvtv7XywBdAShx1mp7In4gd2
25Yj7YyjmqgLxoBBEaJRE+shXXtc+9cJhGXHFwRwWjK9bsMX4q3qtW+Hg7ZRzrTq
cwDEEid4gaCZheFaG7e7RjRcEMnQeT8cvcl4JGbhZpWXWdcAffbwDaPyBvTqUtrN
YQIDAQAB
-----END PUBLIC KEY-----
', 'UTF8')), tenancy.add_token_key('rsa-1', 'RS256', '\x30820122300d06092a864886f70d01010105000382010f003082010a0282010100bc1b53682ca1db0688ac18f81c59981aa832d9e3e7aea1b86c9ed107186e2702f8727ce69e4cf482666d566fefc05c749d9074762fc6e45449e46f7d52c307f0c965ca58d3e882bcee1cd00f04d98c33d8518485f7d6704cbb08c5d61d4a33bf6746c4096503a33eaf350a11204326e15b1f652ec978bee4c29c5ac5c8a83687d7dc2dfba9033dcc8ebc55e11476fb6fed7cb005d012871d66a7b227e20776db9623ed8ca39aa80bc6804111a25113eb215d7b5cfbd7098465c71704705a32bd6ec317e2adeab56f8783b651ceb4ea7300c412277881a09985e15a1bb7bb46345c10c9d0793f1cbdc9782466e166959759d7007df6f00da3f206f4ea52dacd610203010001');
SELECT tenancy.add_token_key('a', 'HS256', 'a secret of some 32 bytes, or more');
SELECT tenancy.add_token_key('a', 'HS256', 'another secret of 32 bytes, or more');
SELECT tenancy.add_token_key('b', 'HS256', 'another secret of 32 bytes, or more');
SELECT kid, algorithm, public_key IS NOT NULL AS shown, in_use FROM tenancy.token_keys ORDER BY 1;
-- compact tokens with public keys
SET tenancy.token = 'v1.ZWQtMQ.YWNtZQ.1893456000.1893459600.....WgtURV0iSQkoH32DJouQOOfmKHI4WJWcEQ-SurC6abn0l85-Cnb6GoRRlU4L6Nsru5bw4gd-YvRAcaQHBlUVCw';
SELECT tenancy.current_tenant();
SET tenancy.token = 'v1.cnNhLTE.YWNtZQ.1893456000.1893459600.....cDkVlbPKtzBN3u7Qy9wPb-0nm06gwWLBJroDq3gnmafSt0Nti0x45cIFaQ03KQ6xXgp5s009Azw4YbCNKTgWH1BCHLn3j2R1IDVpF0w4GeEEWY3FmWCG-PHk-cx7ZqCPTpHIye0ILhRikKpRP8ZXK_eCAbW1DtleADY8Q4KQBg64S0SkPo-Qt9tW5iFVHNUwrFVGwWbqpfjKmqsYvAjXVfuh3br2UCAGr46NmlHbUQaB1KBjf8moIVbKTRZqnYfPqFN1d-JEfByphWpRtxpLlpTba0I_yLNfh3D3JK_VNq-VeeK_AMzfn_wV4iP7BGj6GI6bix0Vr8W84D-y2NMMog';
SELECT tenancy.current_tenant();
RESET tenancy.token;
-- several in use; the newest signs, unless one is named
SELECT split_part(tenancy.make_token('acme'), '.', 2) = tenancy.base64url('b') AS newest;
SELECT tenancy.make_token('acme', kid => 'a') AS token_a \gset
SELECT tenancy.make_token('acme') AS token_b \gset
SELECT tenancy.make_token('acme', kid => 'ed-1');
SELECT tenancy.make_token('tk_nobody');
SELECT tenancy.make_token('acme', '0');
SET tenancy.token = :'token_a';
SELECT tenancy.current_tenant();
-- retired with a date: tokens are good until then, in running sessions, too
SELECT tenancy.retire_token_key('a', '2030-01-01 00:31:00+00'), tenancy.retire_token_key('a', '2030-01-01 00:31:00+00');
SELECT tenancy.current_tenant();
SET tenancy.clock = '2030-01-01 00:31:00';
SELECT tenancy.current_tenant();
SET tenancy.token = :'token_a';
SELECT tenancy.make_token('acme', kid => 'a');
SET tenancy.token = :'token_b';
SELECT tenancy.current_tenant();
SELECT tenancy.retire_token_key('b'), tenancy.retire_token_key('b'), tenancy.retire_token_key('b', '2031-01-01');
SELECT tenancy.current_tenant();
SELECT tenancy.retire_token_key('nobody');
SELECT tenancy.make_token('acme');
SELECT kid, in_use, retires_at FROM tenancy.token_keys ORDER BY 1;
RESET tenancy.token;
SELECT action, object, before, after FROM tenancy.audit_log WHERE action LIKE '%token_key' AND object IN ('a', 'b') ORDER BY id;
-- operators manage keys and see none of the secrets
CREATE ROLE regress_tk_operator;
SELECT tenancy.grant_operator('regress_tk_operator');
SET ROLE regress_tk_operator;
SELECT count(*) FROM tenancy.token_keys;
SELECT count(*) FROM tenancy.token_secrets;
SELECT tenancy.sign_hmac('x', 'y');
RESET ROLE;
SELECT tenancy.revoke_operator('regress_tk_operator');
DROP ROLE regress_tk_operator;
-- dumps carry no secrets
SELECT e.extcondition[array_position(e.extconfig, 'tenancy.token_secrets'::regclass::oid)] FROM pg_extension e WHERE extname = 'tenancy';
DELETE FROM tenancy.token_secrets;
DELETE FROM tenancy.tenants WHERE id = 'acme';
