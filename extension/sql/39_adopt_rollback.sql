-- adopt(), continued: the way back.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.plan_rollback(adoption tenancy.adoptions)
RETURNS TABLE(unit integer, step text, statement text, lock text, in_transaction boolean, note text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text := adoption.relation::text;
    tenants text := quote_ident(adoption.tenant_column);
    filler text := (tenancy.adoption_filler(adoption)).function;
    has_column boolean := EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = adoption.relation
                                     AND a.attname = adoption.tenant_column AND NOT a.attisdropped);
    old tenancy.adoption_keys;
    part record;
    statements text[] := '{}';
BEGIN
    unit := 0;
    FOR old IN
        SELECT k.* FROM tenancy.adoption_keys k JOIN pg_class c ON c.oid = k.member AND c.relkind = 'r'
         WHERE k.relation = adoption.relation AND k.kind IN ('p', 'u', 'i')
           AND tenancy.find_index(k.member, k.body) IS NULL
           -- A key that is gone altogether is the owner's doing.
           AND tenancy.find_index(k.member, tenancy.with_tenant(k.body, adoption.tenant_column)) = k.name
         ORDER BY k.member::text COLLATE "C", k.name
    LOOP
        unit := unit + 1;
        RETURN QUERY SELECT unit, b.* FROM tenancy.plan_index(
            adoption.relation, old.member, left(old.name, 50) || '_former', true, old.body, old.storage) b;
    END LOOP;

    -- A table that stays adopted has its old key no more, and gets it again for whom refers to it.
    FOR old IN
        SELECT k.* FROM tenancy.adoption_keys k JOIN pg_class c ON c.oid = k.target AND c.relkind = 'r'
         WHERE k.relation = adoption.relation AND k.kind = 'f'
           AND k.target NOT IN (SELECT f.member FROM tenancy.family(adoption.relation) f)
           AND EXISTS (SELECT FROM pg_class m WHERE m.oid = k.member)
           AND NOT EXISTS (SELECT FROM pg_constraint c
                            WHERE c.conrelid = k.member AND c.contype = 'f'
                              AND pg_get_constraintdef(c.oid) IN (k.definition, k.definition || ' NOT VALID'))
           AND tenancy.find_index(k.target, k.body) IS NULL
         ORDER BY k.member::text COLLATE "C", k.name
    LOOP
        unit := unit + 1;
        RETURN QUERY SELECT unit, b.* FROM tenancy.plan_index(
            adoption.relation, old.target, left(old.name, 50) || '_former', true, old.body, NULL) b;
    END LOOP;

    IF tenancy.attached_column(adoption.relation) IS NOT NULL THEN
        statements := statements || format('SELECT tenancy.detach(%L)', name);
    END IF;
    FOR part IN
        SELECT c.conrelid::regclass AS member, c.conname
          FROM tenancy.adoption_keys k
          JOIN pg_constraint c ON c.conrelid = k.member AND c.contype = 'f'
         WHERE k.relation = adoption.relation AND k.kind = 'f'
           AND (c.conname = left(k.name, 50) || '_tenancy'
                OR c.conname = k.name AND pg_get_constraintdef(c.oid)
                                          NOT IN (k.definition, k.definition || ' NOT VALID'))
         ORDER BY k.member::text COLLATE "C", c.conname
    LOOP
        statements := statements
            || format('ALTER TABLE %s DROP CONSTRAINT %I', part.member, part.conname);
    END LOOP;
    FOR old IN
        SELECT k.* FROM tenancy.adoption_keys k
          JOIN pg_index i ON i.indrelid = k.member
                         AND tenancy.index_body(i.indexrelid)
                             = tenancy.with_tenant(k.body, adoption.tenant_column)
          JOIN pg_class x ON x.oid = i.indexrelid AND x.relname = k.name
         WHERE k.relation = adoption.relation AND k.kind IN ('p', 'u', 'i') AND k.part_of IS NULL
         ORDER BY k.member::text COLLATE "C", k.name
    LOOP
        statements := statements || ARRAY(
            SELECT * FROM tenancy.plan_key_swap(old, old.body, old.definition,
                                                left(old.name, 50) || '_former'));
    END LOOP;
    FOR old IN
        SELECT k.* FROM tenancy.adoption_keys k
         WHERE k.relation = adoption.relation AND k.kind = 'f'
           AND NOT EXISTS (SELECT FROM pg_constraint c
                            WHERE c.conrelid = k.member AND c.contype = 'f'
                              AND pg_get_constraintdef(c.oid) IN (k.definition, k.definition || ' NOT VALID'))
           AND EXISTS (SELECT FROM pg_class c WHERE c.oid = k.member)
         ORDER BY k.member::text COLLATE "C", k.name
    LOOP
        statements := statements || format('ALTER TABLE %s ADD CONSTRAINT %I %s NOT VALID', old.member,
                                           old.name, old.definition);
        IF old.comment IS NOT NULL THEN
            statements := statements || format('COMMENT ON CONSTRAINT %I ON %s IS %L', old.name,
                                               old.member, old.comment);
        END IF;
    END LOOP;
    IF to_regprocedure(filler || '()') IS NOT NULL THEN
        FOR part IN SELECT * FROM tenancy.adoption_triggers(adoption) t LOOP
            statements := statements || format('DROP TRIGGER IF EXISTS %I ON %s', part.name, part.member);
        END LOOP;
        statements := statements || format('DROP FUNCTION %s()', filler);
    END IF;
    IF EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = adoption.relation
                  AND k.conname = 'tenancy_adopt_not_null') THEN
        statements := statements || format('ALTER TABLE %s DROP CONSTRAINT tenancy_adopt_not_null', name);
    END IF;
    -- With the column go the indexes that contain it.
    FOR part IN
        SELECT x.oid::regclass AS index
          FROM tenancy.family(adoption.relation) f
          JOIN pg_index i ON i.indrelid = f.member
          JOIN pg_class x ON x.oid = i.indexrelid
         WHERE NOT x.relispartition AND NOT adoption.made_column
           AND x.relname LIKE '%\_tenancy'
           AND tenancy.index_body(x.oid) LIKE format('USING %% (%s%%', replace(tenants, '_', '\_'))
           AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u'))
         ORDER BY 1
    LOOP
        statements := statements || format('DROP INDEX %s', part.index);
    END LOOP;
    IF adoption.made_column AND has_column THEN
        statements := statements || format('ALTER TABLE %s DROP COLUMN %s', name, tenants);
    ELSIF NOT adoption.made_column THEN
        IF adoption.old_default IS NOT NULL AND NOT EXISTS (
               SELECT FROM pg_attribute a WHERE a.attrelid = adoption.relation
                  AND a.attname = adoption.tenant_column AND a.atthasdef) THEN
            statements := statements || format('ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s', name,
                                               tenants, adoption.old_default);
        END IF;
        IF NOT adoption.old_not_null AND (SELECT a.attnotnull FROM pg_attribute a
                WHERE a.attrelid = adoption.relation AND a.attname = adoption.tenant_column) THEN
            statements := statements || format('ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL', name, tenants);
        END IF;
    END IF;
    IF statements <> '{}' THEN
        unit := 500; step := 'take back'; lock := 'ACCESS EXCLUSIVE, briefly'; in_transaction := true;
        statements := format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', name) || statements;
        FOREACH statement IN ARRAY statements LOOP
            RETURN NEXT;
        END LOOP;
    END IF;

    unit := 1000; step := 'validate foreign key'; lock := 'SHARE UPDATE EXCLUSIVE, ROW SHARE';
    in_transaction := true;
    FOR old IN
        SELECT k.* FROM tenancy.adoption_keys k
         WHERE k.relation = adoption.relation AND k.kind = 'f'
           AND EXISTS (SELECT FROM pg_class c WHERE c.oid = k.member)
           AND NOT EXISTS (SELECT FROM pg_constraint c
                            WHERE c.conrelid = k.member AND c.contype = 'f' AND c.convalidated
                              AND pg_get_constraintdef(c.oid) = k.definition)
         ORDER BY k.member::text COLLATE "C", k.name
    LOOP
        unit := unit + 1;
        statement := format('ALTER TABLE %s VALIDATE CONSTRAINT %I', old.member, old.name);
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.plan_rollback(tenancy.adoptions) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.plan_rollback(tenancy.adoptions) IS
'Internal: the part of adoption_statements() that restores what was before the adoption.';
