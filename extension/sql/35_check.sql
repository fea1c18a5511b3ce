-- check(): what is not as it should be, with the SQL that mends it. Tables, walls, roles, server.
-- SPDX-License-Identifier: PostgreSQL
--
-- One function a subject, one branch a finding, all with the columns of check(). The remediation is
-- SQL that makes the finding go away as it stands; what SQL cannot do is in a comment in it.

-- SECURITY DEFINER for the operator, who may not read shared_preload_libraries.
CREATE FUNCTION tenancy.check()
RETURNS TABLE(name text, level text, object text, detail text, remediation text)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off SET standard_conforming_strings = on
AS $$
BEGIN
    -- Loads the library, without which its settings are not there.
    PERFORM tenancy.library_version();
    RETURN QUERY
    SELECT f.*
      FROM (SELECT * FROM tenancy.check_tables()
            UNION ALL SELECT * FROM tenancy.check_walls()
            UNION ALL SELECT * FROM tenancy.check_keys()
            UNION ALL SELECT * FROM tenancy.check_views()
            UNION ALL SELECT * FROM tenancy.check_schemas()
            UNION ALL SELECT * FROM tenancy.check_policies()
            UNION ALL SELECT * FROM tenancy.check_ways()
            UNION ALL SELECT * FROM tenancy.check_server()
            UNION ALL SELECT * FROM tenancy.check_server_version(
                          current_setting('server_version_num')::integer)) f
     ORDER BY array_position(ARRAY['ERROR', 'WARN', 'INFO'], f.level),
              f.name COLLATE "C", f.object COLLATE "C", f.detail COLLATE "C";
END
$$;
REVOKE ALL ON FUNCTION tenancy.check() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check() IS
'What endangers isolation, worst first: name of the finding, level (ERROR: tenants are not kept apart, or may soon not be; WARN: works, but not as it should; INFO: to know), object, detail, and remediation, the SQL that mends it. No rows: all is well. For operators; needs nothing but EXECUTE, reads only catalogs and settings, and changes nothing. docs/reference.md has every finding.';

CREATE FUNCTION tenancy.check_tables()
RETURNS TABLE(name text, level text, object text, detail text, remediation text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    -- Tables of the application that are neither attached nor shared.
    WITH loose AS (
        SELECT c.oid, c.oid::regclass::text AS object, a.attname AS tenant_column,
               a.attidentity, a.attgenerated
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                                  AND a.attname = tenancy.default_tenant_column()
         WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
           AND n.nspname NOT IN ('tenancy', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
           -- Kept apart by their schema.
           AND NOT EXISTS (SELECT FROM tenancy.tenant_schemas s WHERE s.schema_name = n.nspname)
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                              AND d.deptype = 'e')
           AND NOT EXISTS (SELECT FROM pg_policy p
                            WHERE p.polrelid = c.oid AND p.polname = 'tenancy_isolation')
           AND tenancy.attached_column(c.oid) IS NULL
           AND NOT tenancy.is_shared(c.oid)),
    -- Partitions and children are mended with their parent.
    top AS (
        SELECT l.* FROM loose l
         WHERE NOT EXISTS (SELECT FROM pg_inherits i JOIN loose up ON up.oid = i.inhparent
                            WHERE i.inhrelid = l.oid
                              AND (up.tenant_column IS NULL) = (l.tenant_column IS NULL)))
    SELECT 'tenant_column_not_attached', 'ERROR', t.object,
           format('It has the tenant column "%s" but is not attached: nothing keeps tenants apart in it.',
                  t.tenant_column),
           CASE WHEN t.attidentity <> ''
                THEN format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY; ', t.object, t.tenant_column)
                WHEN t.attgenerated <> ''
                THEN format('ALTER TABLE %s ALTER COLUMN %I DROP EXPRESSION; ', t.object, t.tenant_column)
                WHEN tenancy.tenant_function(t.oid, t.tenant_column) IS NULL
                THEN format('ALTER TABLE %s ALTER COLUMN %I TYPE text COLLATE "C"; ', t.object, t.tenant_column)
                ELSE '' END || format('SELECT tenancy.attach(%L)', t.object)
      FROM top t
     WHERE t.tenant_column IS NOT NULL
    UNION ALL
    SELECT 'table_undeclared', 'WARN', t.object,
           'It has no tenant column and is not declared shared: all tenants see all of its rows.',
           format('SELECT tenancy.share(%L, ''why all tenants may see it'')', t.object)
      FROM top t
     WHERE t.tenant_column IS NULL
    UNION ALL
    SELECT 'shared_table_dropped', 'WARN', s.relation::text,
           'The table that was declared shared is gone, and another one may get its OID.',
           format('SELECT tenancy.unshare(%s::regclass)', s.relation::oid)
      FROM tenancy.shared_tables s
     WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = s.relation)
