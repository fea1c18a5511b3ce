-- adopt(): what a table in use still lacks of an attached one, as statements in the order to run them.
-- SPDX-License-Identifier: PostgreSQL
--
-- Three phases. Expand adds beside what is there: column, tenants of the rows, NOT NULL, keys and foreign
-- keys led by the tenant. An application that knows of no tenants goes on, and one that does finds all it
-- needs. Cut-over, one short transaction, takes the old keys away and attaches. Rollback is the way back
-- from anywhere. What is left to do is always read from the catalog, never from a list of what was done,
-- so a crash at any instant loses nothing. Only what the catalog will no longer know is stored.
--
-- The statements are run as the table's owner (39_adopt_steps.sql). Their texts come from here alone,
-- never from a caller: an owner who could write them would have a superuser's adopt() run them.

CREATE TABLE tenancy.adoptions (
    relation regclass PRIMARY KEY,
    state text NOT NULL DEFAULT 'adopting' CHECK (state IN ('adopting', 'adopted', 'rolling_back')),
    tenant_column name NOT NULL,
    column_type regtype NOT NULL,
    default_tenant text COLLATE "C" NOT NULL,
    tenant_from name,
    tenant_map regclass,
    map_key name,
    map_tenant name,
    rebuild_keys boolean NOT NULL,
    fire_triggers boolean NOT NULL,
    made_column boolean NOT NULL,
    old_default text,
    old_not_null boolean NOT NULL,
    step text,
    backfilled boolean NOT NULL DEFAULT false,
    member regclass,
    next_block bigint NOT NULL DEFAULT 0,
    end_block bigint,
    retry_block bigint,
    blocks_done bigint NOT NULL DEFAULT 0,
    blocks_total bigint NOT NULL DEFAULT 0,
    rows_done bigint NOT NULL DEFAULT 0,
    rows_total bigint NOT NULL DEFAULT 0,
    backfill_time interval NOT NULL DEFAULT interval '0',
    last_error text,
    started_by name NOT NULL DEFAULT tenancy.calling_role(),
    started_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    updated_at timestamptz NOT NULL DEFAULT tenancy.clock_time()
);
COMMENT ON TABLE tenancy.adoptions IS
'Tables that adopt() works on or has adopted: how, how far, and what rollback_adoption() needs. tenancy.adoption_progress is easier to read.';

CREATE TABLE tenancy.adoption_keys (
    relation regclass NOT NULL,
    member regclass NOT NULL,
    name name NOT NULL,
    kind "char" NOT NULL CHECK (kind IN ('p', 'u', 'x', 'i', 'f')),
    part_of name,
    target regclass,
    body text,
    definition text,
    storage text,
    comment text,
    is_clustered boolean NOT NULL DEFAULT false,
    is_identity boolean NOT NULL DEFAULT false,
    PRIMARY KEY (relation, member, name)
);
COMMENT ON TABLE tenancy.adoption_keys IS
'Keys and foreign keys of adopted tables as they were before: what rollback_adoption() restores.';
REVOKE ALL ON tenancy.adoptions, tenancy.adoption_keys FROM PUBLIC;
-- The event trigger asks these for every role that creates a table.
GRANT SELECT (relation, state, tenant_map) ON tenancy.adoptions TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.adoptions', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.adoption_keys', '');

CREATE VIEW tenancy.adoption_progress AS
SELECT a.relation, a.state, a.step, a.rows_done, a.rows_total,
       CASE WHEN a.backfilled THEN 100.0
            ELSE round(100.0 * a.blocks_done / greatest(a.blocks_total, 1), 1) END AS percent,
       round((a.rows_done / nullif(extract(epoch FROM a.backfill_time), 0))::numeric, 0)
           AS rows_per_second,
       CASE WHEN a.blocks_done > 0 AND NOT a.backfilled
            THEN a.backfill_time * (greatest(a.blocks_total - a.blocks_done, 0)::float8
                                    / a.blocks_done) END AS time_left,
       a.last_error, a.started_by, a.started_at, a.updated_at
  FROM tenancy.adoptions a;
REVOKE ALL ON tenancy.adoption_progress FROM PUBLIC;
COMMENT ON VIEW tenancy.adoption_progress IS
'How far adopt() is with each table: state (adopting, adopted, rolling_back), the step it is at, rows given a tenant so far and an estimate of all (0 when the column came with its values), percent of the table''s blocks gone through, rate and estimated time of the backfill, and the last error.';

