-- Putting tables behind the wall and taking them out again.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.require_table(relation regclass)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target record;
BEGIN
    SELECT c.relkind, c.relpersistence, c.relowner, c.relnamespace,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                          WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence'
                          WHEN 'c' THEN 'composite type' WHEN 't' THEN 'TOAST table'
                          WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'table' END AS kind,
           EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                      AND d.deptype = 'e') AS of_extension
      FROM pg_class c
     WHERE c.oid = require_table.relation
      INTO target;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_table',
            MESSAGE = format('table with OID %s does not exist', relation::oid);
    END IF;
    IF target.relkind NOT IN ('r', 'p') THEN
        RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
            MESSAGE = format('cannot attach %s %s', target.kind, relation),
            DETAIL = 'Only tables and partitioned tables have row security.',
            HINT = CASE target.relkind
                WHEN 'v' THEN 'Attach the tables it reads, and set security_invoker on the view.'
                WHEN 'm' THEN 'Make it a view with security_invoker, or a table with the tenant column.'
                WHEN 'f' THEN 'Use a table of this database, or attach it where it is stored.'
                ELSE 'Name a table.' END;
    END IF;
    IF target.relpersistence = 't' THEN
        RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
            MESSAGE = format('cannot attach temporary table %s', relation),
            DETAIL = 'A temporary table belongs to one session.',
            HINT = 'Name a permanent table.';
    END IF;
    IF target.relnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) THEN
        RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
            MESSAGE = format('cannot attach system catalog %s', relation),
            HINT = 'Name a table of the application.';
    END IF;
    IF target.of_extension OR target.relnamespace = 'tenancy'::regnamespace THEN
        RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
            MESSAGE = format('cannot attach %s, which belongs to an extension', relation),
            DETAIL = 'A dump does not contain the policies of an extension''s tables, so the wall would be missing after a restore.',
            HINT = 'Name a table of the application.';
    END IF;
    IF NOT pg_has_role(target.relowner, 'USAGE') THEN
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format('must be owner of table %s', relation),
            HINT = format('Run it as role %s.', quote_ident(pg_get_userbyid(target.relowner)));
    END IF;
    IF tenancy.is_shared(relation) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('table %s is declared shared', relation),
            DETAIL = 'A table is either shared or attached.',
            HINT = 'Withdraw the declaration with tenancy.unshare() first.';
    END IF;
END
$$;
COMMENT ON FUNCTION tenancy.require_table(regclass) IS
'Internal: raises why a table cannot be attached by any column: 42809 not a table of the application, 42501 not its owner, 55000 declared shared.';

CREATE FUNCTION tenancy.require_attachable(relation regclass, tenant_column name)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tenants record;
BEGIN
    PERFORM tenancy.require_table(relation);
    SELECT format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated <> '' AS is_generated,
           a.attidentity <> '' AS is_identity, NOT c.collisdeterministic AS is_fuzzy
      FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation
     WHERE a.attrelid = require_attachable.relation
       AND a.attname = require_attachable.tenant_column
       AND a.attnum > 0 AND NOT a.attisdropped
      INTO tenants;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_column',
            MESSAGE = format('column "%s" of table %s does not exist', tenant_column, relation),
            HINT = 'Add the column, or name the tenant column as second argument.';
    END IF;
    IF tenancy.tenant_function(relation, tenant_column) IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
            MESSAGE = format('column "%s" of table %s cannot hold tenants', tenant_column, relation),
            DETAIL = CASE
                WHEN tenants.is_generated THEN 'It is a generated column.'
                WHEN tenants.is_identity THEN 'It is an identity column.'
                WHEN tenants.is_fuzzy THEN 'Its collation is not deterministic: two tenants could be equal.'
                ELSE format('It is of type %s; a tenant column is uuid, text, varchar, bigint, integer or a domain over one of them.',
                            tenants.type) END,
            HINT = CASE
                WHEN tenants.is_generated OR tenants.is_identity THEN 'Use a plain column.'
                ELSE format('For example: ALTER TABLE %s ALTER COLUMN %I TYPE text COLLATE "C".',
                            relation, tenant_column) END;
    END IF;
