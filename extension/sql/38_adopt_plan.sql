-- adopt(), continued: the statements that are left to run, forward and back.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.plan_expansion(adoption tenancy.adoptions)
RETURNS TABLE(unit integer, step text, statement text, lock text, in_transaction boolean, note text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := adoption.relation::text;
    tenants text := quote_ident(adoption.tenant_column);
    type text := adoption.column_type::text
                 || CASE adoption.column_type WHEN 'text'::regtype THEN ' COLLATE "C"' ELSE '' END;
    is_filled boolean := adoption.tenant_from IS NOT NULL OR NOT adoption.made_column;
    fallback text := format('coalesce(tenancy.%I(), %L::%s)', tenancy.adoption_function(adoption),
                            adoption.default_tenant, adoption.column_type);
    filler record;
    has_column boolean;
    not_null boolean;
    part record;
    old record;
    foreign_key record;
    found_index text;
BEGIN
    in_transaction := true;
    SELECT true, a.attnotnull INTO has_column, not_null FROM pg_attribute a
     WHERE a.attrelid = adoption.relation AND a.attname = adoption.tenant_column
       AND NOT a.attisdropped;
    SELECT * FROM tenancy.adoption_filler(adoption) INTO filler;

    unit := 1; step := 'add column'; lock := 'ACCESS EXCLUSIVE, briefly';
    IF has_column IS NULL AND NOT is_filled THEN
        -- The rows that are there get the constant without being written; the default for later
        -- ones follows what the application says, once it says something.
        statement := format('ALTER TABLE %s ADD COLUMN %s %s DEFAULT %L NOT NULL', name, tenants, type,
                            adoption.default_tenant);
        RETURN NEXT;
        statement := format('ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s', name, tenants, fallback);
        RETURN NEXT;
        not_null := true;
    ELSIF is_filled AND NOT coalesce(not_null, false) AND NOT adoption.backfilled THEN
        IF has_column IS NULL THEN
            statement := format('ALTER TABLE %s ADD COLUMN %s %s', name, tenants, type);
            RETURN NEXT;
        END IF;
        -- A table may have been dropped and have left the function behind: the triggers count.
        FOR part IN
            SELECT t.statement, row_number() OVER () = 1 AS is_first
              FROM tenancy.adoption_triggers(adoption) t
             WHERE NOT EXISTS (SELECT FROM pg_trigger g
                                WHERE g.tgrelid = t.member AND g.tgname = t.name)
        LOOP
            IF part.is_first THEN
                statement := filler.definition;
                RETURN NEXT;
            END IF;
            statement := part.statement;
            RETURN NEXT;
        END LOOP;
        -- From here on no row comes without a tenant, whoever writes it.
        IF NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = adoption.relation
                          AND k.conname = 'tenancy_adopt_not_null') THEN
            statement := format('ALTER TABLE %s ADD CONSTRAINT tenancy_adopt_not_null '
                                'CHECK (%s IS NOT NULL) NOT VALID', name, tenants);
            RETURN NEXT;
        END IF;
    END IF;

    IF is_filled AND NOT adoption.backfilled THEN
        unit := 2; step := 'backfill'; lock := 'ROW EXCLUSIVE; rows one batch at a time';
        statement := format('UPDATE %s SET %s = %s WHERE %2$s IS NULL', name, tenants, filler.value);
        note := 'in batches, by adopt() itself';
        RETURN NEXT;
        note := NULL;
    END IF;
    IF is_filled AND NOT coalesce(not_null, false) THEN
        IF NOT coalesce((SELECT k.convalidated FROM pg_constraint k
                          WHERE k.conrelid = adoption.relation
                            AND k.conname = 'tenancy_adopt_not_null'), false) THEN
            unit := 3; step := 'validate not null'; lock := 'SHARE UPDATE EXCLUSIVE';
            statement := format('ALTER TABLE %s VALIDATE CONSTRAINT tenancy_adopt_not_null', name);
            RETURN NEXT;
        END IF;
        -- The server takes the constraint for proof, and does not read the table again.
        unit := 4; step := 'set not null'; lock := 'ACCESS EXCLUSIVE, briefly';
        statement := format('ALTER TABLE %s ALTER COLUMN %s SET NOT NULL', name, tenants);
        RETURN NEXT;
    END IF;
    IF is_filled AND (NOT coalesce(not_null, false)
                      OR EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = adoption.relation
                                    AND k.conname = 'tenancy_adopt_not_null')) THEN
        unit := 4; step := 'set not null'; lock := 'ACCESS EXCLUSIVE, briefly';
        statement := format('ALTER TABLE %s DROP CONSTRAINT tenancy_adopt_not_null', name);
        RETURN NEXT;
    END IF;

    unit := 100; step := 'build index'; lock := 'SHARE UPDATE EXCLUSIVE'; in_transaction := false;
    FOR old IN
        SELECT k.*, tenancy.with_tenant(k.body, adoption.tenant_column) AS wanted, f.obstacle
          FROM tenancy.adoption_keys k
          JOIN pg_class c ON c.oid = k.member AND c.relkind = 'r'
          LEFT JOIN LATERAL (SELECT 'kept' WHERE NOT adoption.rebuild_keys OR k.kind = 'x'
                                              OR k.definition ~ ' DEFERRABLE') f(obstacle) ON true
         WHERE k.relation = adoption.relation AND k.kind IN ('p', 'u', 'i')
         ORDER BY k.member::text COLLATE "C", k.name
    LOOP
        CONTINUE WHEN old.obstacle IS NOT NULL
            OR tenancy.find_index(old.member, old.wanted) IS NOT NULL;
        unit := unit + 1;
        RETURN QUERY SELECT unit, b.* FROM tenancy.plan_index(
            adoption.relation, old.member, left(old.name, 50) || '_tenancy', true,
            old.wanted, old.storage) b;
    END LOOP;
    FOR part IN
        SELECT f.member, c.relname
          FROM tenancy.family(adoption.relation) f
          JOIN pg_class c ON c.oid = f.member AND c.relkind = 'r'
         WHERE NOT tenancy.has_tenant_index(f.member, adoption.tenant_column)
           AND NOT EXISTS (SELECT FROM tenancy.adoption_keys k
                            WHERE k.relation = adoption.relation AND k.member = f.member
                              AND adoption.rebuild_keys AND k.kind IN ('p', 'u', 'i')
                              AND k.body ~ '^USING btree' AND k.body !~ ' WHERE '
                              AND coalesce(k.definition, '') !~ ' DEFERRABLE')
    LOOP
        unit := unit + 1;
        RETURN QUERY SELECT unit, b.* FROM tenancy.plan_index(
            adoption.relation, part.member,
            left(part.relname, 30) || '_' || left(adoption.tenant_column, 19) || '_tenancy', false,
            format('USING btree (%s)', tenants), NULL) b;
    END LOOP;

    in_transaction := true;
    unit := 500;
    FOR foreign_key IN
        SELECT k.member, p.name, p.definition, c.oid, c.convalidated
          FROM tenancy.adoption_keys k
          JOIN pg_constraint o ON o.conrelid = k.member AND o.conname = k.name AND o.contype = 'f'
                              AND pg_get_constraintdef(o.oid) = k.definition
          CROSS JOIN LATERAL tenancy.plan_foreign_key(adoption, k) p
          LEFT JOIN pg_constraint c ON c.conrelid = k.member AND c.conname = p.name
         WHERE k.relation = adoption.relation AND k.kind = 'f' AND p.obstacle IS NULL
           AND c.convalidated IS NOT TRUE
         ORDER BY k.member::text COLLATE "C", k.name
    LOOP
        IF foreign_key.oid IS NULL THEN
            unit := unit + 1; step := 'add foreign key'; lock := 'SHARE ROW EXCLUSIVE, briefly';
            statement := format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', foreign_key.member,
                                foreign_key.name, foreign_key.definition);
            RETURN NEXT;
        END IF;
        unit := unit + 1; step := 'validate foreign key'; lock := 'SHARE UPDATE EXCLUSIVE, ROW SHARE';
        statement := format('ALTER TABLE %s VALIDATE CONSTRAINT %I', foreign_key.member,
                            foreign_key.name);
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.plan_expansion(tenancy.adoptions) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.plan_expansion(tenancy.adoptions) IS
'Internal: the part of adoption_statements() that adds beside what is there.';

