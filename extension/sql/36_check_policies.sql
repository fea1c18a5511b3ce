-- check(), continued: policies that the application made itself.
-- SPDX-License-Identifier: PostgreSQL
--
-- On an attached table no policy can widen what the wall lets through, so what is found here is about policies
-- that do not do what their author meant, or about tables that have no wall.

CREATE FUNCTION tenancy.check_policies()
RETURNS TABLE(name text, level text, object text, detail text, remediation text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH policy AS MATERIALIZED (
        SELECT p.oid, p.polname, p.polrelid, p.polpermissive, p.polcmd, p.polroles, e.using_text, e.check_text,
               concat_ws(' ', e.using_text, e.check_text) AS text,
               format('%I ON %s', p.polname, p.polrelid::regclass) AS object,
               format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass) AS drop_it
          FROM pg_policy p
          JOIN pg_class c ON c.oid = p.polrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
          CROSS JOIN LATERAL (SELECT pg_get_expr(p.polqual, p.polrelid) AS using_text,
                                     pg_get_expr(p.polwithcheck, p.polrelid) AS check_text) e
         WHERE p.polname NOT IN ('tenancy_isolation', 'tenancy_access')
           AND n.nspname NOT IN ('tenancy', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'),
    -- Of the same command and the same roles, on tables that tenancy_access does not open to all.
    merged AS (
        SELECT p.polrelid, p.polcmd, array_agg(p.polname ORDER BY p.polname) AS names,
               string_agg(format('(%s)', p.using_text), ' OR ' ORDER BY p.polname) AS using_text,
               string_agg(format('(%s)', coalesce(p.check_text, p.using_text)), ' OR ' ORDER BY p.polname) AS check_text
          FROM policy p
         WHERE p.polpermissive
           AND NOT EXISTS (SELECT FROM pg_policy b WHERE b.polrelid = p.polrelid AND b.polname = 'tenancy_access')
         GROUP BY p.polrelid, p.polcmd, p.polroles HAVING count(*) > 1)
    SELECT 'policies_without_row_security', 'ERROR', p.polrelid::regclass::text,
           'It has policies, but row security is disabled, so they do nothing.',
           format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p.polrelid::regclass)
      FROM (SELECT DISTINCT polrelid FROM policy) p
      JOIN pg_class c ON c.oid = p.polrelid AND NOT c.relrowsecurity
     WHERE tenancy.attached_column(p.polrelid) IS NULL
    UNION ALL
    SELECT 'shared_table_closed', 'WARN', c.oid::regclass::text,
           'It is declared shared, but row security is enabled and no permissive policy admits anybody.',
           format('CREATE POLICY everybody ON %s FOR SELECT USING (true)', c.oid::regclass)
      FROM tenancy.shared_tables s
      JOIN pg_class c ON c.oid = s.relation AND c.relrowsecurity
     WHERE NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive)
    UNION ALL
    SELECT 'restrictive_policy_without_effect', 'WARN', p.object,
           'A restrictive policy narrows, and this one admits every row.', p.drop_it
      FROM policy p
     WHERE NOT p.polpermissive AND coalesce(p.using_text, 'true') = 'true'
       AND coalesce(p.check_text, 'true') = 'true'
    UNION ALL
    SELECT 'policy_admits_nothing', 'WARN', p.object,
           CASE WHEN p.polpermissive THEN 'A permissive policy widens, and this one admits no row.'
                ELSE 'It is restrictive and always false: nobody who is subject to row security gets past it.' END,
           p.drop_it
      FROM policy p
     WHERE coalesce(p.using_text, p.check_text) = 'false'
    UNION ALL
    SELECT 'permissive_policies_overlap', 'INFO', m.polrelid::regclass::text,
           format('Permissive policies add up: %s are one condition in parts, and each of them is asked.',
                  (SELECT string_agg(quote_ident(n), ', ') FROM unnest(m.names) n)),
           format('ALTER POLICY %I ON %s', m.names[1], m.polrelid::regclass)
           || CASE WHEN m.polcmd <> 'a' THEN format(' USING (%s)', m.using_text) ELSE '' END
           || CASE WHEN m.polcmd IN ('a', 'w', '*') THEN format(' WITH CHECK (%s)', m.check_text) ELSE '' END
           || (SELECT string_agg(format('; DROP POLICY %I ON %s', n, m.polrelid::regclass), '')
                 FROM unnest(m.names[2:]) n)
      FROM merged m
    UNION ALL
    SELECT 'policy_setting_required', 'WARN', p.object,
           'It calls current_setting() with one argument, which is an error in every session that has not set it.',
           format('ALTER POLICY %I ON %s', p.polname, p.polrelid::regclass)
           || coalesce(format(' USING (%s)', regexp_replace(p.using_text, s.pattern, '\1, true)', 'g')), '')
           || coalesce(format(' WITH CHECK (%s)', regexp_replace(p.check_text, s.pattern, '\1, true)', 'g')), '')
      FROM policy p
      CROSS JOIN (VALUES ('(current_setting\(''(?:[^'']|'''')*''::text)\)')) AS s(pattern)
     WHERE p.text ~ s.pattern
    UNION ALL
    SELECT 'policy_trusts_setting', 'INFO', p.object,
           'It believes current_setting(), which the session can set to anything: it keeps users of one tenant apart only if no SQL of theirs gets through.',
           p.drop_it
      FROM policy p
     WHERE p.text ~ '\mcurrent_setting\('
    UNION ALL
    SELECT 'policy_reads_role', 'INFO', p.object,
           'It asks for the role, which is the same for everybody where a pool or an application logs in for its users.',
           p.drop_it
      FROM policy p
     WHERE p.text ~ '\m(CURRENT_USER|SESSION_USER|CURRENT_ROLE|"current_user"|"session_user")'
    UNION ALL
    SELECT 'policy_for_bypassing_roles', 'WARN', p.object,
           'All roles it is made for bypass row security, so it is never asked.', p.drop_it
      FROM policy p
     WHERE NOT EXISTS (SELECT FROM unnest(p.polroles) o(oid) LEFT JOIN pg_roles r ON r.oid = o.oid
                        WHERE o.oid = 0 OR NOT (r.rolsuper OR r.rolbypassrls))
    UNION ALL
    SELECT 'policy_reads_open_table', 'WARN', d.refobjid::regclass::text,
           format('%s believes it, but %s may write to it and has no wall to stop at.',
                  string_agg(DISTINCT p.object, ', '), g.grantees),
           format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON %s FROM %s', d.refobjid::regclass, g.grantees)
      FROM policy p
      JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
                      AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> p.polrelid
      JOIN pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p')
      CROSS JOIN LATERAL (
          SELECT string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC'
                                     ELSE quote_ident(pg_get_userbyid(a.grantee)) END, ', ') AS grantees
            FROM aclexplode(c.relacl) a
           WHERE a.grantee <> c.relowner AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')) g
     WHERE g.grantees IS NOT NULL AND tenancy.attached_column(c.oid) IS NULL
     GROUP BY d.refobjid, g.grantees
    UNION ALL
    -- Only functions that are not the server's own are recorded as dependencies.
    SELECT DISTINCT 'policy_calls_volatile_function', 'WARN', f.oid::regprocedure::text,
           'A policy calls it, and because it is volatile it runs for every row, and no index can be used.',
           format('ALTER FUNCTION %s STABLE', f.oid::regprocedure)
      FROM policy p
      JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
                      AND d.refclassid = 'pg_proc'::regclass
      JOIN pg_proc f ON f.oid = d.refobjid AND f.provolatile = 'v'
$$;
REVOKE ALL ON FUNCTION tenancy.check_policies() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_policies() IS
'Internal: the part of check() with policies_without_row_security, shared_table_closed, restrictive_policy_without_effect, policy_admits_nothing, permissive_policies_overlap, policy_setting_required, policy_trusts_setting, policy_reads_role, policy_for_bypassing_roles, policy_reads_open_table, policy_calls_volatile_function.';
