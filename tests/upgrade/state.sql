-- What a copy of the database must have in common with the original, row for row and as every role sees it.
-- SPDX-License-Identifier: PostgreSQL
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset null null
SET timezone = 'UTC';
SET tenancy.clock = '2026-02-10 15:30:00';

-- The counters of the server are left out: a worker goes on writing them.
SELECT format('SELECT %L, count(*), md5(coalesce(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C"), '''')) FROM ONLY %s t',
              c.oid::regclass, c.oid::regclass)
FROM pg_class c
WHERE c.relnamespace IN ('tenancy'::regnamespace, 'shop'::regnamespace) AND c.relkind = 'r'
  AND c.relname NOT LIKE 'resource\_%'
ORDER BY c.oid::regclass::text COLLATE "C" \gexec

TABLE tenancy.attached_tables ORDER BY relation::text COLLATE "C";
SELECT polrelid::regclass, polname, polpermissive, polcmd, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
FROM pg_policy ORDER BY polrelid::regclass::text COLLATE "C", polname;
-- Which roles a cluster has is its own affair.
SELECT name, level, object, detail FROM tenancy.check() WHERE name NOT IN ('role_bypasses_row_security', 'server_vulnerable');
SELECT relation, reason FROM tenancy.shared_tables ORDER BY relation::text;

-- What an operator was granted, and who else was not.
SELECT r.rolname, string_agg(p.proname, ' ' ORDER BY p.proname) FROM pg_roles r, pg_proc p
WHERE r.rolname LIKE 'tenancy\_upgrade\_%' AND p.pronamespace = 'tenancy'::regnamespace
  AND has_function_privilege(r.oid, p.oid, 'EXECUTE') GROUP BY r.rolname ORDER BY r.rolname;
SELECT r.rolname, string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_roles r, pg_class c
WHERE r.rolname LIKE 'tenancy\_upgrade\_%' AND c.relnamespace = 'tenancy'::regnamespace AND c.relkind IN ('r', 'v')
  AND has_table_privilege(r.oid, c.oid, 'SELECT') GROUP BY r.rolname ORDER BY r.rolname;

-- Limits and use, tenant by tenant.
SELECT format('SET tenancy.tenant_id = %L; SELECT %1$L, %2$L, q.* FROM tenancy.check_quota(%2$L) q;'
              ' SELECT %1$L, %2$L, tenancy.used(%1$L, %2$L, ''2026-01-01 UTC'')', t.id, m.name)
FROM tenancy.tenants t, tenancy.metrics m WHERE t.status = 'active'
ORDER BY t.id, m.name \gexec
RESET tenancy.tenant_id;

-- What the application and the owner see, with each tenant and with none.
SELECT format('SET ROLE %s; SET tenancy.tenant_id = %L; SELECT %1$L, %2$L, %4$L, count(*) FROM %3$s', r.name, t.id, c.oid::regclass, c.oid::regclass::text)
FROM (VALUES ('tenancy_upgrade_app'), ('tenancy_upgrade_owner')) r(name)
CROSS JOIN (SELECT id, status FROM tenancy.tenants WHERE status = 'active' UNION ALL SELECT '', 'active') t
JOIN tenancy.attached_tables a ON t.id = ''
    OR a.column_type IN ('text'::regtype, 'varchar'::regtype) OR a.relation = 'shop."Members"'::regclass
    OR a.column_type = 'uuid'::regtype AND t.id LIKE '%-%' OR a.column_type IN ('bigint'::regtype, 'integer'::regtype) AND t.id ~ '^[0-9]+$'
JOIN pg_class c ON c.oid = a.relation
ORDER BY r.name, t.id COLLATE "C", c.oid::regclass::text COLLATE "C" \gexec

-- Past the wall.
SET ROLE tenancy_upgrade_app;
\set VERBOSITY terse
SET tenancy.tenant_id = 'acme';
INSERT INTO shop.notes (tenant_id, body) VALUES ('Globex', 'smuggled');
INSERT INTO shop."Members" VALUES (9, 'Globex', 'smuggled');
UPDATE shop.places SET tenant_id = 'Globex';
SET tenancy.tenant_id = '42';
INSERT INTO shop.orders VALUES (4711, 9, 9);
SET tenancy.tenant_id = '5f8e1c1e-6d0c-4b2a-9a65-1d2f3a4b5c6d';
INSERT INTO shop.events_january VALUES ('7b1d9c52-0c3e-4d55-8f3c-9e8d7c6b5a40', '2026-01-02', 'smuggled');
SET tenancy.tenant_id = 'late-payer';
SELECT 'suspended', count(*) FROM shop.notes;
SET tenancy.tenant_id = 'gone';
SELECT 'closed', count(*) FROM shop.notes;
