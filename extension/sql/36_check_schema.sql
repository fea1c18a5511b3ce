-- check(), continued: keys of attached tables and views over them.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.check_keys()
RETURNS TABLE(name text, level text, object text, detail text, remediation text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    -- The server checks foreign keys, and cascades, without row security.
    SELECT 'foreign_key_without_tenant', 'WARN', format('%I ON %s', k.conname, s.relation),
           format('It does not include the tenant column, so a row can refer to another tenant''s row in %s, and an action there reaches it.',
                  d.relation),
           CASE WHEN EXISTS (
                    SELECT FROM pg_index i
                     WHERE i.indrelid = k.confrelid AND i.indisunique AND i.indisvalid
                       AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
                       AND i.indnkeyatts = cardinality(k.confkey) + 1
                       AND i.indkey::int2[] @> (k.confkey || dc.attnum))
                THEN ''
                -- A name of its own making, so that several foreign keys make one index.
                ELSE format('CREATE UNIQUE INDEX IF NOT EXISTS %I ON %s (%I, %s); ',
                            left(concat_ws('_', dr.relname, d.tenant_column, cols.key), 59) || '_key',
                            d.relation, d.tenant_column, cols.referenced) END
           || format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I FOREIGN KEY (%I, %s) REFERENCES %s (%I, %s)',
                     s.relation, k.conname, s.tenant_column, cols.referencing, d.relation,
                     d.tenant_column, cols.referenced)
           || CASE k.confupdtype WHEN 'c' THEN ' ON UPDATE CASCADE'
                                 WHEN 'r' THEN ' ON UPDATE RESTRICT' ELSE '' END
           -- The tenant stays when the reference goes.
           || CASE k.confdeltype WHEN 'c' THEN ' ON DELETE CASCADE'
                                 WHEN 'r' THEN ' ON DELETE RESTRICT'
                                 WHEN 'n' THEN format(' ON DELETE SET NULL (%s)', cols.emptied)
                                 WHEN 'd' THEN format(' ON DELETE SET DEFAULT (%s)', cols.emptied)
                                 ELSE '' END
           || CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END
           || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END
      FROM pg_constraint k
      JOIN tenancy.attached_tables s ON s.relation = k.conrelid
      JOIN tenancy.attached_tables d ON d.relation = k.confrelid
      JOIN pg_class dr ON dr.oid = k.confrelid
      JOIN pg_attribute sc ON sc.attrelid = k.conrelid AND sc.attname = s.tenant_column
      JOIN pg_attribute dc ON dc.attrelid = k.confrelid AND dc.attname = d.tenant_column
      CROSS JOIN LATERAL (
          SELECT string_agg(quote_ident(sa.attname), ', ' ORDER BY p.position) AS referencing,
                 string_agg(quote_ident(da.attname), ', ' ORDER BY p.position) AS referenced,
                 string_agg(da.attname, '_' ORDER BY p.position) AS key,
                 string_agg(quote_ident(sa.attname), ', ' ORDER BY p.position)
                     FILTER (WHERE k.confdelsetcols IS NULL OR p.source = ANY (k.confdelsetcols))
                     AS emptied,
                 bool_or(p.source = sc.attnum AND p.target = dc.attnum) AS has_tenant
            FROM unnest(k.conkey, k.confkey) WITH ORDINALITY AS p(source, target, position)
            JOIN pg_attribute sa ON sa.attrelid = k.conrelid AND sa.attnum = p.source
            JOIN pg_attribute da ON da.attrelid = k.confrelid AND da.attnum = p.target) cols
     WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT cols.has_tenant
    UNION ALL
    SELECT 'unique_key_without_tenant', CASE WHEN i.indisprimary THEN 'INFO' ELSE 'WARN' END,
           format('%I ON %s', x.relname, t.relation),
           'It does not include the tenant column, so a value that another tenant has is refused, which tells that it is there.'
           || CASE WHEN i.indisprimary THEN ' Harmless for generated keys.' ELSE '' END,
           CASE WHEN k.oid IS NOT NULL
                THEN format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %s', t.relation,
                            k.conname,
                            overlay(pg_get_constraintdef(k.oid)
                                    PLACING format('(%I%s, ', t.tenant_column,
                                                   CASE k.contype WHEN 'x' THEN ' WITH =' ELSE '' END)
                                    FROM position('(' IN pg_get_constraintdef(k.oid)) FOR 1))
                ELSE format('DROP INDEX %s; CREATE UNIQUE INDEX %I ON %s USING %I (%I, %s',
                            i.indexrelid::regclass, x.relname, t.relation, m.amname, t.tenant_column,
                            split_part(pg_get_indexdef(i.indexrelid),
                                       ' USING ' || m.amname || ' (', 2)) END
      FROM tenancy.attached_tables t
      JOIN pg_attribute a ON a.attrelid = t.relation AND a.attname = t.tenant_column
      JOIN pg_index i ON i.indrelid = t.relation AND (i.indisunique OR i.indisexclusion)
      JOIN pg_class x ON x.oid = i.indexrelid
      JOIN pg_am m ON m.oid = x.relam
      LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
     WHERE a.attnum <> ALL ((i.indkey::int2[])[0:i.indnkeyatts - 1])
       -- Those of partitions come with the parent's.
       AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