END
$$;
COMMENT ON FUNCTION tenancy.require_attachable(regclass, name) IS
'Internal: raises why a table cannot be attached by a column: 42809 not a table of the application, 42501 not its owner, 55000 declared shared, 42703 no such column, 42804 a column that cannot hold tenants.';

CREATE FUNCTION tenancy.attach(relation regclass, tenant_column name DEFAULT NULL,
                               index boolean DEFAULT true)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    present name := tenancy.attached_column(relation);
    wanted name := coalesce(tenant_column, present, tenancy.default_tenant_column());
    child regclass;
    gap record;
    changed boolean := false;
    culprit_schema text;
    culprit text;
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'table must not be null';
    END IF;
    FOR child IN SELECT f.member FROM tenancy.family(relation) f LOOP
        IF child <> relation THEN
            present := (SELECT t.tenant_column FROM tenancy.attached_tables t
                         WHERE t.relation = child);
        END IF;
        IF present <> wanted THEN
            RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
                MESSAGE = format('table %s is already attached by column "%s"', child, present),
                DETAIL = 'A table, its partitions and its children are attached by one column.',
                HINT = 'Run tenancy.detach() first to attach it by another column.';
        END IF;
        PERFORM tenancy.require_attachable(child, wanted);
    END LOOP;

    -- Repeating attach() on a live table takes no lock.
    IF NOT EXISTS (SELECT FROM tenancy.wall_gaps(relation, wanted) g
                    WHERE index OR g.gap <> 'tenant_index_missing') THEN
        RETURN false;
    END IF;
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', relation);
    BEGIN
        FOR gap IN SELECT * FROM tenancy.wall_gaps(relation, wanted) g
                    WHERE index OR g.gap <> 'tenant_index_missing' LOOP
            EXECUTE gap.repair;
            changed := true;
        END LOOP;
    EXCEPTION WHEN not_null_violation THEN
        GET STACKED DIAGNOSTICS culprit_schema = SCHEMA_NAME, culprit = TABLE_NAME;
        RAISE EXCEPTION USING ERRCODE = 'not_null_violation',
            MESSAGE = format('column "%s" of table %I.%I contains null values', wanted,
                             culprit_schema, culprit),
            DETAIL = 'A row without a tenant belongs to nobody, so the table cannot be attached.',
            HINT = 'Give every row its tenant, or add the column with a default that does.';
    END;
    RETURN changed;
END
$$;
COMMENT ON FUNCTION tenancy.attach(regclass, name, boolean) IS
'Puts a table, its partitions and its children behind the wall by a tenant column (default: the column it has been attached by, else tenancy.tenant_column): policies, row security enabled and forced, NOT NULL, a default of the current tenant where there is none, and with index an index led by the column where there is none (built under lock; create it CONCURRENTLY before for a large table). Keys are left as they are. For the table''s owner. Returns whether anything had to be done, so it also mends a damaged wall. Errors: 42809 not a table of the application, 42501 not its owner, 42703 no such column, 42804 a column that cannot hold tenants, 23502 rows without a tenant, 42710 attached by another column, 55000 declared shared.';

