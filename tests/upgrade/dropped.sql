-- DROP EXTENSION closes: behind the walls nobody sees more than before, ordinary roles nothing at all (dropped.expected).
-- SPDX-License-Identifier: PostgreSQL
\set QUIET on
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
-- What a superuser sees afterwards is what one without a tenant has seen before.
SELECT 'superuser before', sum((xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || relation, true, true, '')))[1]::text::int)
FROM tenancy.attached_tables WHERE NOT is_partition;
SELECT string_agg(relation::text, ' ' ORDER BY relation::text COLLATE "C") AS walls FROM tenancy.attached_tables \gset
SET client_min_messages = error;
DROP EXTENSION tenancy CASCADE;

SELECT 'row security still forced', bool_and(c.relrowsecurity AND c.relforcerowsecurity)
FROM regexp_split_to_table(:'walls', ' ') w(name) JOIN pg_class c ON c.oid = w.name::regclass;
SELECT 'policies left', polname, polrelid::regclass, polpermissive FROM pg_policy;
SET tenancy.tenant_id = 'acme';
SELECT format('SET ROLE %s; SELECT %1$L, %2$L, count(*) FROM %2$s', r.name, w.name)
FROM (VALUES ('tenancy_upgrade_app'), ('tenancy_upgrade_owner')) r(name), regexp_split_to_table(:'walls', ' ') w(name)
ORDER BY r.name, w.name COLLATE "C" \gexec
SET ROLE tenancy_upgrade_app;
INSERT INTO shop.notes (tenant_id, body) VALUES ('acme', 'x');
UPDATE shop.notes SET body = 'x' RETURNING body;
RESET ROLE;
RESET tenancy.tenant_id;
SELECT 'superuser after', sum((xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || w.name, true, true, '')))[1]::text::int)
FROM regexp_split_to_table(:'walls', ' ') w(name) JOIN pg_class c ON c.oid = w.name::regclass WHERE NOT c.relispartition;

-- The extension comes back: attach() makes the walls whole again.
CREATE EXTENSION tenancy;
SELECT tenancy.create_tenant('acme');
SELECT tenancy.attach(w.name::regclass, CASE WHEN w.name = 'shop."Members"' THEN 'orgId' END)
FROM regexp_split_to_table(:'walls', ' ') w(name) JOIN pg_class c ON c.oid = w.name::regclass
WHERE NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid);
SELECT name, level, object FROM tenancy.check() WHERE level = 'ERROR' AND name <> 'server_vulnerable';
SET ROLE tenancy_upgrade_app;
SET tenancy.tenant_id = 'acme';
SELECT 'notes of acme', count(*) FROM shop.notes;
