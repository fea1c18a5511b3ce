-- check(), continued: ways around the wall: functions, roles, foreign tables, publications.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.check_ways()
RETURNS TABLE(name text, level text, object text, detail text, remediation text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH routine AS MATERIALIZED (
        SELECT p.oid, p.prosecdef, p.proleakproof, p.proacl, p.proowner, r.rolname AS owner, n.nspname AS schema,
               r.rolsuper OR r.rolbypassrls AS bypasses,
               p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype) AS is_trigger,
               (SELECT substring(s.setting FROM '^search_path=(.*)$') FROM unnest(p.proconfig) s(setting)
                 WHERE s.setting LIKE 'search\_path=%') AS path,
               EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_policy'::regclass
                          AND d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid) AS in_policy
          FROM pg_proc p
          JOIN pg_namespace n ON n.oid = p.pronamespace
          JOIN pg_roles r ON r.oid = p.proowner
         WHERE n.nspname NOT IN ('tenancy', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass
                              AND d.objid = p.oid AND d.deptype = 'e'))
    SELECT 'definer_function_open_to_public', 'WARN', f.oid::regprocedure::text,
           format('Everybody may call it, and it runs as role "%s", which bypasses row security: without a tenant it sees all tenants.',
                  f.owner),
           format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', f.oid::regprocedure)
      FROM routine f
     WHERE f.prosecdef AND f.bypasses AND NOT f.is_trigger
       AND EXISTS (SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a WHERE a.grantee = 0)
    UNION ALL
    -- On an attached table nobody without a tenant gets as far as a trigger.
    SELECT DISTINCT 'definer_trigger_bypasses', 'WARN', f.oid::regprocedure::text,
           format('As a trigger of a table without a wall it runs as role "%s", which bypasses row security.', f.owner),
           format('ALTER FUNCTION %s SECURITY INVOKER', f.oid::regprocedure)
      FROM routine f
      JOIN pg_trigger t ON t.tgfoid = f.oid AND t.tgenabled <> 'D'
     WHERE f.prosecdef AND f.bypasses AND tenancy.attached_column(t.tgrelid) IS NULL
    UNION ALL
    SELECT 'function_search_path_open', 'WARN', f.oid::regprocedure::text,
           format('%s, and its search_path %s: a caller''s temporary table can take the place of what it names.',
                  CASE WHEN f.prosecdef THEN 'It runs with its owner''s rights' ELSE 'A policy calls it' END,
                  CASE WHEN f.path IS NULL THEN 'is its caller''s' ELSE 'does not have pg_temp last' END),
           format('ALTER ROUTINE %s SET search_path = %s', f.oid::regprocedure,
                  concat_ws(', ', coalesce(nullif(btrim(regexp_replace(f.path, '(^|,) *"?pg_temp"? *(,|$)', '\1')), ''),
                                           quote_ident(f.schema)), 'pg_temp'))
      FROM routine f
     WHERE (f.prosecdef OR f.in_policy)
       -- "" is a path of nothing, under which every name has to be qualified.
       AND coalesce(f.path, '') !~ '(^""|, *"?pg_temp"?|^"?pg_temp"?)$'
    UNION ALL
    SELECT 'leakproof_function', 'WARN', f.oid::regprocedure::text,
           'It is marked LEAKPROOF, so it is given rows before row security has let them through.',
           format('ALTER FUNCTION %s NOT LEAKPROOF', f.oid::regprocedure)
      FROM routine f
     WHERE f.proleakproof
    UNION ALL
    SELECT 'role_may_bypass', 'WARN', m.rolname::text,
           format('It can SET ROLE to "%s", which bypasses row security: without a tenant it then sees all rows.', g.rolname),
           -- From 16 on each grantor's grant is one of its own.
           format('REVOKE %I FROM %I', g.rolname, m.rolname)
           || CASE WHEN current_setting('server_version_num')::integer >= 160000
                   THEN format(' GRANTED BY %I', pg_get_userbyid(a.grantor)) ELSE '' END
      FROM pg_auth_members a
      JOIN pg_roles g ON g.oid = a.roleid AND (g.rolsuper OR g.rolbypassrls)
      JOIN pg_roles m ON m.oid = a.member AND NOT (m.rolsuper OR m.rolbypassrls)
     WHERE a.admin_option OR coalesce((to_jsonb(a) ->> 'set_option')::boolean, true)
    UNION ALL
    SELECT 'foreign_table_exposed', CASE WHEN t.has_tenant THEN 'ERROR' ELSE 'WARN' END, c.oid::regclass::text,
           format('Foreign tables have no row security, and %s may use it: what tenants see is up to the other server.',
                  g.grantees),
           format('REVOKE ALL ON %s FROM %s', c.oid::regclass, g.grantees)
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      CROSS JOIN LATERAL (
          SELECT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
                            AND a.attname = coalesce(tenancy.attached_column(c.oid),
                                                     tenancy.default_tenant_column())) AS has_tenant) t
      CROSS JOIN LATERAL (
          SELECT string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC'
                                     ELSE quote_ident(pg_get_userbyid(a.grantee)) END, ', ') AS grantees
            FROM (SELECT x.grantee FROM aclexplode(c.relacl) x
                   UNION ALL
                  SELECT x.grantee FROM pg_attribute k, aclexplode(k.attacl) x WHERE k.attrelid = c.oid) a
           WHERE a.grantee <> c.relowner) g
     WHERE c.relkind = 'f' AND g.grantees IS NOT NULL
       AND n.nspname NOT IN ('tenancy', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
    UNION ALL
    SELECT 'publication_of_attached_tables', 'INFO', p.pubname::text,
           format('It publishes %s attached tables, with the rows of all tenants.', count(*)),
           format('DROP PUBLICATION %I', p.pubname)
      FROM pg_publication p
      CROSS JOIN LATERAL pg_get_publication_tables(p.pubname::text) k
      JOIN tenancy.attached_tables t ON t.relation = k.relid
     GROUP BY p.pubname
$$;
REVOKE ALL ON FUNCTION tenancy.check_ways() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_ways() IS
'Internal: the part of check() with definer_function_open_to_public, definer_trigger_bypasses, function_search_path_open, leakproof_function, role_may_bypass, foreign_table_exposed, publication_of_attached_tables.';