CREATE FUNCTION tenancy.is_adopting(relation regclass)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM tenancy.adoptions a
                    WHERE a.relation = is_adopting.relation AND a.state <> 'adopted')
        OR EXISTS (SELECT FROM pg_inherits i
                    WHERE i.inhrelid = is_adopting.relation AND tenancy.is_adopting(i.inhparent));
END
$$;
COMMENT ON FUNCTION tenancy.is_adopting(regclass) IS
'Internal: whether adopt() or its rollback is at work on a table, or on one it is a partition or child of.';

CREATE FUNCTION tenancy.adopted_column(relation regclass)
RETURNS name
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN coalesce(
        tenancy.attached_column(relation),
        (SELECT a.tenant_column FROM tenancy.adoptions a
          WHERE a.relation = coalesce(pg_partition_root(adopted_column.relation),
                                      adopted_column.relation)
            AND a.state <> 'rolling_back'));
END
$$;
REVOKE ALL ON FUNCTION tenancy.adopted_column(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.adopted_column(regclass) IS
'Internal: the tenant column of a table that is attached or being adopted, NULL when it is neither.';

CREATE FUNCTION tenancy.index_body(index regclass)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    -- What follows the table's name, which may contain anything, so that it is counted, not sought.
    SELECT substr(pg_get_indexdef(x.oid),
                  length(format('CREATE %sINDEX %I ON %s%I.%I ',
                                CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END, x.relname,
                                CASE x.relkind WHEN 'I' THEN 'ONLY ' ELSE '' END,
                                n.nspname, c.relname)) + 1)
      FROM pg_class x
      JOIN pg_index i ON i.indexrelid = x.oid
      JOIN pg_class c ON c.oid = i.indrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE x.oid = index_body.index
$$;
REVOKE ALL ON FUNCTION tenancy.index_body(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.index_body(regclass) IS
'Internal: the definition of an index without its name and table: USING method (columns) and what follows.';

CREATE FUNCTION tenancy.with_tenant(body text, tenant_column name)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
RETURN overlay(body PLACING format('(%I, ', tenant_column) FROM strpos(body, '(') FOR 1);
REVOKE ALL ON FUNCTION tenancy.with_tenant(text, name) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.with_tenant(text, name) IS
'Internal: the definition of an index or key, led by the tenant column.';

CREATE FUNCTION tenancy.find_index(relation regclass, body text)
RETURNS name
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT x.relname
      FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
     WHERE i.indrelid = find_index.relation AND i.indisunique AND i.indisvalid
       AND tenancy.index_body(x.oid) = find_index.body
     ORDER BY x.relname
     LIMIT 1
$$;
REVOKE ALL ON FUNCTION tenancy.find_index(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.find_index(regclass, text) IS
'Internal: the valid unique index of a table that has this definition, NULL when there is none.';

CREATE FUNCTION tenancy.save_keys(relation regclass, tenant_column name)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO tenancy.adoption_keys
           (relation, member, name, kind, part_of, body, definition, storage, comment,
            is_clustered, is_identity)
    SELECT save_keys.relation, i.indrelid, x.relname, coalesce(k.contype, 'i'),
           CASE WHEN x.relispartition
                THEN (SELECT r.relname FROM pg_class r WHERE r.oid = pg_partition_root(x.oid)) END,
           tenancy.index_body(x.oid), pg_get_constraintdef(k.oid),
           (SELECT format(' TABLESPACE %I', t.spcname) FROM pg_tablespace t
             WHERE t.oid = x.reltablespace),
           coalesce(obj_description(k.oid, 'pg_constraint'), obj_description(x.oid, 'pg_class')),
           i.indisclustered, i.indisreplident
      FROM tenancy.family(save_keys.relation) f
      JOIN pg_index i ON i.indrelid = f.member AND (i.indisunique OR i.indisexclusion)
                     AND i.indisvalid
      JOIN pg_class x ON x.oid = i.indexrelid
      LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')
      LEFT JOIN pg_attribute a ON a.attrelid = f.member AND a.attname = save_keys.tenant_column
                              AND NOT a.attisdropped
     WHERE a.attnum IS NULL OR a.attnum <> ALL ((i.indkey::int2[])[0:i.indnkeyatts - 1])
    ON CONFLICT DO NOTHING;

    INSERT INTO tenancy.adoption_keys
           (relation, member, name, kind, target, body, definition, comment)
    SELECT save_keys.relation, k.conrelid, k.conname, 'f', k.confrelid,
           -- What it refers to, which has to be there again when it comes back.
           tenancy.index_body(k.conindid), pg_get_constraintdef(k.oid),
           obj_description(k.oid, 'pg_constraint')
      FROM pg_constraint k
     WHERE k.contype = 'f' AND k.conparentid = 0
       AND (k.conrelid IN (SELECT f.member FROM tenancy.family(save_keys.relation) f)
            OR k.confrelid IN (SELECT f.member FROM tenancy.family(save_keys.relation) f))
       AND NOT EXISTS (SELECT FROM pg_attribute a
                        WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
                          AND a.attname = coalesce(tenancy.adopted_column(k.conrelid),
                                                   save_keys.tenant_column))
    ON CONFLICT DO NOTHING;
$$;
REVOKE ALL ON FUNCTION tenancy.save_keys(regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.save_keys(regclass, name) IS
'Internal: notes the keys and foreign keys of a table and its family that do not include the tenant, as they are.';

-- The composite foreign key that takes the place of an old one, or why none can.
CREATE FUNCTION tenancy.plan_foreign_key(adoption tenancy.adoptions, old tenancy.adoption_keys,
                                         OUT name name, OUT definition text, OUT obstacle text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    k pg_constraint;
    source_column name;
    target_column name;
    cols record;
BEGIN
    name := left(old.name, 50) || '_tenancy';
    SELECT * INTO k FROM pg_constraint c
     WHERE c.conrelid = old.member AND c.conname = old.name AND c.contype = 'f';
    source_column := CASE WHEN old.member IN (SELECT f.member FROM tenancy.family(adoption.relation) f)
                          THEN adoption.tenant_column ELSE tenancy.adopted_column(old.member) END;
    target_column := CASE WHEN old.target IN (SELECT f.member FROM tenancy.family(adoption.relation) f)
                          THEN adoption.tenant_column ELSE tenancy.adopted_column(old.target) END;
    SELECT string_agg(quote_ident(sa.attname), ', ' ORDER BY p.position) AS referencing,
           string_agg(quote_ident(da.attname), ', ' ORDER BY p.position) AS referenced,
           string_agg(quote_ident(sa.attname), ', ' ORDER BY p.position)
               FILTER (WHERE k.confdelsetcols IS NULL OR p.source = ANY (k.confdelsetcols)) AS emptied
      INTO cols
      FROM unnest(k.conkey, k.confkey) WITH ORDINALITY AS p(source, target, position)
      JOIN pg_attribute sa ON sa.attrelid = k.conrelid AND sa.attnum = p.source
      JOIN pg_attribute da ON da.attrelid = k.confrelid AND da.attnum = p.target;
    obstacle := CASE
        WHEN NOT adoption.rebuild_keys THEN 'keys are not rebuilt'
        WHEN source_column IS NULL THEN format('table %s has not been adopted', old.member)
        WHEN target_column IS NULL THEN format('table %s has not been adopted', old.target)
        WHEN NOT pg_has_role((SELECT c.relowner FROM pg_class c WHERE c.oid = adoption.relation),
                             (SELECT c.relowner FROM pg_class c WHERE c.oid = old.member), 'USAGE')
          OR NOT pg_has_role((SELECT c.relowner FROM pg_class c WHERE c.oid = adoption.relation),
                             (SELECT c.relowner FROM pg_class c WHERE c.oid = old.target), 'USAGE')
            THEN 'its tables have different owners'
        WHEN current_setting('server_version_num')::integer < 180000
             AND (SELECT c.relkind FROM pg_class c WHERE c.oid = old.member) = 'p'
            THEN 'before PostgreSQL 18, a foreign key of a partitioned table cannot be added without a long lock'
        WHEN k.confupdtype IN ('n', 'd') THEN 'its ON UPDATE action would empty the tenant'
        WHEN k.confmatchtype = 'f' AND cardinality(k.conkey) > 1 THEN 'it is MATCH FULL'
        -- Of this adoption: as it will be; of other tables: as it is.
        WHEN EXISTS (SELECT FROM pg_attribute a
                      WHERE a.attrelid IN (old.member, old.target)
                        AND a.attrelid NOT IN (SELECT f.member FROM tenancy.family(adoption.relation) f)
                        AND a.attname IN (source_column, target_column)
                        AND (NOT a.attnotnull OR a.atttypid <> adoption.column_type))
            THEN 'the tenant column of the other table may be null or is of another type'
        -- The key it refers to comes with this adoption, or has to be there.
        WHEN EXISTS (SELECT FROM tenancy.adoption_keys t JOIN pg_class x ON x.relname = t.name
                      WHERE t.relation = adoption.relation AND t.member = old.target
                        AND x.oid = k.conindid AND t.kind IN ('p', 'u', 'i')
                        AND coalesce(t.definition, '') !~ ' DEFERRABLE') THEN NULL
        WHEN EXISTS (SELECT FROM pg_index i
                       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = target_column
                      WHERE i.indrelid = old.target AND i.indisunique AND i.indisvalid
                        AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
                        AND i.indnkeyatts = cardinality(k.confkey) + 1
                        AND (i.indkey::int2[])[0:i.indnkeyatts - 1] @> (k.confkey || a.attnum)) THEN NULL
        ELSE format('table %s has no unique key of the tenant and the columns it refers to', old.target)
    END;
    IF obstacle IS NOT NULL THEN
        RETURN;
    END IF;
    definition := format('FOREIGN KEY (%I, %s) REFERENCES %s (%I, %s)', source_column, cols.referencing,
                         old.target, target_column, cols.referenced)
        || CASE k.confupdtype WHEN 'c' THEN ' ON UPDATE CASCADE' WHEN 'r' THEN ' ON UPDATE RESTRICT'
                              ELSE '' END
        -- The tenant stays when the reference goes.
        || CASE k.confdeltype WHEN 'c' THEN ' ON DELETE CASCADE' WHEN 'r' THEN ' ON DELETE RESTRICT'
                              WHEN 'n' THEN format(' ON DELETE SET NULL (%s)', cols.emptied)
                              WHEN 'd' THEN format(' ON DELETE SET DEFAULT (%s)', cols.emptied)
                              ELSE '' END
        || CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END
        || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END;
END
$$;
REVOKE ALL ON FUNCTION tenancy.plan_foreign_key(tenancy.adoptions, tenancy.adoption_keys) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.plan_foreign_key(tenancy.adoptions, tenancy.adoption_keys) IS
'Internal: the foreign key with the tenant that takes the place of an old one, and what stands against it.';

CREATE FUNCTION tenancy.key_obstacle(adoption tenancy.adoptions, old tenancy.adoption_keys)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    index_oid oid := (SELECT x.oid FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                       WHERE i.indrelid = old.member AND x.relname = old.name);
    blocker text;
BEGIN
    IF NOT adoption.rebuild_keys THEN
        RETURN 'keys are not rebuilt';
    ELSIF old.kind = 'x' THEN
        RETURN 'an exclusion constraint cannot be built without a long lock';
    ELSIF old.definition ~ ' DEFERRABLE' THEN
        RETURN 'a deferrable constraint cannot be built beside the old one';
    END IF;
    SELECT format('view %s needs it', r.ev_class::regclass) INTO blocker
      FROM pg_depend d
      JOIN pg_constraint k ON k.oid = d.refobjid AND k.conindid = index_oid
      JOIN pg_rewrite r ON r.oid = d.objid
     WHERE d.refclassid = 'pg_constraint'::regclass AND d.classid = 'pg_rewrite'::regclass
     ORDER BY 1 LIMIT 1;
    IF blocker IS NOT NULL THEN
        RETURN blocker;
    END IF;
    SELECT format('foreign key %I on %s refers to it: %s', f.conname, f.conrelid::regclass,
                  coalesce(p.obstacle, 'it was made after the adoption began'))
      INTO blocker
      FROM pg_constraint f
      LEFT JOIN tenancy.adoption_keys s ON s.relation = adoption.relation AND s.kind = 'f'
                                       AND s.member = f.conrelid AND s.name = f.conname
      LEFT JOIN LATERAL tenancy.plan_foreign_key(adoption, s) p ON s.name IS NOT NULL
     WHERE f.contype = 'f' AND f.conparentid = 0 AND f.conindid = index_oid
       AND (s.name IS NULL OR p.obstacle IS NOT NULL)
     ORDER BY 1 LIMIT 1;
    RETURN blocker;
END
$$;
REVOKE ALL ON FUNCTION tenancy.key_obstacle(tenancy.adoptions, tenancy.adoption_keys) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.key_obstacle(tenancy.adoptions, tenancy.adoption_keys) IS
'Internal: why an old key stays when its table is cut over, NULL when nothing stands against replacing it.';

CREATE FUNCTION tenancy.adoption_function(adoption tenancy.adoptions)
RETURNS name
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN coalesce(tenancy.tenant_function(adoption.relation, adoption.tenant_column),
                CASE adoption.column_type WHEN 'uuid'::regtype THEN 'current_tenant_uuid'
                     WHEN 'bigint'::regtype THEN 'current_tenant_bigint'
                     WHEN 'integer'::regtype THEN 'current_tenant_int'
                     ELSE 'current_tenant_text' END::name);
REVOKE ALL ON FUNCTION tenancy.adoption_function(tenancy.adoptions) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.adoption_function(tenancy.adoptions) IS
'Internal: the current_tenant_*() function of the column, also before it is there.';

-- The function belongs to the table's owner: it reads what the owner may read, whoever writes the row.
CREATE FUNCTION tenancy.adoption_filler(adoption tenancy.adoptions, OUT function text, OUT value text,
                                        OUT definition text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    SELECT format('%I.%I', n.nspname, left(c.relname, 40) || '_tenancy_adopt') INTO function
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = adoption.relation;
    value := format('coalesce(%stenancy.%I(), %L::%s)',
        CASE WHEN adoption.tenant_map IS NOT NULL
             THEN format('(SELECT m.%I::%s FROM %s m WHERE m.%I = t.%I), ', adoption.map_tenant,
                         adoption.column_type, adoption.tenant_map, adoption.map_key,
                         adoption.tenant_from)
             WHEN adoption.tenant_from IS NOT NULL
             THEN format('nullif(t.%I::text, '''')::%s, ', adoption.tenant_from, adoption.column_type)
             ELSE '' END,
        tenancy.adoption_function(adoption), adoption.default_tenant, adoption.column_type);
    definition := format(
        'CREATE OR REPLACE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
        'SET search_path = pg_catalog, pg_temp AS %L', function,
        format('BEGIN NEW.%I := (SELECT %s FROM (SELECT NEW.*) t); RETURN NEW; END',
               adoption.tenant_column, value));
END
$$;
REVOKE ALL ON FUNCTION tenancy.adoption_filler(tenancy.adoptions) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.adoption_filler(tenancy.adoptions) IS
'Internal: the expression that gives a row t its tenant, and the trigger function that gives it to rows written meanwhile.';

CREATE FUNCTION tenancy.adoption_triggers(adoption tenancy.adoptions)
RETURNS TABLE(member regclass, name name, statement text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT f.member, t.name, format('CREATE TRIGGER %I BEFORE %s ON %s FOR EACH ROW WHEN (%s) '
                                    'EXECUTE FUNCTION %s()', t.name, t.event, f.member, t.condition,
                                    (tenancy.adoption_filler(adoption)).function)
      FROM tenancy.family(adoption.relation) f
      -- Partitions get those of their parent.
      JOIN pg_class c ON c.oid = f.member AND NOT c.relispartition
      CROSS JOIN LATERAL (
          VALUES ('tenancy_adopt_fill'::name, 'INSERT OR UPDATE',
                  format('NEW.%I IS NULL', adoption.tenant_column)),
                 -- A row that goes to another customer goes to its tenant.
                 ('tenancy_adopt_follow', 'UPDATE OF ' || quote_ident(adoption.tenant_from),
                  format('NEW.%1$s IS DISTINCT FROM OLD.%1$s AND NEW.%2$I IS NOT DISTINCT FROM OLD.%2$I',
                         quote_ident(adoption.tenant_from), adoption.tenant_column)))
                 AS t(name, event, condition)
     WHERE t.event IS NOT NULL
     ORDER BY f.depth, f.member::text COLLATE "C", t.name
$$;
REVOKE ALL ON FUNCTION tenancy.adoption_triggers(tenancy.adoptions) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.adoption_triggers(tenancy.adoptions) IS
'Internal: the triggers that give rows written meanwhile their tenant.';
