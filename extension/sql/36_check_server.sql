-- check(), continued: known faults of the server's version that concern row security.
-- SPDX-License-Identifier: PostgreSQL

-- The one list: append a row, and the release of each major version that repaired it.
CREATE FUNCTION tenancy.server_vulnerabilities(server_version integer)
RETURNS TABLE(cve text, level text, fixed_in text, detail text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT v.cve, v.level, CASE WHEN f.version IS NOT NULL
                                THEN format('%s.%s', f.version / 10000, f.version % 10000) END, v.detail
      FROM (VALUES
            ('CVE-2026-120154', 'ERROR', '{180007,170012,160016,150020}'::integer[],
             'INSERT ... ON CONFLICT DO UPDATE, repeated, reads every row despite row security.'),
            ('CVE-2026-16237', 'INFO', NULL,
             'INSERT ... ON CONFLICT may write rows that a view does not show. Which releases repair it is not known here.'),
            ('CVE-2025-8713', 'WARN', '{170006,160010,150014}',
             'Statistics of the planner show values of rows that row security hides, in partitions and children.'),
            ('MERGE into a parent', 'ERROR', '{170006,160010,150014}',
             'MERGE inserts rows of any tenant into a table that others inherit from: policies are not asked. The repair (commit b006bcd53 of PostgreSQL) has no CVE.'),
            ('CVE-2024-10976', 'ERROR', '{170001,160005,150009}',
             'A plan that is used again after a change of role may have the other role''s row security.'),
            ('CVE-2024-10978', 'WARN', '{170001,160005,150009}',
             'SET ROLE and SET SESSION AUTHORIZATION may be reset to another role than the one before.'),
            ('CVE-2024-4317', 'WARN', '{160003,150007}',
             'pg_stats_ext and pg_stats_ext_exprs show statistics of rows that row security hides. The view is repaired by hand in clusters that are there: see the release notes.'),
            ('CVE-2023-39418', 'ERROR', '{150004}',
             'MERGE does not ask the policies for UPDATE and SELECT about all rows.'),
            ('CVE-2023-2455', 'ERROR', '{150003}',
             'Policies may be asked for another role than the present one after a function was inlined.')
           ) AS v(cve, level, fixed, detail)
      LEFT JOIN LATERAL (SELECT x.version FROM unnest(v.fixed) x(version)
                          WHERE x.version / 10000 = server_version / 10000) f ON true
     WHERE v.fixed IS NULL OR server_version < f.version
$$;
REVOKE ALL ON FUNCTION tenancy.server_vulnerabilities(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.server_vulnerabilities(integer) IS
'Known vulnerabilities about row security that a server of a version (as in server_version_num) has: level as in check(), the release that repairs it, and what it means. A row without fixed_in: whether the version has it is not known. Majors before 15 are not in the list; no rows for them says nothing.';

CREATE FUNCTION tenancy.check_server_version(server_version integer)
RETURNS TABLE(name text, level text, object text, detail text, remediation text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT 'server_vulnerable', v.level, v.cve, v.detail,
           format('-- install PostgreSQL %s or later, and restart the server', v.fixed_in)
      FROM tenancy.server_vulnerabilities(server_version) v
     WHERE v.fixed_in IS NOT NULL
$$;
REVOKE ALL ON FUNCTION tenancy.check_server_version(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_server_version(integer) IS
'Internal: the part of check() with server_vulnerable.';