$$;
REVOKE ALL ON FUNCTION tenancy.check_keys() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_keys() IS
'Internal: the part of check() with foreign_key_without_tenant, unique_key_without_tenant.';

CREATE FUNCTION tenancy.check_views()
RETURNS TABLE(name text, level text, object text, detail text, remediation text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE view AS (
        SELECT c.oid, c.relkind, r.rolname AS owner, r.rolsuper OR r.rolbypassrls AS bypasses,
               coalesce((SELECT o.option_value::boolean FROM pg_options_to_table(c.reloptions) o
                          WHERE o.option_name = 'security_invoker'), false) AS invoker
          FROM pg_class c
          JOIN pg_roles r ON r.oid = c.relowner
         WHERE c.relkind IN ('v', 'm')
           AND c.relnamespace NOT IN ('tenancy'::regnamespace, 'pg_catalog'::regnamespace,
                                      'information_schema'::regnamespace)
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                              AND d.deptype = 'e')),
    names AS (
        SELECT DISTINCT v.oid AS reader, d.refobjid AS relation
          FROM view v
          JOIN pg_rewrite w ON w.ev_class = v.oid
          JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                          AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid),
    -- Whose privileges count changes at a view that is not security_invoker, so the way down ends
    -- there: that view is a finding of its own. A materialized view keeps what it read at any depth.
    reads AS (
        SELECT n.reader, n.relation FROM names n
        UNION
        SELECT r.reader, n.relation
          FROM reads r
          JOIN view top ON top.oid = r.reader
          JOIN view v ON v.oid = r.relation AND v.relkind = 'v'
          JOIN names n ON n.reader = v.oid
         WHERE v.invoker OR top.relkind = 'm'),
    over_attached AS (
        SELECT v.*, string_agg(t.relation::text, ', ' ORDER BY t.relation::text COLLATE "C") AS tables
          FROM view v
          JOIN reads r ON r.reader = v.oid
          JOIN tenancy.attached_tables t ON t.relation = r.relation
         GROUP BY v.oid, v.relkind, v.owner, v.bypasses, v.invoker)
    SELECT 'view_without_security_invoker', CASE WHEN o.bypasses THEN 'ERROR' ELSE 'INFO' END,
           o.oid::regclass::text,
           format(CASE WHEN o.bypasses
                       THEN 'It reads %s as role "%s", which bypasses row security: without a tenant its readers see all tenants.'
                       ELSE 'It reads %s as role "%s", so the policies and grants of that role count, not its readers''.' END,
                  o.tables, o.owner),
           format('ALTER VIEW %s SET (security_invoker = true)', o.oid::regclass)
      FROM over_attached o
     WHERE o.relkind = 'v' AND NOT o.invoker
    UNION ALL
    SELECT 'materialized_view', CASE WHEN o.bypasses THEN 'ERROR' ELSE 'WARN' END,
           o.oid::regclass::text,
           format('It keeps rows of %s as role "%s" saw them, and has no row security.', o.tables,
                  o.owner),
           format('DROP MATERIALIZED VIEW %s -- make it a view with security_invoker, or a table with the tenant column',
                  o.oid::regclass)
      FROM over_attached o
     WHERE o.relkind = 'm'
$$;
REVOKE ALL ON FUNCTION tenancy.check_views() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_views() IS
'Internal: the part of check() with view_without_security_invoker, materialized_view.';
