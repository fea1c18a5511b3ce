-- what: read another tenant's large object
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: no large objects: use `bytea` in an attached table; or one role a tenant
-- attack
SET tenancy.tenant_id = :'other';
SELECT lo_from_bytea(0, 'LEAK') AS object \gset
\echo want 00000 got :SQLSTATE
SET tenancy.tenant_id = :'own';
SELECT convert_from(lo_get(:object), 'UTF8');
-- after
SELECT lo_unlink(:object) IS NULL;
