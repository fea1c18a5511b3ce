-- prove_isolation(), continued: rows that a table accepts, made from its types, constraints and keys.
-- SPDX-License-Identifier: PostgreSQL
--
-- A value for each column comes from its type; where a CHECK or a partition bound refuses it, the
-- literals in there are tried, the columns that the refused constraint names first. Nothing is left to
-- a default that computes, so no sequence moves. What cannot be made is an error that says why.

CREATE FUNCTION tenancy.prove_fits(value text, type regtype, modifier integer)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('SELECT %L::%s', value, format_type(type, modifier));
    RETURN true;
EXCEPTION WHEN OTHERS THEN
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION tenancy.prove_fits(text, regtype, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_fits(text, regtype, integer) IS
'Internal: whether a text is a value of a type.';

-- n makes values of keys differ from each other and from what is there; place is the column's number,
-- so that of two dates the later column has the later one.
CREATE FUNCTION tenancy.prove_values(type regtype, modifier integer, n integer, place integer, is_key boolean)
RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    t pg_type;
    inner_values text[];
    next_values text[];
    digits text := lpad(n::text, 8, '0');
    letters text := translate(right(digits, 6), '0123456789', 'ABCDEFGHIJ');
    day date := CASE WHEN is_key THEN date '2900-01-01' + n % 300000 ELSE date '2020-01-01' + place END;
    size integer;
    precision_left integer;
BEGIN
    SELECT * FROM pg_type y WHERE y.oid = type INTO t;
    IF t.typtype = 'd' THEN
        inner_values := tenancy.prove_values(t.typbasetype, t.typtypmod, n, place, is_key);
        RETURN inner_values || ARRAY(
            SELECT l FROM pg_constraint k,
                   tenancy.prove_literals(pg_get_constraintdef(k.oid), t.typbasetype, t.typtypmod) l
             WHERE k.contypid = t.oid);
    ELSIF t.typtype = 'e' THEN
        RETURN ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid
                      ORDER BY e.enumsortorder);
    ELSIF t.typtype IN ('r', 'm') THEN
        SELECT tenancy.prove_values(r.rngsubtype, -1, n, place, is_key),
               tenancy.prove_values(r.rngsubtype, -1, n + 1, place + 1, is_key)
          FROM pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
          INTO inner_values, next_values;
        RETURN ARRAY[format(CASE t.typtype WHEN 'r' THEN '["%s","%s")' ELSE '{["%s","%s")}' END,
                            inner_values[1], next_values[1])];
    ELSIF t.typcategory = 'A' AND t.typelem <> 0 THEN
        inner_values := tenancy.prove_values(t.typelem, modifier, n, place, is_key);
        RETURN ARRAY['{"' || regexp_replace(inner_values[1], '(["\\])', '\\\1', 'g') || '"}', '{}'];
    ELSIF t.typtype = 'c' THEN
        RETURN ARRAY[(SELECT '(' || repeat(',', count(*)::integer - 1) || ')' FROM pg_attribute a
                       WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)];
    END IF;
    CASE
    WHEN t.typname IN ('text', 'varchar', 'bpchar', 'citext', 'name') THEN
        size := CASE WHEN modifier > 4 THEN modifier - 4 ELSE 60 END;
        RETURN ARRAY(
            SELECT v.value FROM unnest(ARRAY[
                right('prove' || digits, size), 'p' || digits || '@example.com',
                'https://example.com/' || digits, digits, '+1555' || digits, letters,
                right(letters, 3), right(letters, 2), right(digits, 1), 'UTC', 'en']) v(value)
             WHERE length(v.value) <= size);
    WHEN t.typname = 'bool' THEN
        RETURN '{f,t}';
    WHEN t.typname = 'int2' THEN
        RETURN ARRAY[CASE WHEN is_key THEN 30000 + n % 2767 ELSE 1 END::text, '0'];
    WHEN t.typname IN ('int4', 'oid') THEN
        RETURN ARRAY[CASE WHEN is_key THEN 2000000000 + n ELSE 1 END::text, (n % 100)::text, '0'];
    WHEN t.typname = 'int8' THEN
        RETURN ARRAY[CASE WHEN is_key THEN 9000000000000000 + n ELSE 1 END::text, (n % 100)::text, '0'];
    WHEN t.typname = 'numeric' THEN
        precision_left := CASE WHEN modifier > 4 THEN least(8,
            (((modifier - 4) >> 16) & 65535) - ((((modifier - 4) & 2047) # 1024) - 1024)) ELSE 8 END;
        RETURN ARRAY[CASE WHEN precision_left <= 0 THEN 0 WHEN is_key THEN n % (10 ^ precision_left)::integer
                          ELSE 1 END::text, '0'];
    WHEN t.typname IN ('float4', 'float8', 'money') THEN
        RETURN ARRAY[CASE WHEN is_key THEN n % 1000000 ELSE 1 END::text, '0'];
    WHEN t.typname = 'uuid' THEN
        RETURN ARRAY[md5(concat_ws(' ', n, place))::uuid::text];
    WHEN t.typname = 'date' THEN
        RETURN ARRAY[day::text, current_date::text];
    WHEN t.typname IN ('timestamp', 'timestamptz') THEN
        RETURN ARRAY[day::text, current_date::text];
    WHEN t.typname IN ('time', 'timetz') THEN
        RETURN ARRAY[(time '00:00' + make_interval(secs => CASE WHEN is_key THEN n % 86400 ELSE place END))::text];
    WHEN t.typname = 'interval' THEN
        RETURN ARRAY[make_interval(secs => CASE WHEN is_key THEN n ELSE place END)::text, '1 day'];
    WHEN t.typname IN ('json', 'jsonb') THEN
        RETURN ARRAY[format('{"n": %s}', n), '{}', '[]'];
    WHEN t.typname = 'bytea' THEN
        RETURN ARRAY['\x' || digits];
    WHEN t.typname = 'xml' THEN
        RETURN ARRAY[format('<n>%s</n>', n)];
    WHEN t.typname IN ('inet', 'cidr') THEN
        RETURN ARRAY[host('10.0.0.0'::inet + n)];
    WHEN t.typname = 'macaddr' THEN
        RETURN ARRAY['020000' || right(digits, 6)];
    WHEN t.typname = 'macaddr8' THEN
        RETURN ARRAY['02000000' || digits];
    WHEN t.typname IN ('bit', 'varbit') THEN
        size := greatest(modifier, 1);
        RETURN ARRAY[right(lpad(n::bit(32)::text, greatest(size, 32), '0'), size)];
    WHEN t.typname = 'point' THEN
        RETURN ARRAY[format('(0,%s)', n)];
    WHEN t.typname IN ('box', 'lseg', 'path', 'polygon') THEN
        RETURN ARRAY[format('((0,%s),(1,%s))', n, n + 0.5)];
    WHEN t.typname = 'line' THEN
        RETURN ARRAY[format('{1,1,%s}', n)];
    WHEN t.typname = 'circle' THEN
        RETURN ARRAY[format('<(0,%s),0.1>', n)];
    WHEN t.typname IN ('tsvector', 'tsquery', 'ltree') THEN
        RETURN ARRAY['prove' || digits];
    WHEN t.typname = 'hstore' THEN
        RETURN ARRAY[format('n=>%s', n), ''];
    WHEN t.typname = 'pg_lsn' THEN
        RETURN ARRAY['0/' || digits];
    WHEN t.typname = 'jsonpath' THEN
        RETURN ARRAY['$'];
    WHEN t.typname IN ('vector', 'halfvec') THEN
        RETURN ARRAY['[' || n || repeat(',0', greatest(modifier, 1) - 1) || ']'];
    WHEN t.typname IN ('geometry', 'geography') THEN
        RETURN ARRAY[format('POINT(%s 0)', n % 180)];
    ELSE
        RETURN '{}';
    END CASE;
END
$$;
REVOKE ALL ON FUNCTION tenancy.prove_values(regtype, integer, integer, integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_values(regtype, integer, integer, integer, boolean) IS
'Internal: values of a type to try, the best first; none for a type it does not know.';

CREATE FUNCTION tenancy.prove_literals(definition text, type regtype, modifier integer)
RETURNS SETOF text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    category "char" := (SELECT y.typcategory FROM pg_type y WHERE y.oid = type);
    literal text;
    candidate text;
BEGIN
    FOR literal IN
        SELECT replace(m.found[1], '''''', '''')
          FROM regexp_matches(definition, '''((?:[^'']|'''')*)''', 'g') AS m(found)
        UNION
        SELECT m.found[1] FROM regexp_matches(definition, '(?<![\w''.])(-?\d+(?:\.\d+)?)(?![\w''])', 'g') AS m(found)
         LIMIT 40
    LOOP
        FOREACH candidate IN ARRAY CASE
            WHEN category = 'N' AND literal ~ '^-?\d+(\.\d+)?$'
            THEN ARRAY[literal, (literal::numeric + 1)::text, (literal::numeric - 1)::text]
            WHEN category = 'D' THEN ARRAY[literal, literal || ' + 1', literal || ' - 1']
            WHEN category = 'S' AND literal ~ '^\d{1,4}$' THEN ARRAY[literal, repeat('p', literal::integer)]
            ELSE ARRAY[literal] END
        LOOP
            IF category = 'D' AND candidate ~ ' [+-] 1$' THEN
                CONTINUE WHEN NOT tenancy.prove_fits(literal, 'timestamp', -1);
                candidate := literal::timestamp
                    + CASE WHEN candidate LIKE '% + 1' THEN interval '1 day' ELSE interval '-1 day' END;
            END IF;
            IF tenancy.prove_fits(candidate, type, modifier) THEN
                RETURN NEXT candidate;
            END IF;
        END LOOP;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.prove_literals(text, regtype, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_literals(text, regtype, integer) IS
'Internal: the literals of a constraint, and their neighbours, that are values of a type.';

CREATE FUNCTION tenancy.prove_columns(relation regclass, n integer, fixed jsonb)
RETURNS TABLE(number smallint, name name, candidates text[])
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH bounds AS MATERIALIZED (
        -- What a row must be to find a partition, or to belong into this one.
        SELECT pg_get_partition_constraintdef(i.relid) AS definition
          FROM pg_partition_tree(prove_columns.relation) i WHERE i.isleaf
         UNION ALL
        SELECT pg_get_partition_constraintdef(prove_columns.relation)
         LIMIT 100)
    SELECT a.attnum, a.attname,
           CASE WHEN prove_columns.fixed ? a.attname::text
                THEN ARRAY[prove_columns.fixed ->> a.attname]
                ELSE ARRAY(SELECT u.value FROM unnest(
                         -- A constant default usually pleases the constraints.
                         CASE WHEN NOT k.is_key THEN ARRAY(
                             SELECT coalesce(replace(m.found[1], '''''', ''''), m.found[2])
                               FROM pg_attrdef d,
                                    regexp_matches(pg_get_expr(d.adbin, d.adrelid),
                                        '^(?:''((?:[^'']|'''')*)''(?:::[\w "\[\]().]+)?|(-?\d+(?:\.\d+)?|true|false))$') AS m(found)
                              WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) ELSE '{}' END
                         || tenancy.prove_values(a.atttypid, a.atttypmod, prove_columns.n, a.attnum, k.is_key)
                         || ARRAY(SELECT l FROM pg_constraint c,
                                         tenancy.prove_literals(pg_get_constraintdef(c.oid), a.atttypid, a.atttypmod) l
                                   WHERE c.conrelid = a.attrelid AND c.contype = 'c' AND a.attnum = ANY (c.conkey))
                         || ARRAY(SELECT l FROM bounds b,
                                         tenancy.prove_literals(b.definition, a.atttypid, a.atttypmod) l
                                   WHERE b.definition ~ ('\m' || regexp_replace(a.attname, '(\W)', '\\\1', 'g') || '\M'))
                         || CASE WHEN NOT a.attnotnull THEN ARRAY[NULL::text] ELSE '{}' END)
                         WITH ORDINALITY AS u(value, place)
                      GROUP BY u.value ORDER BY min(u.place)) END
      FROM pg_attribute a
     CROSS JOIN LATERAL (SELECT EXISTS (
               SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND (i.indisunique OR i.indisexclusion)
                  AND (a.attnum = ANY (i.indkey) OR 0 = ANY (i.indkey))) AS is_key) k
     WHERE a.attrelid = prove_columns.relation AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attgenerated = ''
     ORDER BY a.attnum
$$;
REVOKE ALL ON FUNCTION tenancy.prove_columns(regclass, integer, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_columns(regclass, integer, jsonb) IS
'Internal: the columns that an INSERT may name, each with values to try, the best first.';

CREATE FUNCTION tenancy.prove_parents(relation regclass, tenant text, fixed jsonb, path oid[],
                                      INOUT made jsonb, OUT completed jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key record;
    wanted jsonb;
    parent jsonb;
    slot text;
BEGIN
    completed := fixed;
    FOR key IN
        SELECT k.conname, k.confrelid,
               array_agg(ca.attname::text ORDER BY p.place) AS source,
               array_agg(pa.attname::text ORDER BY p.place) AS target,
               bool_and(ca.attnotnull) AS required
          FROM pg_constraint k
          CROSS JOIN unnest(k.conkey, k.confkey) WITH ORDINALITY AS p(source, target, place)
          JOIN pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = p.source
          JOIN pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = p.target
         WHERE k.conrelid = relation AND k.contype = 'f'
           -- Those of a partitioned table that is referred to stand for its partitions.
           AND NOT EXISTS (SELECT FROM pg_constraint up
                            WHERE up.oid = k.conparentid AND up.conrelid = k.conrelid)
         GROUP BY k.oid ORDER BY k.conname
    LOOP
        SELECT jsonb_object_agg(s.target, completed -> s.source)
          FROM unnest(key.source, key.target) AS s(source, target)
         WHERE completed ? s.source INTO wanted;
        wanted := coalesce(wanted, '{}');
        parent := NULL;
        slot := concat_ws(' ', key.confrelid, tenant);
        BEGIN
            IF key.confrelid = relation OR key.confrelid = ANY (path) THEN
                RAISE EXCEPTION 'foreign key "%" goes round in a circle', key.conname;
            END IF;
            -- Compared as text: a tenant may be a number in one table and text in another.
            SELECT e FROM jsonb_array_elements(made -> slot) e
             WHERE NOT EXISTS (SELECT FROM jsonb_each_text(wanted) w
                                WHERE e ->> w.key IS DISTINCT FROM w.value)
             LIMIT 1 INTO parent;
            IF parent IS NULL THEN
                SELECT r.made, r.made_row
                  FROM tenancy.prove_row(key.confrelid, tenant, wanted, path || relation::oid, made) r
                  INTO made, parent;
                made := made || jsonb_build_object(slot, coalesce(made -> slot, '[]') || parent);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            IF key.required THEN
                RAISE;
            END IF;
        END;
        SELECT completed || jsonb_object_agg(s.source, parent -> s.target)
          FROM unnest(key.source, key.target) AS s(source, target)
          JOIN pg_attribute a ON a.attrelid = relation AND a.attname = s.source
         -- Without a parent: one null is enough, and the tenant is no null.
         WHERE parent IS NOT NULL OR NOT a.attnotnull AND NOT completed ? s.source
        HAVING count(*) > 0
          INTO wanted;
        completed := coalesce(wanted, completed);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.prove_parents(regclass, text, jsonb, oid[], jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_parents(regclass, text, jsonb, oid[], jsonb) IS
'Internal: makes the rows that a row of a table must refer to, and adds the referring columns to those that are fixed.';

CREATE FUNCTION tenancy.prove_row(relation regclass, tenant text, fixed jsonb, path oid[],
                                  INOUT made jsonb, OUT made_row jsonb)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    tenant_column name := coalesce(tenancy.attached_column(relation),
        (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = relation AND NOT a.attisdropped
            AND a.attname = tenancy.default_tenant_column()));
    n integer := (random() * 9000000)::integer;
    chosen text[];
    sizes integer[];
    places integer[];
    names name[];
    concerned name[];
    collisions integer := 0;
    message text;
    state text;
    constraint_name text;
    column_name text;
    i integer;
BEGIN
    IF tenant_column IS NOT NULL THEN
        fixed := fixed || jsonb_build_object(tenant_column, tenant);
    END IF;
    SELECT p.made, p.completed FROM tenancy.prove_parents(relation, tenant, fixed, path, made) p
      INTO made, fixed;
    FOR attempt IN 1..60 LOOP
        SELECT array_agg(c.name ORDER BY c.number), array_agg(cardinality(c.candidates) ORDER BY c.number),
               array_agg(c.candidates[1 + coalesce(places[c.place], 0)] ORDER BY c.number),
               array_agg(coalesce(places[c.place], 0) ORDER BY c.number)
          FROM (SELECT row_number() OVER (ORDER BY p.number)::integer AS place, p.*
                  FROM tenancy.prove_columns(relation, n, fixed) p
                 WHERE cardinality(p.candidates) > 0) c
          INTO names, sizes, chosen, places;
        BEGIN
            EXECUTE (SELECT format('INSERT INTO %s AS made (%s) OVERRIDING SYSTEM VALUE VALUES (%s) RETURNING to_jsonb(made)',
                                   relation, string_agg(quote_ident(c.name), ', ' ORDER BY c.place),
                                   string_agg(quote_nullable(c.value), ', ' ORDER BY c.place))
                       FROM unnest(names, chosen) WITH ORDINALITY AS c(name, value, place))
               INTO made_row;
            IF made_row IS NULL THEN
                RAISE EXCEPTION USING ERRCODE = 'no_data', MESSAGE = 'the table took no row';
            END IF;
            RETURN;
        EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, state = RETURNED_SQLSTATE,
                constraint_name = CONSTRAINT_NAME, column_name = COLUMN_NAME;
        END;
        IF state IN ('23505', '23P01') AND collisions < 5 THEN
            collisions := collisions + 1;
            n := (random() * 9000000)::integer;
            CONTINUE;
        END IF;
        -- The next combination of the columns that the refusal is about.
        concerned := ARRAY(SELECT a.attname FROM pg_constraint k
                             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
                            WHERE k.conname = constraint_name AND k.contype = 'c'
                              AND k.conrelid IN (SELECT f.member FROM tenancy.family(relation) f));
        IF concerned = '{}' AND column_name = ANY (names) THEN
            concerned := ARRAY[column_name];
        END IF;
        i := 1;
        WHILE i <= cardinality(names) LOOP
            IF concerned = '{}' OR names[i] = ANY (concerned) THEN
                places[i] := (places[i] + 1) % sizes[i];
                EXIT WHEN places[i] > 0;
            END IF;
            i := i + 1;
        END LOOP;
        EXIT WHEN i > cardinality(names);
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = coalesce(state, '23514'), MESSAGE = message;
END
$$;
REVOKE ALL ON FUNCTION tenancy.prove_row(regclass, text, jsonb, oid[], jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_row(regclass, text, jsonb, oid[], jsonb) IS
'Internal: inserts a row of a tenant into a table, with the rows it refers to, and returns it. Errors: that of the last of 60 attempts.';
