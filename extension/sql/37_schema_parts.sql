-- What a schema is made of, as statements that name it nowhere: the same list makes a copy and finds a drift.
-- SPDX-License-Identifier: PostgreSQL

-- The server's pg_get_...() functions leave a schema's name out where search_path finds the object
-- without it, and regclass constants and function calls with it. So one and the same statement, made with
-- the template in the path and run with another schema there, means that schema's own objects.
--
-- For that the caller sets search_path to the schema alone. This function has none of its own,
-- unlike all others, and needs none: a body in BEGIN ATOMIC is bound to what it calls when it is made.
CREATE FUNCTION tenancy.read_schema_parts(schema oid)
RETURNS TABLE(phase integer, rank integer, kind text, object text, owner oid, definition text, statement text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH RECURSIVE relation AS (
        SELECT c.*, quote_ident(c.relname) AS name
          -- By the dependency on the schema, which has an index; pg_class has none for it.
          FROM pg_depend n
          JOIN pg_class c ON c.oid = n.objid
         WHERE n.refclassid = 'pg_namespace'::regclass AND n.refobjid = read_schema_parts.schema
           AND n.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'v', 'S')
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                              AND d.deptype = 'i' AND c.relkind = 'S')),
    -- Views, and functions whose body or signature names relations or each other, in the order of what they need.
    late AS (
        SELECT 'pg_class'::regclass::oid AS class, r.oid FROM relation r WHERE r.relkind = 'v'
        UNION ALL
        SELECT 'pg_proc'::regclass, p.oid FROM pg_proc p
         WHERE p.pronamespace = read_schema_parts.schema
           AND (p.prosqlbody IS NOT NULL
                OR EXISTS (SELECT FROM pg_depend d JOIN pg_type t ON t.oid = d.refobjid
                            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                              AND d.refclassid = 'pg_type'::regclass
                              AND t.typnamespace = read_schema_parts.schema))),
    needs AS (
        SELECT u.oid, coalesce(t.typrelid, u.refobjid) AS needed
          FROM (SELECT l.oid, d.refclassid, d.refobjid
                  FROM late l JOIN pg_depend d ON d.classid = l.class AND d.objid = l.oid
                UNION ALL
                SELECT l.oid, d.refclassid, d.refobjid
                  FROM late l
                  JOIN pg_rewrite w ON w.ev_class = l.oid
                  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid) u
          LEFT JOIN pg_type t ON u.refclassid = 'pg_type'::regclass AND t.oid = u.refobjid
         WHERE coalesce(t.typrelid, u.refobjid) <> u.oid),
    level AS (
        SELECT l.oid, 0 AS depth FROM late l
        UNION
        SELECT n.oid, v.depth + 1
          FROM level v JOIN needs n ON n.needed = v.oid
         WHERE v.depth < 100),
    depth AS (SELECT v.oid, max(v.depth) AS rank FROM level v GROUP BY v.oid),
    columns AS (
        SELECT r.oid, r.name, r.relkind, r.relowner, a.attnum, a.attname,
               quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
               || CASE WHEN a.attcollation <> t.typcollation
                       THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END
               || CASE WHEN a.attgenerated <> ''
                       THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ')'
                            || CASE a.attgenerated WHEN 's' THEN ' STORED' ELSE '' END
                       WHEN d.adbin IS NOT NULL
                       THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END
               || CASE WHEN a.attidentity <> '' AND NOT r.relispartition
                       THEN format(' GENERATED %s AS IDENTITY (SEQUENCE NAME %I%s)',
                                   CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END,
                                   s.relname, v.parameters)
                       ELSE '' END
               -- From 18 on NOT NULL is a constraint with a name.
               || CASE WHEN a.attnotnull AND NOT EXISTS (
                                SELECT FROM pg_constraint k
                                 WHERE k.conrelid = r.oid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum])
                       THEN ' NOT NULL' ELSE '' END AS definition
          FROM relation r
          JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
          JOIN pg_type t ON t.oid = a.atttypid
          LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
          LEFT JOIN pg_depend i ON a.attidentity <> '' AND i.refclassid = 'pg_class'::regclass
                               AND i.refobjid = r.oid AND i.refobjsubid = a.attnum AND i.deptype = 'i'
                               AND i.classid = 'pg_class'::regclass
          LEFT JOIN pg_class s ON s.oid = i.objid
          LEFT JOIN pg_sequence q ON q.seqrelid = s.oid
          CROSS JOIN LATERAL (SELECT format(' INCREMENT %s MINVALUE %s MAXVALUE %s START %s CACHE %s%s',
              q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache,
              CASE WHEN q.seqcycle THEN ' CYCLE' ELSE '' END)) v(parameters)
         WHERE r.relkind IN ('r', 'p')),
    options AS (
        SELECT r.oid, string_agg(o.prefix || quote_ident(o.option_name) || ' = ' || quote_literal(o.option_value),
                                 ', ' ORDER BY o.prefix, o.option_name COLLATE "C") AS list
          FROM relation r
          LEFT JOIN pg_class t ON t.oid = r.reltoastrelid
          CROSS JOIN LATERAL (
              SELECT '' AS prefix, x.option_name, x.option_value FROM pg_options_to_table(r.reloptions) x
              UNION ALL
              SELECT 'toast.', x.option_name, x.option_value FROM pg_options_to_table(t.reloptions) x) o
         GROUP BY r.oid)
    -- 10: sequences that belong to no identity column
    SELECT 10, 0, 'sequence', r.name, r.relowner, v.statement, v.statement
      FROM relation r
      JOIN pg_sequence q ON q.seqrelid = r.oid
      CROSS JOIN LATERAL (SELECT format('CREATE %sSEQUENCE %s AS %s INCREMENT %s MINVALUE %s MAXVALUE %s START %s CACHE %s%s',
          CASE r.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, r.name, q.seqtypid::regtype,
          q.seqincrement, q.seqmin, q.seqmax, q.seqstart, q.seqcache,
          CASE WHEN q.seqcycle THEN ' CYCLE' ELSE '' END)) v(statement)
    UNION ALL
    -- 20 and 75: functions; the definition starts with the name, which is replaced by the bare one
    SELECT CASE WHEN l.oid IS NULL THEN 20 ELSE 75 END, coalesce(h.rank, 0), 'function',
           p.oid::regprocedure::text, p.proowner, v.statement, v.statement
      FROM pg_proc p
      LEFT JOIN late l ON l.oid = p.oid
      LEFT JOIN depth h ON h.oid = l.oid
      CROSS JOIN LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END) k(word)
      CROSS JOIN LATERAL (SELECT 'CREATE ' || k.word || quote_ident(p.proname)
          || substr(pg_get_functiondef(p.oid),
                    length('CREATE OR REPLACE ' || k.word || quote_ident(p.pronamespace::regnamespace::name)
                           || '.' || quote_ident(p.proname)) + 1)) v(statement)
     WHERE p.pronamespace = read_schema_parts.schema AND p.prokind IN ('f', 'p', 'w')
    UNION ALL
    -- 30: tables; columns, and constraints NOT NULL, are within their statement and parts of their own
    SELECT 30, 0, 'table', r.name, r.relowner, v.head || v.tail,
           v.head || ' (' || concat_ws(', ',
               (SELECT string_agg(c.definition, ', ' ORDER BY c.attnum) FROM columns c WHERE c.oid = r.oid),
               (SELECT string_agg(format('CONSTRAINT %I %s', k.conname,
                                         replace(pg_get_constraintdef(k.oid), ' NOT VALID', '')), ', ' ORDER BY k.conname)
                  FROM pg_constraint k WHERE k.conrelid = r.oid AND k.contype = 'n')) || ')' || v.tail
      FROM relation r
      LEFT JOIN options o ON o.oid = r.oid
      LEFT JOIN pg_am m ON m.oid = r.relam
      LEFT JOIN pg_tablespace s ON s.oid = r.reltablespace
      CROSS JOIN LATERAL (SELECT
          CASE r.relpersistence WHEN 'u' THEN 'CREATE UNLOGGED TABLE ' ELSE 'CREATE TABLE ' END || r.name,
          coalesce(' PARTITION BY ' || pg_get_partkeydef(r.oid), '')
          || coalesce(' USING ' || quote_ident(m.amname), '')
          || coalesce(' WITH (' || o.list || ')', '')
          || coalesce(' TABLESPACE ' || quote_ident(s.spcname), '')) v(head, tail)
     WHERE r.relkind IN ('r', 'p')
    UNION ALL
    SELECT NULL, c.attnum, 'column', c.name || '.' || quote_ident(c.attname), c.relowner, c.definition,
           format('ALTER TABLE %s ADD COLUMN %s', c.name, c.definition)
      FROM columns c
    UNION ALL
    SELECT 32, 0, 'column storage', r.name || '.' || quote_ident(a.attname), r.relowner, w.statement, w.statement
      FROM relation r
      JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
      CROSS JOIN LATERAL (SELECT concat_ws(', ',
          CASE WHEN a.attstorage <> t.typstorage THEN format('ALTER COLUMN %I SET STORAGE %s', a.attname,
              CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END) END,
          CASE WHEN a.attcompression <> '' THEN format('ALTER COLUMN %I SET COMPRESSION %s', a.attname,
              CASE a.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END) END,
          CASE WHEN a.attstattarget >= 0 THEN format('ALTER COLUMN %I SET STATISTICS %s', a.attname, a.attstattarget) END,
          (SELECT format('ALTER COLUMN %I SET (%s)', a.attname,
                         string_agg(quote_ident(x.option_name) || ' = ' || quote_literal(x.option_value), ', '
                                    ORDER BY x.option_name COLLATE "C"))
             FROM pg_options_to_table(a.attoptions) x
            -- Those that users set; a server may keep others for itself.
            WHERE x.option_name IN ('n_distinct', 'n_distinct_inherited') HAVING count(*) > 0)) AS actions) v
      CROSS JOIN LATERAL (SELECT format('ALTER TABLE ONLY %s %s', r.name, v.actions)) w(statement)
     WHERE r.relkind IN ('r', 'p') AND v.actions <> ''
    UNION ALL
    -- 35: checks, before partitions need them; 50: keys; 65: foreign keys, when all keys are there
    SELECT CASE WHEN k.contype = 'c' THEN 35 WHEN k.contype = 'n' THEN NULL WHEN k.contype = 'f' THEN 65 ELSE 50 END,
           0, 'constraint', format('%I ON %s', k.conname, r.name), r.relowner, pg_get_constraintdef(k.oid),
           format('ALTER TABLE %s%s ADD CONSTRAINT %I %s',
                  CASE WHEN k.contype = 'f' THEN '' ELSE 'ONLY ' END, r.name, k.conname, pg_get_constraintdef(k.oid))
      FROM relation r
      JOIN pg_constraint k ON k.conrelid = r.oid
     WHERE k.contype IN ('c', 'n', 'p', 'u', 'x') OR k.contype = 'f' AND k.conparentid = 0
    UNION ALL
    -- 40: partitions
    SELECT 40, 0, 'partition', r.name, r.relowner, v.statement, v.statement
      FROM relation r
      JOIN pg_inherits i ON i.inhrelid = r.oid
      CROSS JOIN LATERAL (SELECT format('ALTER TABLE ONLY %s ATTACH PARTITION %s %s', i.inhparent::regclass, r.name,
                                        pg_get_expr(r.relpartbound, r.oid))) v(statement)
     WHERE r.relispartition
    UNION ALL
    SELECT 45, 0, 'sequence owner', r.name, r.relowner, v.statement, v.statement
      FROM relation r
      JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.deptype = 'a'
                      AND d.refclassid = 'pg_class'::regclass
      JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
      CROSS JOIN LATERAL (SELECT format('ALTER SEQUENCE %s OWNED BY %s.%I', r.name, a.attrelid::regclass, a.attname)) v(statement)
     WHERE r.relkind = 'S'
    UNION ALL
    SELECT 50, 0, 'index', quote_ident(x.relname), r.relowner, v.statement, v.statement
      FROM relation r
      JOIN pg_index i ON i.indrelid = r.oid
      JOIN pg_class x ON x.oid = i.indexrelid
      CROSS JOIN LATERAL (SELECT pg_get_indexdef(i.indexrelid, 0, true)) v(statement)
     WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 60, 0, 'index partition', quote_ident(x.relname), r.relowner, v.statement, v.statement
      FROM relation r
      JOIN pg_index i ON i.indrelid = r.oid
      JOIN pg_class x ON x.oid = i.indexrelid
      JOIN pg_inherits h ON h.inhrelid = i.indexrelid
      CROSS JOIN LATERAL (SELECT format('ALTER INDEX %s ATTACH PARTITION %I', h.inhparent::regclass, x.relname)) v(statement)
    UNION ALL
    SELECT 70, 0, 'index use', quote_ident(x.relname), r.relowner, v.statement, v.statement
      FROM relation r
      JOIN pg_index i ON i.indrelid = r.oid
      JOIN pg_class x ON x.oid = i.indexrelid
      CROSS JOIN LATERAL (SELECT concat_ws('; ',
          CASE WHEN i.indisclustered THEN format('ALTER TABLE %s CLUSTER ON %I', r.name, x.relname) END,
          CASE WHEN i.indisreplident THEN format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', r.name, x.relname) END)) v(statement)
     WHERE i.indisclustered OR i.indisreplident
    UNION ALL
    SELECT 70, 0, 'replica identity', r.name, r.relowner, v.statement, v.statement
      FROM relation r
      CROSS JOIN LATERAL (SELECT format('ALTER TABLE %s REPLICA IDENTITY %s', r.name,
                                        CASE r.relreplident WHEN 'f' THEN 'FULL' ELSE 'NOTHING' END)) v(statement)
     WHERE r.relkind IN ('r', 'p') AND r.relreplident IN ('f', 'n')
    UNION ALL
    SELECT 70, 0, 'statistics', quote_ident(s.stxname), s.stxowner, v.statement, v.statement
      FROM pg_statistic_ext s
      CROSS JOIN LATERAL (SELECT 'CREATE STATISTICS ' || quote_ident(s.stxname)
          || substr(pg_get_statisticsobjdef(s.oid),
                    length('CREATE STATISTICS ' || quote_ident(s.stxnamespace::regnamespace::name) || '.'
                           || quote_ident(s.stxname)) + 1)) v(statement)
     WHERE s.stxnamespace = read_schema_parts.schema
    UNION ALL
    SELECT 75, h.rank, 'view', r.name, r.relowner, v.statement, v.statement
      FROM relation r
      JOIN depth h ON h.oid = r.oid
      LEFT JOIN options o ON o.oid = r.oid
      CROSS JOIN LATERAL (SELECT format('CREATE VIEW %s%s AS %s', r.name, ' WITH (' || o.list || ')',
                                        rtrim(pg_get_viewdef(r.oid), ';'))) v(statement)
     WHERE r.relkind = 'v'
    UNION ALL
    SELECT 80, 0, 'rule', format('%I ON %s', w.rulename, r.name), r.relowner, v.statement, v.statement
      FROM relation r
      JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'
      CROSS JOIN LATERAL (SELECT rtrim(pg_get_ruledef(w.oid, true), ';')
          || CASE w.ev_enabled WHEN 'O' THEN ''
                  ELSE format('; ALTER TABLE %s %s RULE %I', r.name, CASE w.ev_enabled WHEN 'D' THEN 'DISABLE'
                       WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, w.rulename) END) v(statement)
    UNION ALL
    SELECT 85, 0, 'trigger', format('%I ON %s', g.tgname, r.name), r.relowner, v.statement, v.statement
      FROM relation r
      JOIN pg_trigger g ON g.tgrelid = r.oid AND NOT g.tgisinternal AND g.tgparentid = 0
      CROSS JOIN LATERAL (SELECT pg_get_triggerdef(g.oid, true)
          || CASE g.tgenabled WHEN 'O' THEN ''
                  ELSE format('; ALTER TABLE %s %s TRIGGER %I', r.name, CASE g.tgenabled WHEN 'D' THEN 'DISABLE'
                       WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, g.tgname) END) v(statement)
    UNION ALL
    SELECT 90, 0, 'policy', format('%I ON %s', p.polname, r.name), r.relowner, v.statement, v.statement
      FROM relation r
      JOIN pg_policy p ON p.polrelid = r.oid
      CROSS JOIN LATERAL (SELECT format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, r.name,
              CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
              CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END,
              (SELECT string_agg(CASE g.role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.role)) END, ', '
                                 ORDER BY pg_get_userbyid(g.role)) FROM unnest(p.polroles) AS g(role)))
          || coalesce(' USING (' || pg_get_expr(p.polqual, r.oid) || ')', '')
          || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, r.oid) || ')', '')) v(statement)
    UNION ALL
    SELECT 92, 0, 'row security', r.name, r.relowner, v.statement, v.statement
      FROM relation r
      CROSS JOIN LATERAL (SELECT format('ALTER TABLE ONLY %s %s', r.name, concat_ws(', ',
          CASE WHEN r.relrowsecurity THEN 'ENABLE ROW LEVEL SECURITY' END,
          CASE WHEN r.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END))) v(statement)
     WHERE r.relrowsecurity OR r.relforcerowsecurity
    UNION ALL
    -- 95: comments
    SELECT 95, 0, 'comment', n.object, n.owner, d.description, format('COMMENT ON %s IS %L', n.object, d.description)
      FROM (SELECT 'pg_class'::regclass AS class, r.oid, 0 AS sub, r.relowner AS owner,
                   CASE r.relkind WHEN 'v' THEN 'VIEW ' WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || r.name AS object
              FROM relation r
            UNION ALL
            SELECT 'pg_class', a.attrelid, a.attnum, r.relowner, format('COLUMN %s.%I', r.name, a.attname)
              FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0
            UNION ALL
            SELECT 'pg_class', i.indexrelid, 0, r.relowner, format('INDEX %I', x.relname)
              FROM relation r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class x ON x.oid = i.indexrelid
            UNION ALL
            SELECT 'pg_constraint', k.oid, 0, r.relowner, format('CONSTRAINT %I ON %s', k.conname, r.name)
              FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid
            UNION ALL
            SELECT 'pg_trigger', g.oid, 0, r.relowner, format('TRIGGER %I ON %s', g.tgname, r.name)
              FROM relation r JOIN pg_trigger g ON g.tgrelid = r.oid
            UNION ALL
            SELECT 'pg_policy', p.oid, 0, r.relowner, format('POLICY %I ON %s', p.polname, r.name)
              FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
            UNION ALL
            SELECT 'pg_proc', p.oid, 0, p.proowner, 'ROUTINE ' || p.oid::regprocedure
              FROM pg_proc p WHERE p.pronamespace = read_schema_parts.schema
            UNION ALL
            SELECT 'pg_statistic_ext', s.oid, 0, s.stxowner, format('STATISTICS %I', s.stxname)
              FROM pg_statistic_ext s WHERE s.stxnamespace = read_schema_parts.schema) n
      JOIN pg_description d ON d.classoid = n.class AND d.objoid = n.oid AND d.objsubid = n.sub
    UNION ALL
    SELECT NULL, 0, 'default privileges', x.object, x.defaclrole, string_agg(x.line, '; ' ORDER BY x.line COLLATE "C"), ''
      FROM (SELECT f.word || ' of ' || quote_ident(pg_get_userbyid(d.defaclrole)) AS object, d.defaclrole,
                   format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA SCHEMA GRANT %s ON %s TO %s%s',
                          pg_get_userbyid(d.defaclrole), string_agg(e.privilege_type, ', ' ORDER BY e.privilege_type), f.word,
                          CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                          CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS line
              FROM pg_default_acl d
              JOIN (VALUES ('r'::"char", 'TABLES'), ('S', 'SEQUENCES'), ('f', 'ROUTINES'), ('T', 'TYPES')) AS f(type, word)
                ON f.type = d.defaclobjtype
             CROSS JOIN LATERAL aclexplode(d.defaclacl) e
             WHERE d.defaclnamespace = read_schema_parts.schema
             GROUP BY f.word, d.defaclrole, e.grantee, e.is_grantable) x
     GROUP BY x.object, x.defaclrole;
