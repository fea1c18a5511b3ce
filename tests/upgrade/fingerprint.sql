-- Everything the extension consists of, one fact a line, so that two installations can be compared by diff.
-- SPDX-License-Identifier: PostgreSQL
-- Written by name throughout: OIDs and the order of creation differ between an install and an update. Columns have
-- their number, too, because the library reads some by it.
\pset format unaligned
\pset tuples_only on
SET search_path = pg_catalog, pg_temp;

CREATE TEMPORARY VIEW member AS
SELECT d.classid, d.objid
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'tenancy';

-- Also what is in the schema without being a member: an update that forgets to run inside ALTER EXTENSION leaves it.
CREATE TEMPORARY VIEW relation AS
SELECT c.* FROM pg_class c WHERE c.relnamespace = 'tenancy'::regnamespace;

CREATE FUNCTION pg_temp.privileges(acl aclitem[], owner oid) RETURNS text LANGUAGE sql
RETURN (SELECT string_agg(format('%s=%s%s', CASE a.grantee WHEN owner THEN 'owner' WHEN 0 THEN 'PUBLIC'
                                                ELSE a.grantee::regrole::text END,
                              a.privilege_type, CASE WHEN a.is_grantable THEN '*' ELSE '' END), ' '
                          ORDER BY (a.grantee <> owner), a.grantee = 0, a.grantee::regrole::text, a.privilege_type)
        FROM aclexplode(acl) a);

WITH fact(line) AS (
    SELECT format('extension: schema %s, relocatable %s', extnamespace::regnamespace, extrelocatable)
    FROM pg_extension WHERE extname = 'tenancy'
    UNION ALL
    SELECT format('member: %s', pg_describe_object(classid, objid, 0)) FROM member
    UNION ALL
    SELECT format('not a member: %s', pg_describe_object('pg_class'::regclass, c.oid, 0))
    FROM relation c
    WHERE c.relkind NOT IN ('i', 'I', 't')
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
      -- The sequence of an identity column belongs to the table.
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
    UNION ALL
    SELECT format('not a member: %s', p.oid::regprocedure)
    FROM pg_proc p
    WHERE p.pronamespace = 'tenancy'::regnamespace
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
    UNION ALL
    SELECT format('dumped: %s %s', c.oid::regclass, coalesce(nullif(x.condition, ''), 'all rows'))
    FROM pg_extension e CROSS JOIN unnest(e.extconfig, e.extcondition) AS x(oid, condition)
    JOIN pg_class c ON c.oid = x.oid
    WHERE e.extname = 'tenancy'
    UNION ALL
    SELECT format('schema privileges: %s', pg_temp.privileges(n.nspacl, n.nspowner))
    FROM pg_namespace n WHERE n.nspname = 'tenancy'
    UNION ALL
    SELECT format('initial privileges: %s %s', pg_describe_object(i.classoid, i.objoid, i.objsubid),
                  pg_temp.privileges(i.initprivs, (SELECT extowner FROM pg_extension WHERE extname = 'tenancy')))
    FROM pg_init_privs i
    WHERE (i.classoid, i.objoid) IN (SELECT classid, objid FROM member)
    UNION ALL
    -- pg_get_functiondef() has everything but owner and privileges.
    SELECT format('function: %s', regexp_replace(pg_get_functiondef(p.oid), '\s*\n', E'\n    ', 'g'))
    FROM pg_proc p WHERE p.pronamespace = 'tenancy'::regnamespace AND p.prokind IN ('f', 'p')
    UNION ALL
    SELECT format('function privileges: %s %s', p.oid::regprocedure,
                  pg_temp.privileges(coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner))
    FROM pg_proc p WHERE p.pronamespace = 'tenancy'::regnamespace
    UNION ALL
    SELECT format('relation: %s kind %s persistence %s row security %s forced %s options %s', c.oid::regclass, c.relkind,
                  c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, coalesce(c.reloptions::text, 'none'))
    FROM relation c WHERE c.relkind NOT IN ('t')
    UNION ALL
    SELECT format('relation privileges: %s %s', c.oid::regclass, pg_temp.privileges(c.relacl, c.relowner))
    FROM relation c WHERE c.relacl IS NOT NULL
    UNION ALL
    SELECT format('column: %s %s %s %s collation %s default %s identity %s generated %s', c.oid::regclass,
                  a.attnum, a.attname,
                  format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
                  coalesce(a.attcollation::regcollation::text, 'none'), coalesce(pg_get_expr(d.adbin, d.adrelid), 'none'),
                  coalesce(nullif(a.attidentity, ''), '-'), coalesce(nullif(a.attgenerated, ''), '-'))
    FROM relation c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relkind NOT IN ('i', 'I', 't', 'S')
    UNION ALL
    SELECT format('column privileges: %s.%s %s', c.oid::regclass, a.attname, pg_temp.privileges(a.attacl, c.relowner))
    FROM relation c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT format('constraint: %s %s %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
    FROM pg_constraint k JOIN relation c ON c.oid = k.conrelid
    UNION ALL
    SELECT format('index: %s', pg_get_indexdef(c.oid)) FROM relation c WHERE c.relkind IN ('i', 'I')
    UNION ALL
    SELECT format('trigger: %s enabled %s', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM pg_trigger t JOIN relation c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT format('view: %s %s', c.oid::regclass, pg_get_viewdef(c.oid)) FROM relation c WHERE c.relkind IN ('v', 'm')
    UNION ALL
    SELECT format('sequence: %s', to_jsonb(s) - 'last_value') FROM pg_sequences s WHERE s.schemaname = 'tenancy'
    UNION ALL
    SELECT format('event trigger: %s on %s when %s run %s enabled %s', t.evtname, t.evtevent,
                  coalesce(t.evttags::text, 'ever'), t.evtfoid::regprocedure, t.evtenabled)
    FROM pg_event_trigger t
    WHERE EXISTS (SELECT FROM member m WHERE m.classid = 'pg_event_trigger'::regclass AND m.objid = t.oid)
    UNION ALL
    SELECT format('comment: %s %s', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description)
    FROM pg_description d
    WHERE (d.classoid, d.objoid) IN (SELECT classid, objid FROM member)
       OR d.classoid = 'pg_namespace'::regclass AND d.objoid = 'tenancy'::regnamespace
    UNION ALL
    SELECT format('owner: %s', string_agg(DISTINCT o.owner::regrole::text, ', '))
    FROM (SELECT relowner FROM relation UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace = 'tenancy'::regnamespace) o(owner)
)
SELECT line FROM fact ORDER BY line COLLATE "C";
