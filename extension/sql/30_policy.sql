-- The wall, as the catalog has it: which tables are attached, by which column, and what they lack.
-- SPDX-License-Identifier: PostgreSQL
--
-- An attached table has two policies. tenancy_isolation is RESTRICTIVE: whatever other policies
-- and grants say, a row of another tenant stays out. A restrictive policy alone admits nothing, so
-- tenancy_access is the permissive one, made only where the table has none. It repeats the
-- condition instead of saying "true": the server drops the equal one from a query (comparing the two
-- costs a little), and when the wall goes (DROP EXTENSION or DROP COLUMN ... CASCADE) both go, which leaves
-- row security without a policy: closed, not open.
--
-- attach() and detach() are INVOKER and granted to PUBLIC: they do nothing that the table's owner
-- could not do by hand, and CREATE POLICY checks the owner again. The helpers they and the event
-- trigger need are granted to PUBLIC as well; those only read catalogs.

CREATE VIEW tenancy.attached_tables WITH (security_invoker = true) AS
SELECT p.polrelid::regclass AS relation,
       a.attname AS tenant_column,
       a.atttypid::regtype AS column_type,
       c.relispartition AS is_partition,
       c.relrowsecurity AND c.relforcerowsecurity AS forced
  FROM pg_catalog.pg_policy p
  JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
  -- Policies record the columns they use as dependencies; ours use one.
  CROSS JOIN LATERAL (SELECT min(d.refobjsubid) AS attnum
                        FROM pg_catalog.pg_depend d
                       WHERE d.classid = 'pg_catalog.pg_policy'::regclass
                         AND d.objid = p.oid
                         AND d.refclassid = 'pg_catalog.pg_class'::regclass
                         AND d.refobjid = p.polrelid
                         AND d.refobjsubid > 0) used
  JOIN pg_catalog.pg_attribute a ON a.attrelid = p.polrelid AND a.attnum = used.attnum
 WHERE p.polname = 'tenancy_isolation';
-- Nothing here that pg_policies does not show to everybody.
GRANT SELECT ON tenancy.attached_tables TO PUBLIC;
COMMENT ON VIEW tenancy.attached_tables IS
'Tables behind the wall, read from the catalog: tenant column and its type, whether the table is a partition, and whether row security is enabled and forced. tenancy.check() says whether a wall is whole.';

CREATE FUNCTION tenancy.default_tenant_column()
RETURNS name
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- Without shared_preload_libraries this call loads the library, which makes the setting the
    -- real one and not one that anybody could have set.
    PERFORM tenancy.clock_time();
    RETURN nullif(current_setting('tenancy.tenant_column'), '');
END
$$;
COMMENT ON FUNCTION tenancy.default_tenant_column() IS
'Internal: the column that makes a table a tenants'' table (setting tenancy.tenant_column), NULL when empty.';

CREATE FUNCTION tenancy.family(relation regclass)
RETURNS TABLE(member regclass, depth integer)
-- A table has few partitions as a rule; planned for many, whole catalogs would be read.
LANGUAGE plpgsql STABLE ROWS 4
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE tree AS (
        SELECT family.relation::oid AS oid, 0 AS level
        UNION
        SELECT i.inhrelid, t.level + 1 FROM pg_inherits i JOIN tree t ON i.inhparent = t.oid)
    SELECT t.oid::regclass, max(t.level)
      FROM tree t
     GROUP BY t.oid
     ORDER BY max(t.level), t.oid::regclass::text COLLATE "C";
END
$$;
COMMENT ON FUNCTION tenancy.family(regclass) IS
'Internal: a table and all its partitions and inheritance children at any depth, parents first.';

-- This runs for every CREATE TABLE of the database, so it goes from row to row: one query over all
-- levels would be planned to read all of pg_policy and pg_inherits.
CREATE FUNCTION tenancy.attached_column(relation regclass)
RETURNS name
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parent regclass;
    -- A policy of that name can be anybody's who owns a table. What reads rows by the column trusts its type:
    -- others may have a cast of their owner's.
    found_column name := (SELECT t.tenant_column FROM tenancy.attached_tables t
                           WHERE t.relation = attached_column.relation
                             AND tenancy.tenant_function(t.relation, t.tenant_column) IS NOT NULL);