CREATE FUNCTION tenancy.plan_index(root regclass, relation regclass, name text, is_unique boolean,
                                   body text, storage text)
RETURNS TABLE(step text, statement text, lock text, in_transaction boolean, note text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    schema name := (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE c.oid = plan_index.relation);
    where_at integer := strpos(body, ' WHERE ');
BEGIN
    step := 'build index'; lock := 'SHARE UPDATE EXCLUSIVE'; in_transaction := false;
    -- What a build that was interrupted leaves behind.
    IF EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                WHERE i.indrelid = plan_index.relation AND x.relname = left(plan_index.name, 63)
                  AND NOT i.indisvalid) THEN
        statement := format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', schema, name);
        RETURN NEXT;
    END IF;
    statement := format('CREATE %sINDEX CONCURRENTLY %I ON %s ',
                        CASE WHEN is_unique THEN 'UNIQUE ' ELSE '' END, name, relation)
        || CASE WHEN storage IS NULL THEN body
                WHEN where_at = 0 THEN body || storage
                ELSE overlay(body PLACING storage || ' WHERE ' FROM where_at FOR 7) END;
    RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION tenancy.plan_index(regclass, regclass, text, boolean, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.plan_index(regclass, regclass, text, boolean, text, text) IS
'Internal: how an index is built without locking writers out.';

-- Takes one key away and gives its name to the index that was built beside it; the same both ways.
CREATE FUNCTION tenancy.plan_key_swap(old tenancy.adoption_keys, body text, definition text,
                                      built text)
RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    schema name := (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE c.oid = old.member);
    is_partitioned boolean := (SELECT c.relkind = 'p' FROM pg_class c WHERE c.oid = old.member);
    using_index text := CASE old.kind WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END || ' USING INDEX ';
    leaf record;
BEGIN
    IF NOT is_partitioned AND old.kind = 'i' THEN
        RETURN NEXT format('DROP INDEX %I.%I', schema, old.name);
        RETURN NEXT format('ALTER INDEX %I.%I RENAME TO %I', schema,
                           coalesce(tenancy.find_index(old.member, body), built), old.name);
    ELSIF NOT is_partitioned THEN
        RETURN NEXT format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %s%I', old.member,
                           old.name, using_index,
                           coalesce(tenancy.find_index(old.member, body), built));
    ELSE
        -- The parent's goes with those of the partitions, and comes back by taking on theirs.
        RETURN NEXT CASE old.kind
            WHEN 'i' THEN format('DROP INDEX %I.%I', schema, old.name)
            ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', old.member, old.name) END;
        FOR leaf IN
            SELECT k.member, k.name, n.nspname,
                   coalesce(tenancy.find_index(k.member, plan_key_swap.body),
                            replace(plan_key_swap.built, old.name, k.name)) AS index
              FROM tenancy.adoption_keys k
              JOIN pg_class c ON c.oid = k.member AND c.relkind = 'r'
              JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE k.relation = old.relation AND k.part_of = old.name
             ORDER BY k.member::text COLLATE "C"
        LOOP
            RETURN NEXT CASE old.kind
                WHEN 'i' THEN format('ALTER INDEX %I.%I RENAME TO %I', leaf.nspname, leaf.index, leaf.name)
                ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s%I', leaf.member, leaf.name,
                            using_index, leaf.index) END;
        END LOOP;
        RETURN NEXT CASE old.kind
            WHEN 'i' THEN format('CREATE UNIQUE INDEX %I ON %s %s', old.name, old.member, body)
            ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', old.member, old.name, definition) END;
    END IF;
    IF old.is_clustered THEN
        RETURN NEXT format('ALTER TABLE %s CLUSTER ON %I', old.member, old.name);
    END IF;
    IF old.is_identity THEN
        RETURN NEXT format('ALTER TABLE %s REPLICA IDENTITY USING INDEX %I', old.member, old.name);
    END IF;
    IF old.comment IS NOT NULL AND old.kind = 'i' THEN
        RETURN NEXT format('COMMENT ON INDEX %I.%I IS %L', schema, old.name, old.comment);
    ELSIF old.comment IS NOT NULL THEN
        RETURN NEXT format('COMMENT ON CONSTRAINT %I ON %s IS %L', old.name, old.member, old.comment);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.plan_key_swap(tenancy.adoption_keys, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.plan_key_swap(tenancy.adoption_keys, text, text, text) IS
'Internal: the statements that put an index built aside in the place of a key, under its name.';

CREATE FUNCTION tenancy.plan_cut_over(adoption tenancy.adoptions)
RETURNS TABLE(unit integer, step text, statement text, lock text, in_transaction boolean, note text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    old tenancy.adoption_keys;
    planned record;
    part record;
    obstacle text;
    -- On a partitioned table that would build the indexes of partitions under lock.
    with_index boolean := NOT EXISTS (
        SELECT FROM tenancy.family(adoption.relation) f
          JOIN pg_class c ON c.oid = f.member
         WHERE c.relkind = 'p' AND NOT tenancy.has_tenant_index(f.member, adoption.tenant_column));
    statements text[] := '{}';
BEGIN
    unit := 1000; step := 'cut over'; lock := 'ACCESS EXCLUSIVE, briefly'; in_transaction := true;
    FOR old IN
        SELECT k.* FROM tenancy.adoption_keys k
          JOIN pg_constraint o ON o.conrelid = k.member AND o.conname = k.name AND o.contype = 'f'
                              AND pg_get_constraintdef(o.oid) = k.definition
         WHERE k.relation = adoption.relation AND k.kind = 'f'
         ORDER BY k.member::text COLLATE "C", k.name
    LOOP
        SELECT * INTO planned FROM tenancy.plan_foreign_key(adoption, old);
        IF planned.obstacle IS NOT NULL THEN
            statement := NULL;
            note := format('foreign key %I on %s is kept: %s', old.name, old.member, planned.obstacle);
            RETURN NEXT;
            CONTINUE;
        END IF;
        statements := statements
            || format('ALTER TABLE %s DROP CONSTRAINT %I', old.member, old.name)
            || format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', old.member, planned.name, old.name);
        IF old.comment IS NOT NULL THEN
            statements := statements || format('COMMENT ON CONSTRAINT %I ON %s IS %L', old.name,
                                               old.member, old.comment);
        END IF;
    END LOOP;
    FOR old IN
        SELECT k.* FROM tenancy.adoption_keys k
          JOIN pg_index i ON i.indrelid = k.member AND tenancy.index_body(i.indexrelid) = k.body
          JOIN pg_class x ON x.oid = i.indexrelid AND x.relname = k.name
         WHERE k.relation = adoption.relation AND k.kind <> 'f' AND k.part_of IS NULL
         ORDER BY k.member::text COLLATE "C", k.name
    LOOP
        obstacle := tenancy.key_obstacle(adoption, old);
        IF obstacle IS NOT NULL THEN
            statement := NULL;
            note := format('key %I on %s is kept: %s', old.name, old.member, obstacle);
            RETURN NEXT;
            CONTINUE;
        END IF;
        statements := statements || ARRAY(
            SELECT * FROM tenancy.plan_key_swap(
                old, tenancy.with_tenant(old.body, adoption.tenant_column),
                tenancy.with_tenant(old.definition, adoption.tenant_column),
                left(old.name, 50) || '_tenancy'));
        with_index := with_index OR old.member = adoption.relation;
    END LOOP;
    note := NULL;
    with_index := with_index OR NOT EXISTS (
        SELECT FROM tenancy.family(adoption.relation) f
          JOIN pg_class c ON c.oid = f.member AND c.relkind = 'r'
         WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = f.member AND i.indisvalid
                              AND tenancy.index_body(i.indexrelid)
                                  = format('USING btree (%I)', adoption.tenant_column)));

    IF to_regprocedure((tenancy.adoption_filler(adoption)).function || '()') IS NOT NULL THEN
        FOR part IN SELECT * FROM tenancy.adoption_triggers(adoption) t LOOP
            statements := statements || format('DROP TRIGGER IF EXISTS %I ON %s', part.name, part.member);
        END LOOP;
        statements := statements
            || format('DROP FUNCTION %s()', (tenancy.adoption_filler(adoption)).function);
    END IF;
    -- What follows makes way for the default of attach().
    IF adoption.state <> 'adopted'
       AND (adoption.made_column OR EXISTS (
                SELECT FROM pg_attribute a WHERE a.attrelid = adoption.relation
                   AND a.attname = adoption.tenant_column AND a.atthasdef)) THEN
        statements := statements || format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT',
                                           adoption.relation, adoption.tenant_column);
    END IF;
    IF adoption.state <> 'adopted' OR tenancy.attached_column(adoption.relation) IS NULL THEN
        statements := statements || format('SELECT tenancy.attach(%L, %L, index => %L)',
                                           adoption.relation, adoption.tenant_column, with_index);
    END IF;
    IF statements <> '{}' THEN
        statements := format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', adoption.relation) || statements;
    END IF;
    FOREACH statement IN ARRAY statements LOOP
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.plan_cut_over(tenancy.adoptions) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.plan_cut_over(tenancy.adoptions) IS
'Internal: the part of adoption_statements() that takes the old keys away and attaches, in one transaction, and notes which keys stay and why.';
