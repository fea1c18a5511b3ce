-- What tests/docs/run compares the documents with; the variable kind says which list is wanted.
-- SPDX-License-Identifier: PostgreSQL
SELECT :'kind' = 'function' AS is_function, :'kind' = 'caller' AS is_caller, :'kind' = 'error' AS is_error,
    :'kind' = 'setting' AS is_setting, :'kind' = 'relation' AS is_relation, :'kind' = 'column' AS is_column,
    :'kind' = 'finding' AS is_finding, :'kind' = 'public' AS is_public,
    :'kind' = 'without_comment' AS is_without_comment, :'kind' = 'without_guard' AS is_without_guard,
    :'kind' = 'without_search_path' AS is_without_search_path \gset

-- The functions that users call.
CREATE TEMPORARY VIEW api AS
SELECT p.*, obj_description(p.oid, 'pg_proc') AS comment
FROM pg_proc p
WHERE p.pronamespace = 'tenancy'::regnamespace
  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND coalesce(obj_description(p.oid, 'pg_proc'), '') NOT LIKE 'Internal:%';

\if :is_function
-- Types by their short names, defaults without casts.
SELECT replace('tenancy.' || p.proname || '('
    || coalesce((SELECT string_agg(CASE a.mode WHEN 'v' THEN 'VARIADIC ' ELSE '' END || a.name || ' ' || format_type(a.type, NULL)
                     || coalesce(' DEFAULT ' || regexp_replace(pg_get_function_arg_default(p.oid, a.n::int), '::[a-z ]+(\[\])?$', ''), ''),
                     ', ' ORDER BY a.n)
                 FROM unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes)
                     WITH ORDINALITY AS a(name, type, mode, n)
                 WHERE coalesce(a.mode, 'i') NOT IN ('o', 't')), '')
    || ') → '
    || CASE WHEN p.proargmodes && '{o,t}'::"char"[] THEN (
           SELECT 'TABLE(' || string_agg(a.name || ' ' || format_type(a.type, NULL), ', ' ORDER BY a.n) || ')'
           FROM unnest(p.proargnames, p.proallargtypes, p.proargmodes) WITH ORDINALITY AS a(name, type, mode, n)
           WHERE a.mode IN ('o', 't'))
       ELSE coalesce(pg_get_function_result(p.oid), 'procedure') END, 'timestamp with time zone', 'timestamptz')
FROM api p;
\endif

\if :is_caller
SELECT DISTINCT p.proname, CASE
    WHEN has_function_privilege(:'application', p.oid, 'EXECUTE') THEN 'everybody'
    WHEN has_function_privilege(:'operator', p.oid, 'EXECUTE') THEN 'operators'
    ELSE 'superusers' END
FROM api p;
\endif

\if :is_error
SELECT DISTINCT p.proname, m.code[1]
FROM api p, regexp_matches(p.comment, '\m([0-9][0-9A-Z]{4})\M', 'g') AS m(code)
-- 2147483647 and the like are no SQLSTATEs; a SQLSTATE has five characters.
WHERE m.code[1] !~ '^[0-9]{5}$' OR left(m.code[1], 2) IN ('22', '23', '25', '28', '42', '53', '54', '55');
\endif

\if :is_setting
SELECT name, vartype, CASE WHEN vartype IN ('integer', 'real') THEN format('from %s to %s', min_val, max_val) END,
    boot_val || coalesce(unit, ''), context
FROM pg_settings WHERE name LIKE 'tenancy.%';
\endif

\if :is_relation
SELECT 'tenancy.' || c.relname FROM pg_class c
WHERE c.relnamespace = 'tenancy'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm');
\endif

\if :is_column
SELECT 'tenancy.' || c.relname, a.attname, replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz')
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'tenancy'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
  AND a.attnum > 0 AND NOT a.attisdropped;
\endif

\if :is_finding
-- Each part of check() lists its findings in its comment, and each of them has to be in the part's text.
SELECT trim(f.name)
FROM pg_proc p
CROSS JOIN regexp_split_to_table(
    substring(obj_description(p.oid, 'pg_proc') FROM '^Internal: the part of check\(\) with (.*)\.$'), ',') AS f(name)
WHERE p.pronamespace = 'tenancy'::regnamespace;
\endif

\if :is_public
SELECT 'execute ' || p.oid::regprocedure FROM pg_proc p
WHERE p.pronamespace = 'tenancy'::regnamespace
  AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
UNION ALL
SELECT lower(a.privilege_type) || ' ' || c.oid::regclass
FROM pg_class c, aclexplode(c.relacl) a
WHERE c.relnamespace = 'tenancy'::regnamespace AND a.grantee = 0
UNION ALL
SELECT lower(x.privilege_type) || ' ' || a.attrelid::regclass || '(' || a.attname || ')'
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, aclexplode(a.attacl) x
WHERE c.relnamespace = 'tenancy'::regnamespace AND x.grantee = 0
UNION ALL
SELECT lower(a.privilege_type) || ' schema ' || n.nspname
FROM pg_namespace n, aclexplode(n.nspacl) a
WHERE n.nspname = 'tenancy' AND a.grantee = 0;
\endif

\if :is_without_comment
SELECT pg_describe_object(d.classid, d.objid, 0)
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'tenancy'
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND d.classid IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_namespace'::regclass)
  AND NOT (d.classid = 'pg_class'::regclass
           AND (SELECT c.relkind FROM pg_class c WHERE c.oid = d.objid) NOT IN ('r', 'p', 'v', 'm'))
  AND obj_description(d.objid, d.classid::regclass::text::name) IS NULL
UNION ALL
SELECT 'schema tenancy' WHERE obj_description('tenancy'::regnamespace, 'pg_namespace') IS NULL;
\endif

\if :is_without_search_path
SELECT p.oid::regprocedure
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'tenancy'::regnamespace
  AND (l.lanname IN ('sql', 'plpgsql') OR p.prosecdef)
  AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)
  -- A procedure that commits cannot have one; what reads a schema goes by the caller's, with a bound body.
  AND p.prokind <> 'p'
  AND NOT (p.proname IN ('read_schema_parts', 'read_schema_grants') AND p.prosqlbody IS NOT NULL AND NOT p.prosecdef);
\endif

\if :is_without_guard
-- What everybody may call but nobody is meant to, must not act with the owner's rights.
SELECT p.oid::regprocedure
FROM pg_proc p
WHERE p.pronamespace = 'tenancy'::regnamespace AND obj_description(p.oid, 'pg_proc') LIKE 'Internal:%'
  AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
  -- Unless it asks first whether the caller owns the table, or may become the role (run_as); and SQL and PL/pgSQL act with the
  -- caller's rights.
  AND p.proname <> 'run_as'
  AND (p.prosecdef AND p.prosrc !~ 'tenancy\.(require_adopter|read_adoption)\(relation\)'
                   AND p.prosrc !~ 'tenancy\.require_adopter\(adoption\.relation\)'
       OR p.provolatile = 'v' AND p.prolang NOT IN (SELECT oid FROM pg_language WHERE lanname IN ('sql', 'plpgsql')));
\endif