BEGIN
    IF found_column IS NULL THEN
        FOR parent IN SELECT i.inhparent FROM pg_inherits i
                       WHERE i.inhrelid = attached_column.relation ORDER BY i.inhseqno LOOP
            found_column := tenancy.attached_column(parent);
            EXIT WHEN found_column IS NOT NULL;
        END LOOP;
    END IF;
    RETURN found_column;
END
$$;
COMMENT ON FUNCTION tenancy.attached_column(regclass) IS
'Internal: the column by which a table or, failing that, its nearest ancestor is attached; NULL when neither is.';

CREATE FUNCTION tenancy.tenant_function(relation regclass, tenant_column name)
RETURNS name
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        WITH RECURSIVE base AS (
            SELECT a.atttypid AS type
              FROM pg_attribute a
              LEFT JOIN pg_collation c ON c.oid = a.attcollation
             WHERE a.attrelid = tenant_function.relation
               AND a.attname = tenant_function.tenant_column
               AND a.attnum > 0 AND NOT a.attisdropped
               AND a.attgenerated = '' AND a.attidentity = ''
               AND c.collisdeterministic IS NOT FALSE
            UNION
            SELECT t.typbasetype FROM pg_type t JOIN base b ON t.oid = b.type WHERE t.typtype = 'd')
        SELECT m.function
          FROM base b
          JOIN (VALUES ('uuid'::regtype, 'current_tenant_uuid'::name),
                       ('text'::regtype, 'current_tenant_text'),
                       ('varchar'::regtype, 'current_tenant_text'),
                       ('bigint'::regtype, 'current_tenant_bigint'),
                       ('integer'::regtype, 'current_tenant_int')) AS m(type, function)
            ON m.type = b.type);
END
$$;
COMMENT ON FUNCTION tenancy.tenant_function(regclass, name) IS
'Internal: the current_tenant_*() function that fits a column (or the base type of its domain), NULL when the column cannot hold tenants.';

CREATE FUNCTION tenancy.has_tenant_index(relation regclass, tenant_column name)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (
        SELECT
          FROM pg_attribute a
          JOIN pg_index i ON i.indrelid = a.attrelid
                         AND i.indkey[0] = a.attnum
                         AND i.indcollation[0] = a.attcollation
          JOIN pg_class x ON x.oid = i.indexrelid
          JOIN pg_am m ON m.oid = x.relam
         WHERE a.attrelid = has_tenant_index.relation
           AND a.attname = has_tenant_index.tenant_column
           AND NOT a.attisdropped
           AND i.indisvalid AND i.indpred IS NULL
           AND m.amname IN ('btree', 'hash'));
END
$$;
COMMENT ON FUNCTION tenancy.has_tenant_index(regclass, name) IS
'Internal: whether a valid, not partial index of a table is led by its tenant column.';