END;
REVOKE ALL ON FUNCTION tenancy.read_schema_parts(oid) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.read_schema_parts(oid) IS
'Internal: the parts of a schema, as search_path makes the server write them; for schema_parts().';

-- Grants are set when all is there, so they are not in the order. The statement takes away what there is.
CREATE FUNCTION tenancy.read_schema_grants(schema oid)
RETURNS TABLE(kind text, object text, owner oid, definition text, statement text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH relation AS (
        SELECT c.*, quote_ident(c.relname) AS name
          FROM pg_depend n
          JOIN pg_class c ON c.oid = n.objid
         WHERE n.refclassid = 'pg_namespace'::regclass AND n.refobjid = read_schema_grants.schema
           AND n.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'v', 'S'))
    SELECT 'grants', n.object, n.owner,
           coalesce(string_agg(g.line, '; ' ORDER BY g.line COLLATE "C"), ''),
           'REVOKE ALL ON ' || n.object || ' FROM ' || string_agg(DISTINCT g.grantee, ', ')
      FROM (SELECT CASE r.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || r.name AS object, r.relowner AS owner,
                   '' AS columns, coalesce(r.relacl, acldefault(CASE r.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, r.relowner)) AS acl
              FROM relation r
            UNION ALL
            SELECT 'TABLE ' || r.name, r.relowner, format(' (%I)', a.attname), a.attacl
              FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND NOT a.attisdropped AND a.attacl IS NOT NULL
            UNION ALL
            SELECT 'ROUTINE ' || p.oid::regprocedure, p.proowner, '', coalesce(p.proacl, acldefault('f', p.proowner))
              FROM pg_proc p WHERE p.pronamespace = read_schema_grants.schema
            UNION ALL
            SELECT 'SCHEMA', s.nspowner, '', coalesce(s.nspacl, acldefault('n', s.nspowner))
              FROM pg_namespace s WHERE s.oid = read_schema_grants.schema) n
      LEFT JOIN LATERAL (
          SELECT w.grantee,
                 format('GRANT %s ON %s TO %s%s',
                        string_agg(e.privilege_type || n.columns, ', ' ORDER BY e.privilege_type), n.object, w.grantee,
                        CASE WHEN e.is_grantable AND e.grantee <> n.owner THEN ' WITH GRANT OPTION' ELSE '' END) AS line
            FROM aclexplode(n.acl) e
           CROSS JOIN LATERAL (SELECT CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END) w(grantee)
           GROUP BY w.grantee, e.grantee, e.is_grantable) g ON true
     GROUP BY n.object, n.owner;
