-- what: read in the catalogs who the other tenants are: bounds of partitions, names of schemas, settings of roles
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: partitioned
-- twin: none, catalogs have no wall
-- do: ids that tell nothing (uuid), or a database a tenant, where tenants have SQL of their own and must not know each other
-- setup
-- attack
SELECT bool_or(pg_get_expr(c.relpartbound, c.oid) LIKE '%' || :'other' || '%') AS seen FROM pg_class c WHERE c.relispartition \gset
\echo leak t got :seen
SELECT count(*) >= 0 AS can FROM pg_db_role_setting s JOIN pg_namespace n ON n.nspname LIKE 'tenant\_%' \gset
\echo want t got :can