CREATE FUNCTION tenancy.detach(relation regclass)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
AS $$
DECLARE
    part record;
    changed boolean := false;
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'table must not be null';
    END IF;
    IF EXISTS (SELECT FROM pg_inherits i
                WHERE i.inhrelid = detach.relation
                  AND tenancy.attached_column(i.inhparent) IS NOT NULL) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('cannot detach %s, whose parent is attached', relation),
            DETAIL = 'Queries that name a partition or child itself would see all tenants.',
            HINT = 'Detach the parent, or take the table out of it first.';
    END IF;
    FOR part IN
        SELECT f.member AS name, c.relowner, c.relrowsecurity OR c.relforcerowsecurity AS secured,
               EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid
                          AND p.polname NOT IN ('tenancy_isolation', 'tenancy_access')) AS others,
               (SELECT a.attname
                  FROM pg_attrdef d
                  JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
                 WHERE d.adrelid = c.oid
                   AND a.attname = (SELECT t.tenant_column FROM tenancy.attached_tables t
                                     WHERE t.relation = c.oid)
                   AND pg_get_expr(d.adbin, d.adrelid)
                       = format('tenancy.%I()', tenancy.tenant_function(c.oid, a.attname))
               ) AS own_default
          FROM tenancy.family(relation) f
          JOIN pg_class c ON c.oid = f.member
         WHERE EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid
                          AND p.polname IN ('tenancy_isolation', 'tenancy_access'))
         ORDER BY f.depth, f.member::text COLLATE "C"
    LOOP
        IF NOT pg_has_role(part.relowner, 'USAGE') THEN
            RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                MESSAGE = format('must be owner of table %s', part.name),
                HINT = format('Run it as role %s.', quote_ident(pg_get_userbyid(part.relowner)));
        END IF;
        IF part.own_default IS NOT NULL THEN
            EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN %I DROP DEFAULT', part.name,
                           part.own_default);
        END IF;
        -- With policies of the owner's left, row security goes on, also for the owner.
        IF part.secured AND NOT part.others THEN
            EXECUTE format('ALTER TABLE ONLY %s DISABLE ROW LEVEL SECURITY, '
                           'NO FORCE ROW LEVEL SECURITY', part.name);
        END IF;
        changed := true;
    END LOOP;
    -- Last, because the event trigger would attach again what it finds altered and unattached.
    FOR part IN
        SELECT p.polrelid::regclass AS name, p.polname AS policy
          FROM tenancy.family(relation) f
          JOIN pg_policy p ON p.polrelid = f.member
         WHERE p.polname IN ('tenancy_isolation', 'tenancy_access')
         ORDER BY f.depth, f.member::text COLLATE "C", p.polname
    LOOP
        EXECUTE format('DROP POLICY %I ON %s', part.policy, part.name);
    END LOOP;
    RETURN changed;
END
$$;
COMMENT ON FUNCTION tenancy.detach(regclass) IS
'Takes a table, its partitions and its children out from behind the wall: drops the policies and the default that attach() made and, where no other policy is left, disables row security. NOT NULL and indexes stay. For the table''s owner. Returns false when it was not attached. Errors: 42501 not its owner, 55000 its parent is attached.';

CREATE FUNCTION tenancy.attach_all(schema regnamespace)
RETURNS TABLE(relation regclass, result text, message text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF schema IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'schema must not be null';
    END IF;
    FOR relation IN
        WITH candidate AS (
            SELECT c.oid
              FROM pg_class c
              JOIN pg_attribute a ON a.attrelid = c.oid
             WHERE c.relnamespace = attach_all.schema
               AND c.relkind IN ('r', 'p')
               AND a.attname = tenancy.default_tenant_column()
               AND a.attnum > 0 AND NOT a.attisdropped
               AND NOT tenancy.is_shared(c.oid)
               AND NOT EXISTS (SELECT FROM pg_depend d
                                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                                  AND d.deptype = 'e'))
        SELECT c.oid
          FROM candidate c
         -- Partitions and children go with their parent.
         WHERE NOT EXISTS (SELECT FROM pg_inherits i JOIN candidate up ON up.oid = i.inhparent
                            WHERE i.inhrelid = c.oid)
         ORDER BY c.oid::regclass::text COLLATE "C"
    LOOP
        BEGIN
            result := CASE WHEN tenancy.attach(relation) THEN 'attached' ELSE 'unchanged' END;
            message := NULL;
        EXCEPTION WHEN OTHERS THEN
            result := 'failed';
            message := SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION tenancy.attach_all(regnamespace) IS
'Attaches every table of a schema that has the column tenancy.tenant_column and is not declared shared, partitions and children with their parents, and goes on when one fails. Each is locked until the transaction ends. One row a table: attached, unchanged or failed, and then why.';