CREATE FUNCTION tenancy.wall_gaps(relation regclass, tenant_column name)
RETURNS TABLE(member regclass, step integer, gap text, repair text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
BEGIN
    RETURN QUERY
    WITH part AS (
        SELECT f.member::oid AS oid, f.member::text AS name, f.depth,
               c.relispartition, c.relrowsecurity, c.relforcerowsecurity, a.atthasdef,
               -- From 18 on a NOT NULL may exist without having been validated.
               a.attnotnull AND NOT EXISTS (
                   SELECT FROM pg_constraint k
                    WHERE k.conrelid = a.attrelid AND k.contype = 'n'
                      AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated) AS not_null,
               tenancy.has_tenant_index(f.member, wall_gaps.tenant_column) AS has_index,
               t.function,
               -- Written as pg_get_expr() writes it, to be compared with what is there.
               format(CASE WHEN a.atttypid = t.type THEN '(%I = tenancy.%I())'
                           ELSE '((%I)::' || t.type::regtype || ' = tenancy.%I())' END,
                      a.attname, t.function) AS wall
          FROM tenancy.family(wall_gaps.relation) f
          JOIN pg_class c ON c.oid = f.member
          JOIN pg_attribute a ON a.attrelid = f.member AND a.attname = wall_gaps.tenant_column
                             AND NOT a.attisdropped
          CROSS JOIN LATERAL (SELECT p.proname AS function, p.prorettype AS type
                                FROM pg_proc p
                               WHERE p.pronamespace = 'tenancy'::regnamespace
                                 AND p.proname = tenancy.tenant_function(f.member, a.attname)) t),
    -- Each table by itself: joined, all of pg_policy would be read for one table.
    policy AS (
        SELECT part.oid AS polrelid, q.*
          FROM part
          CROSS JOIN LATERAL (
              SELECT bool_or(p.polname = 'tenancy_isolation') AS has_isolation,
                     bool_or(p.polname = 'tenancy_isolation' AND NOT p.polpermissive
                             AND p.polcmd = '*' AND p.polroles = '{0}'
                             AND pg_get_expr(p.polqual, p.polrelid) = part.wall
                             AND pg_get_expr(p.polwithcheck, p.polrelid) = part.wall) AS is_whole,
                     bool_or(p.polpermissive) AS has_permissive
                FROM pg_policy p
               WHERE p.polrelid = part.oid) q),
    -- Policies come first: the event trigger takes a table that has one for attached, so the
    -- ALTER TABLEs that follow do not start it all again.
    found AS (
        SELECT part.oid, part.depth, part.name, 1 AS step,
               CASE WHEN policy.has_isolation THEN 'isolation_policy_altered'
                    ELSE 'isolation_policy_missing' END AS gap,
               CASE WHEN policy.has_isolation
                    THEN format('DROP POLICY tenancy_isolation ON %s; ', part.name) ELSE '' END
               || format('CREATE POLICY tenancy_isolation ON %s AS RESTRICTIVE FOR ALL TO PUBLIC '
                         'USING %s WITH CHECK %2$s', part.name, part.wall) AS repair
          FROM part LEFT JOIN policy ON policy.polrelid = part.oid
         WHERE policy.is_whole IS NOT TRUE
        UNION ALL
        SELECT part.oid, part.depth, part.name, 2, 'access_policy_missing',
               format('CREATE POLICY tenancy_access ON %s AS PERMISSIVE FOR ALL TO PUBLIC '
                      'USING %s WITH CHECK %2$s', part.name, part.wall)
          FROM part LEFT JOIN policy ON policy.polrelid = part.oid
         WHERE policy.has_permissive IS NOT TRUE
        UNION ALL
        -- SET NOT NULL goes down to the children by itself.
        SELECT part.oid, part.depth, part.name, 3, 'tenant_column_nullable',
               format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL', part.name,
                      wall_gaps.tenant_column)
          FROM part
         WHERE NOT part.not_null
           AND NOT EXISTS (SELECT FROM pg_inherits i JOIN part up ON up.oid = i.inhparent
                            WHERE i.inhrelid = part.oid AND NOT up.not_null)
        UNION ALL
        SELECT part.oid, part.depth, part.name, 4, 'tenant_column_without_default',
               format('ALTER TABLE ONLY %s ALTER COLUMN %I SET DEFAULT tenancy.%I()', part.name,
                      wall_gaps.tenant_column, part.function)
          FROM part
         WHERE NOT part.atthasdef
        UNION ALL
        SELECT part.oid, part.depth, part.name, 5,
               CASE WHEN part.relrowsecurity THEN 'row_security_not_forced'
                    ELSE 'row_security_disabled' END,
               format('ALTER TABLE ONLY %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
                      part.name)
          FROM part
         WHERE NOT (part.relrowsecurity AND part.relforcerowsecurity)
        UNION ALL
        -- An index of a partitioned table makes those of its partitions.
        SELECT part.oid, part.depth, part.name, 6, 'tenant_index_missing',
               format('CREATE INDEX ON %s (%I)', part.name, wall_gaps.tenant_column)
          FROM part
         WHERE NOT part.has_index
           AND NOT (part.relispartition AND EXISTS (
                        SELECT FROM pg_inherits i JOIN part up ON up.oid = i.inhparent
                         WHERE i.inhrelid = part.oid AND NOT up.has_index)))
    SELECT found.oid::regclass, found.step, found.gap, found.repair
      FROM found
     ORDER BY found.step, found.depth, found.name COLLATE "C";
END
$$;
COMMENT ON FUNCTION tenancy.wall_gaps(regclass, name) IS
'Internal: what a table and its partitions and children lack of the wall on a column, with the SQL that mends it, in the order to run it. attach() runs it, check() reports it.';
