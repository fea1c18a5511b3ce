-- adopt(), continued: how an adoption begins.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.require_tenant_source(adoption tenancy.adoptions)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    owner name := (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = adoption.relation);
    problem text;
BEGIN
    IF adoption.tenant_from IS NULL THEN
        RETURN;
    END IF;
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = adoption.relation
                            AND a.attname = adoption.tenant_from AND a.attnum > 0 AND NOT a.attisdropped
                            AND a.atttypid < 16384)
            THEN format('Table %s has no column "%s" of a type of the server.', adoption.relation,
                        adoption.tenant_from)
        WHEN adoption.tenant_map IS NULL THEN NULL
        WHEN NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = adoption.tenant_map AND c.relkind IN ('r', 'p'))
          OR adoption.tenant_map = adoption.relation
            THEN format('%s is not another table.', adoption.tenant_map)
        -- Else the trigger could find two tenants for a row, and fail the application's statement.
        WHEN NOT EXISTS (SELECT FROM pg_index i
                           JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = adoption.map_key
                          WHERE i.indrelid = adoption.tenant_map AND i.indisunique AND i.indisvalid
                            AND i.indpred IS NULL AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
                            AND a.atttypid < 16384)
            THEN format('Column "%s" of table %s is not unique.', adoption.map_key, adoption.tenant_map)
        WHEN adoption.map_tenant IS NULL
          OR NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = adoption.tenant_map
                            AND a.attname = adoption.map_tenant AND NOT a.attisdropped)
            THEN format('Table %s has no tenant column "%s".', adoption.tenant_map,
                        coalesce(adoption.map_tenant, adoption.tenant_column))
        WHEN NOT has_table_privilege(owner, adoption.tenant_map, 'SELECT')
            THEN format('Role %s, the owner of table %s, may not read it.', owner, adoption.relation)
        WHEN (SELECT c.relrowsecurity FROM pg_class c WHERE c.oid = adoption.tenant_map)
             AND NOT (SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles r WHERE r.rolname = owner)
            THEN format('Row security hides rows of table %s from role %s: adopt it with attach => false, and attach it when the tables that refer to it are.',
                        adoption.tenant_map, owner)
        END INTO problem;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('cannot take the tenants of table %s from column "%s"%s', adoption.relation,
                             adoption.tenant_from,
                             coalesce(' and table ' || adoption.tenant_map, '')),
            DETAIL = problem;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.require_tenant_source(tenancy.adoptions) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.require_tenant_source(tenancy.adoptions) IS
'Internal: raises 22023 unless tenant_from and tenant_map can say whose a row is.';