$$;
REVOKE ALL ON FUNCTION tenancy.check_tables() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_tables() IS
'Internal: the part of check() with tenant_column_not_attached, table_undeclared, shared_table_dropped.';

CREATE FUNCTION tenancy.check_walls()
RETURNS TABLE(name text, level text, object text, detail text, remediation text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT g.gap, m.level, g.member::text, m.detail,
           -- attach() builds its index under lock; by hand there is no need to.
           CASE WHEN g.step = 6 AND c.relkind = 'r'
                THEN replace(g.repair, 'CREATE INDEX', 'CREATE INDEX CONCURRENTLY')
                ELSE g.repair END
      FROM tenancy.attached_tables t
      CROSS JOIN LATERAL tenancy.wall_gaps(t.relation, t.tenant_column) g
      JOIN pg_class c ON c.oid = g.member
      JOIN (VALUES
            ('isolation_policy_missing', 'ERROR',
             'Its parent is attached, but queries may name this table itself, and here the wall is missing.'),
            ('isolation_policy_altered', 'ERROR',
             'The policy tenancy_isolation is not the one that attach() makes.'),
            ('access_policy_missing', 'WARN',
             'No permissive policy admits anybody: roles subject to row security see no rows at all.'),
            ('tenant_column_nullable', 'WARN',
             'Rows without a tenant belong to nobody.'),
            ('tenant_column_without_default', 'WARN',
             'An INSERT that does not name the tenant fails instead of getting the session''s.'),
            ('row_security_disabled', 'ERROR',
             'Row security is disabled, so its policies do nothing.'),
            ('row_security_not_forced', 'ERROR',
             'Row security is not forced, so the table''s owner sees all tenants.'),
            ('tenant_index_missing', 'WARN',
             'No index is led by the tenant column: a tenant''s query reads the rows of all.')
           ) AS m(gap, level, detail) ON m.gap = g.gap
     -- Partitions and children come with their parent.
     WHERE NOT EXISTS (SELECT FROM pg_inherits i
                        WHERE i.inhrelid = t.relation
                          AND tenancy.attached_column(i.inhparent) IS NOT NULL)
    UNION ALL
    -- Altered so far that no column is left in it, or one that cannot hold tenants.
    SELECT 'isolation_policy_altered', 'ERROR', p.polrelid::regclass::text,
           'The policy tenancy_isolation is not the one that attach() makes.',
           CASE WHEN t.relation IS NULL THEN format('SELECT tenancy.attach(%L)', p.polrelid::regclass)
                ELSE format('DROP POLICY tenancy_isolation ON %s', p.polrelid::regclass) END
      FROM pg_policy p
      LEFT JOIN tenancy.attached_tables t ON t.relation = p.polrelid
     WHERE p.polname = 'tenancy_isolation'
       AND (t.relation IS NULL OR tenancy.tenant_function(t.relation, t.tenant_column) IS NULL)
    UNION ALL
    SELECT 'tenant_column_other_default', 'INFO', t.relation::text,
           format('An INSERT that does not name the tenant gets %s, not the session''s tenant.',
                  pg_get_expr(d.adbin, d.adrelid)),
           format('ALTER TABLE ONLY %s ALTER COLUMN %I SET DEFAULT tenancy.%I()', t.relation,
                  t.tenant_column, f.function)
      FROM tenancy.attached_tables t
      CROSS JOIN LATERAL tenancy.tenant_function(t.relation, t.tenant_column) f(function)
      JOIN pg_attribute a ON a.attrelid = t.relation AND a.attname = t.tenant_column
      JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE pg_get_expr(d.adbin, d.adrelid) <> format('tenancy.%I()', f.function)
    UNION ALL
    SELECT 'permissive_policy_without_effect', 'WARN',
           format('%I ON %s', p.polname, p.polrelid::regclass),
           'Permissive policies add up, and tenancy_access admits every row of the tenant: this one narrows nothing.',
           format('DROP POLICY tenancy_access ON %s', p.polrelid::regclass)
      FROM pg_policy p
      JOIN pg_policy base ON base.polrelid = p.polrelid AND base.polname = 'tenancy_access'
     WHERE p.polpermissive AND p.polname NOT IN ('tenancy_access', 'tenancy_isolation')
$$;
REVOKE ALL ON FUNCTION tenancy.check_walls() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_walls() IS
'Internal: the part of check() with isolation_policy_missing, isolation_policy_altered, access_policy_missing, row_security_disabled, row_security_not_forced, tenant_column_nullable, tenant_column_without_default, tenant_column_other_default, tenant_index_missing, permissive_policy_without_effect.';

CREATE FUNCTION tenancy.check_server()
RETURNS TABLE(name text, level text, object text, detail text, remediation text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT 'role_bypasses_row_security', 'INFO', r.rolname::text,
           format('It can log in and %s: without a tenant it sees all rows. Right for dumps and administrators, wrong for an application.',
                  CASE WHEN r.rolsuper THEN 'is a superuser' ELSE 'has BYPASSRLS' END),
           format('ALTER ROLE %I %s', r.rolname,
                  CASE WHEN r.rolsuper THEN 'NOSUPERUSER NOBYPASSRLS' ELSE 'NOBYPASSRLS' END)
      FROM pg_roles r
     -- 10 is the role that initdb made.
     WHERE r.rolcanlogin AND (r.rolsuper OR r.rolbypassrls) AND r.oid <> 10
    UNION ALL
    SELECT 'event_trigger_disabled', 'ERROR', e.name,
           CASE WHEN e.counts THEN 'Rows may be counted wrongly: new partitions, dropped and replaced triggers go unnoticed.'
                ELSE 'New tables, partitions and dropped walls go unnoticed.' END,
           format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', e.name)
      FROM (VALUES ('tenancy_attach_new_tables', false), ('tenancy_audit_policies', false), ('tenancy_audit_drops', false),
                   ('tenancy_follow_counted_tables', true), ('tenancy_forget_dropped_counts', true),
                   ('tenancy_check_new_triggers', true)) AS e(name, counts)
      LEFT JOIN pg_event_trigger t ON t.evtname = e.name
     WHERE t.evtenabled IS DISTINCT FROM 'A'
    UNION ALL
    -- A setting of 17 and later.
    SELECT 'event_triggers_off', 'ERROR', 'event_triggers',
           'The server runs no event triggers: new tables, partitions and dropped walls go unnoticed.',
           format('ALTER SYSTEM RESET event_triggers; ALTER DATABASE %I RESET event_triggers; SELECT pg_reload_conf()',
                  current_database())
     WHERE current_setting('event_triggers', true) = 'off'
    UNION ALL
    SELECT 'clock_fixed', 'WARN', 'tenancy.clock',
           format('The time of tenancy stands at %s: usage, limits and invoices do not follow the clock.',
                  current_setting('tenancy.clock')),
           'RESET tenancy.clock'
     WHERE current_setting('tenancy.clock') <> ''
    UNION ALL
    SELECT 'library_not_preloaded', 'ERROR', 'shared_preload_libraries',
           'In a session that has not called tenancy yet, roles that bypass row security see all tenants although one is set; and resource meters and fast quotas need shared memory, which the library gets only at server start.',
           format('ALTER SYSTEM SET shared_preload_libraries = %s -- then restart the server',
                  (SELECT string_agg(quote_literal(l), ', ') FROM unnest(p.libraries || 'tenancy'::text) l
                    WHERE l <> ''))
      FROM regexp_split_to_array(replace(current_setting('shared_preload_libraries'), '"', ''),
                                 '\s*,\s*') p(libraries)
     WHERE NOT p.libraries && ARRAY['tenancy', '$libdir/tenancy']
    UNION ALL
    SELECT 'version_mismatch', 'ERROR', 'tenancy',
           format('The library is of version %s, the SQL objects are of version %s.',
                  tenancy.library_version(), e.extversion),
           CASE WHEN string_to_array(regexp_replace(e.extversion, '[^0-9.].*', ''), '.')::integer[]
                     < string_to_array(regexp_replace(tenancy.library_version(), '[^0-9.].*', ''), '.')::integer[]
                THEN 'ALTER EXTENSION tenancy UPDATE'
                ELSE '-- restart the server, so that it loads the installed library' END
      FROM pg_extension e
     WHERE e.extname = 'tenancy' AND e.extversion <> tenancy.library_version()
$$;
REVOKE ALL ON FUNCTION tenancy.check_server() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_server() IS
'Internal: the part of check() with role_bypasses_row_security, event_trigger_disabled, event_triggers_off, clock_fixed, library_not_preloaded, version_mismatch.';