END;
REVOKE ALL ON FUNCTION tenancy.read_schema_grants(oid) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.read_schema_grants(oid) IS
'Internal: the grants in a schema, as search_path makes the server write them; for schema_parts().';

CREATE FUNCTION tenancy.schema_parts(schema text)
RETURNS TABLE(phase integer, rank integer, kind text, object text, owner oid, definition text, statement text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found oid := to_regnamespace(quote_ident(schema));
BEGIN
    -- Only bound bodies and names in full from here on: somebody else's objects are in the path.
    PERFORM set_config('search_path', quote_ident(schema) || ', pg_temp', true);
    RETURN QUERY SELECT p.phase, p.rank, p.kind, p.object, p.owner, p.definition, p.statement
        FROM tenancy.read_schema_parts(found) p;
    RETURN QUERY SELECT NULL::pg_catalog.int4, 0, p.kind, p.object, p.owner, p.definition, p.statement
        FROM tenancy.read_schema_grants(found) p;
END
$$;
REVOKE ALL ON FUNCTION tenancy.schema_parts(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.schema_parts(text) IS
'Internal: what a schema is made of: kind and name of each part, what it is (definition) and the statement that makes it where search_path says. phase and rank order the statements of a copy; parts without a phase come with others, or are set at the end.';

CREATE FUNCTION tenancy.schema_grants(schema text)
RETURNS TABLE(kind text, object text, owner oid, definition text, statement text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found oid := to_regnamespace(quote_ident(schema));
BEGIN
    PERFORM set_config('search_path', quote_ident(schema) || ', pg_temp', true);
    RETURN QUERY SELECT p.kind, p.object, p.owner, p.definition, p.statement FROM tenancy.read_schema_grants(found) p;
END
$$;
REVOKE ALL ON FUNCTION tenancy.schema_grants(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.schema_grants(text) IS
'Internal: the part of schema_parts() with grants; the statement takes away those there are.';