CREATE FUNCTION tenancy.start_adoption(relation regclass, default_tenant text,
                                       tenant_column name DEFAULT NULL, column_type regtype DEFAULT NULL,
                                       tenant_from name DEFAULT NULL, tenant_map regclass DEFAULT NULL,
                                       rebuild_keys boolean DEFAULT true,
                                       fire_triggers boolean DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
-- Reading definitions waits for whoever changes the table.
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off SET lock_timeout = '5s'
AS $$
DECLARE
    owner name := tenancy.require_adopter(relation);
    a tenancy.adoptions;
    tenant text;
    child record;
    present record;
BEGIN
    PERFORM tenancy.require_unrestricted();
    SELECT * INTO a FROM tenancy.adoptions o WHERE o.relation = start_adoption.relation FOR UPDATE;
    IF FOUND THEN
        IF a.state = 'rolling_back' THEN
            RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = format('the adoption of table %s is being rolled back', relation),
                HINT = 'Finish that first: CALL tenancy.rollback_adoption(table).';
        ELSIF lower(start_adoption.default_tenant) <> lower(a.default_tenant)
              OR start_adoption.tenant_column <> a.tenant_column
              OR start_adoption.tenant_from <> a.tenant_from OR start_adoption.tenant_map <> a.tenant_map THEN
            RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
                MESSAGE = format('table %s is already being adopted in another way', relation),
                DETAIL = format('The default tenant is "%s", the tenant column "%s".', a.default_tenant,
                                a.tenant_column),
                HINT = 'Go on with the same arguments, or roll it back with tenancy.rollback_adoption() first.';
        END IF;
        IF a.state = 'adopting' THEN
            PERFORM tenancy.save_keys(relation, a.tenant_column);
        END IF;
        RETURN false;
    END IF;

    SELECT t.id INTO tenant FROM tenancy.tenants t WHERE lower(t.id) = lower(start_adoption.default_tenant);
    IF start_adoption.default_tenant IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'default tenant must not be null';
    ELSIF tenant IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('tenant "%s" does not exist', start_adoption.default_tenant),
            DETAIL = 'The default tenant gets the rows that nothing else says a tenant for.',
            HINT = 'Register it with tenancy.create_tenant() first.';
    END IF;
    IF EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = start_adoption.relation) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('table %s is a partition or child', relation),
            HINT = 'Adopt its parent, which adopts it, too.';
    ELSIF tenancy.attached_column(relation) IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('table %s is attached', relation);
    END IF;
    FOR child IN SELECT f.member, c.relowner FROM tenancy.family(relation) f
                   JOIN pg_class c ON c.oid = f.member LOOP
        PERFORM tenancy.require_table(child.member);
        IF NOT pg_has_role(owner, child.relowner, 'USAGE') THEN
            RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                MESSAGE = format('role %s must be owner of table %s', owner, child.member),
                DETAIL = 'A table, its partitions and its children are adopted as the owner of the first.';
        END IF;
    END LOOP;

    a.relation := relation;
    a.default_tenant := tenant;
    a.tenant_column := coalesce(start_adoption.tenant_column, tenancy.default_tenant_column());
    a.tenant_from := start_adoption.tenant_from;
    a.tenant_map := start_adoption.tenant_map;
    a.rebuild_keys := coalesce(start_adoption.rebuild_keys, true);
    IF a.tenant_column IS NULL OR (a.tenant_map IS NOT NULL AND a.tenant_from IS NULL) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = CASE WHEN a.tenant_column IS NULL THEN 'no tenant column is named'
                           ELSE 'tenant_map needs tenant_from' END,
            HINT = CASE WHEN a.tenant_column IS NULL
                        THEN 'Set tenancy.tenant_column, or give the argument tenant_column.'
                        ELSE 'Name the column of the table that refers to the map.' END;
    END IF;
    IF a.tenant_map IS NOT NULL THEN
        -- What a foreign key refers to, else the column of the same name.
        a.map_key := coalesce((SELECT d.attname FROM pg_constraint k
                                 JOIN pg_attribute s ON s.attrelid = k.conrelid AND k.conkey = ARRAY[s.attnum]
                                 JOIN pg_attribute d ON d.attrelid = k.confrelid AND k.confkey = ARRAY[d.attnum]
                                WHERE k.contype = 'f' AND k.conrelid = a.relation
                                  AND k.confrelid = a.tenant_map AND s.attname = a.tenant_from
                                LIMIT 1), a.tenant_from);
        a.map_tenant := coalesce(tenancy.adopted_column(a.tenant_map), a.tenant_column);
    END IF;

    SELECT * INTO present FROM pg_attribute c
     WHERE c.attrelid = a.relation AND c.attname = a.tenant_column AND NOT c.attisdropped;
    a.made_column := NOT FOUND;
    IF a.made_column THEN
        a.column_type := coalesce(
            start_adoption.column_type,
            (SELECT m.atttypid FROM pg_attribute m
              WHERE m.attrelid = a.tenant_map AND m.attname = a.map_tenant),
            -- As the other tables have it.
            (SELECT min(t.column_type::oid) FROM tenancy.attached_tables t
             HAVING count(DISTINCT t.column_type) = 1),
            'text'::regtype);
        IF a.column_type NOT IN ('uuid'::regtype, 'text'::regtype, 'varchar'::regtype, 'bigint'::regtype,
                                 'integer'::regtype) THEN
            RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
                MESSAGE = format('a tenant column cannot be of type %s', a.column_type),
                DETAIL = 'It is uuid, text, varchar, bigint or integer.';
        END IF;
    ELSE
        PERFORM tenancy.require_attachable(relation, a.tenant_column);
        a.column_type := present.atttypid;
        a.old_default := (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
                           WHERE d.adrelid = a.relation AND d.adnum = present.attnum);
    END IF;
    a.old_not_null := coalesce(present.attnotnull, false);
    PERFORM tenancy.require_tenant_source(a);
    BEGIN
        -- Not as the column's own type: the CHECK of a domain is code of its owner's.
        EXECUTE format('SELECT %L::%s', tenant, (
            WITH RECURSIVE base AS (
                SELECT a.column_type::oid AS type
                UNION
                SELECT t.typbasetype FROM pg_type t JOIN base b ON t.oid = b.type WHERE t.typtype = 'd')
            SELECT b.type::regtype FROM base b JOIN pg_type t ON t.oid = b.type WHERE t.typtype <> 'd'));
    EXCEPTION WHEN data_exception THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_text_representation',
            MESSAGE = format('tenant "%s" has no %s form', tenant, a.column_type),
            HINT = 'Choose a column of another type, or a tenant with such an id.';
    END;

    IF (a.tenant_from IS NOT NULL OR NOT a.made_column) AND NOT a.old_not_null THEN
        IF EXISTS (SELECT FROM tenancy.family(relation) f JOIN pg_rewrite r ON r.ev_class = f.member
                    WHERE r.ev_type = '2') THEN
            RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
                MESSAGE = format('cannot give the rows of table %s their tenants', relation),
                DETAIL = 'A rule rewrites what UPDATE does.';
        ELSIF start_adoption.fire_triggers IS NULL
              AND EXISTS (SELECT FROM tenancy.family(relation) f
                            JOIN pg_trigger t ON t.tgrelid = f.member
                           WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'
                             -- 16: UPDATE; those of other columns do not fire.
                             AND t.tgtype & 16 <> 0 AND t.tgattr = ''::int2vector) THEN
            RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = format('table %s has triggers that would fire for each row that gets its tenant',
                                 relation),
                HINT = 'Say fire_triggers => true if they may, or false (which needs the right to set session_replication_role) if not.';
        END IF;
    END IF;
    a.fire_triggers := coalesce(start_adoption.fire_triggers, true);

    INSERT INTO tenancy.adoptions (relation, tenant_column, column_type, default_tenant, tenant_from,
        tenant_map, map_key, map_tenant, rebuild_keys, fire_triggers, made_column, old_default, old_not_null,
        backfilled)
    VALUES (a.relation, a.tenant_column, a.column_type, a.default_tenant, a.tenant_from, a.tenant_map,
        a.map_key, a.map_tenant, a.rebuild_keys, a.fire_triggers, a.made_column, a.old_default,
        a.old_not_null, a.made_column AND a.tenant_from IS NULL OR a.old_not_null);
    PERFORM tenancy.save_keys(relation, a.tenant_column);
    PERFORM tenancy.write_audit('adopt', relation::text, NULL,
        jsonb_build_object('tenant_column', a.tenant_column, 'default_tenant', a.default_tenant,
                           'tenant_from', a.tenant_from, 'tenant_map', a.tenant_map));
    RETURN true;
END
$$;
COMMENT ON FUNCTION tenancy.start_adoption(regclass, text, name, regtype, name, regclass, boolean, boolean) IS
'Begins what adopt() does, for those who take the steps one by one with adopt_step(). Returns false when it was begun before. Arguments and errors are those of adopt().';
