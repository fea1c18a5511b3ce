-- prove_isolation(), continued: the attacks of one role on one table, and what their results mean.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.prove_judge(attack text, control jsonb, tried jsonb, last_step integer,
    OUT outcome text, OUT detail text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    state CONSTANT text := tried ->> 'state';
    found CONSTANT bigint := tried ->> 'found';
BEGIN
    detail := tried ->> 'message';
    IF control IS NOT NULL AND coalesce(control ->> 'state', '') <> 'TYPEE' AND (control ->> 'found')::bigint = 0 THEN
        outcome := 'not tried';
        detail := coalesce('it does not work on the role''s own row: ' || (control ->> 'message'),
                           'it has no effect on the role''s own row');
    ELSIF (tried ->> 'failed_at')::integer BETWEEN 1 AND last_step - 1 THEN
        outcome := 'not tried';
    ELSIF state = 'TYPEE' THEN
        outcome := 'BROKEN';
        detail := 'a function in WHERE was given a row of the other tenant';
    ELSIF state IS NULL THEN
        outcome := CASE WHEN found > 0 THEN 'BROKEN' ELSE 'held' END;
        detail := CASE WHEN found > 0 THEN format('%s rows', found) END;
    ELSIF control IS NULL AND state = '42501' THEN
        -- For want of a privilege, perhaps.
        outcome := 'not tried';
    ELSIF state = '42501' OR state IN ('55006', '55000') AND attack = 'cursor'
          OR state = '55000' AND attack LIKE 'no_tenant_%' THEN
        outcome := 'held';
    ELSIF state LIKE '23%' AND attack <> 'on_conflict' THEN
        -- The wall is asked before constraints are.
        outcome := 'BROKEN';
        detail := 'stopped only by a constraint: ' || detail;
    ELSE
        outcome := 'not tried';
        detail := format('%s (%s)', detail, state);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.prove_judge(text, jsonb, jsonb, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_judge(text, jsonb, jsonb, integer) IS
'Internal: what the results of an attack, and of the same statement aimed at the own row, mean.';

CREATE FUNCTION tenancy.prove_has_triggers(relation regclass)
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM pg_trigger t
                WHERE t.tgrelid IN (SELECT f.member FROM tenancy.family(relation) f)
                  AND NOT t.tgisinternal AND t.tgenabled <> 'D');
REVOKE ALL ON FUNCTION tenancy.prove_has_triggers(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_has_triggers(regclass) IS
'Internal: whether a table, or one below it, has triggers of the application.';

CREATE FUNCTION tenancy.prove_attacks(relation regclass, tenant_column name, attacker name,
    bypasses boolean, pair text[], pair_rows jsonb[], reason text, unknown text)
RETURNS TABLE(attack text, outcome text, detail text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    own CONSTANT text := pair[1];
    other CONSTANT text := pair[2];
    is_filled CONSTANT boolean := cardinality(pair) = 2;
    own_row CONSTANT text := quote_literal(pair_rows[1]);
    other_row text := quote_literal(pair_rows[2]);
    col CONSTANT text := quote_ident(tenant_column);
    columns text;
    source_columns text;
    arbiter text;
    arbiter_is_scoped boolean;
    form record;
    control jsonb;
    tried jsonb;
    arguments text[];
    steps text[];
    key record;
BEGIN
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
           string_agg('s.' || quote_ident(a.attname), ', ' ORDER BY a.attnum)
      FROM pg_attribute a
     WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      INTO columns, source_columns;
    SELECT string_agg(quote_ident(a.attname), ', '), bool_or(a.attname = tenant_column)
      FROM pg_index i
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
     WHERE i.indrelid = relation AND i.indisunique AND i.indimmediate AND i.indisvalid
       AND i.indpred IS NULL AND i.indexprs IS NULL
     GROUP BY i.indexrelid
     -- A key without the tenant is where another tenant's row can be hit at all.
     ORDER BY 2, i.indexrelid LIMIT 1 INTO arbiter, arbiter_is_scoped;

    -- The same statement for control and attack: only whom it is aimed at differs.
    FOR form IN
        SELECT * FROM (VALUES
            ('read', false, 'SELECT FROM %1$s WHERE %3$s'),
            ('count', false, 'SELECT FROM (SELECT count(*) FILTER (WHERE %3$s) AS n FROM %1$s) c WHERE n > 0'),
            ('lock', false, 'SELECT FROM %1$s WHERE %3$s FOR UPDATE'),
            ('condition', false, 'SELECT FROM %1$s WHERE pg_temp.tenancy_prove_peek(%2$s::text, %7$s)'),
            ('view', false, 'SELECT FROM pg_temp.tenancy_prove_view WHERE %3$s'),
            ('function', false, 'SELECT FROM pg_temp.tenancy_prove_function() AS f(%2$s) WHERE %3$s'),
            ('copy', false, 'COPY (SELECT 1 FROM %1$s WHERE %3$s) TO ''/dev/null'''),
            ('update', false, 'UPDATE %1$s SET %2$s = %2$s WHERE %3$s'),
            ('delete', false, 'DELETE FROM %1$s WHERE %3$s'),
            ('merge', false, 'MERGE INTO %1$s USING (SELECT) s ON %3$s WHEN MATCHED THEN DELETE'),
            ('insert', true, 'INSERT INTO %1$s (%5$s) OVERRIDING SYSTEM VALUE SELECT %5$s FROM jsonb_populate_record(NULL::%1$s, %4$s)'),
            ('merge_insert', true, 'MERGE INTO %1$s USING jsonb_populate_record(NULL::%1$s, %4$s) s ON false WHEN NOT MATCHED THEN INSERT (%5$s) OVERRIDING SYSTEM VALUE VALUES (%6$s)'),
            ('move', false, 'UPDATE %1$s SET %2$s = %7$s WHERE %2$s = %8$s'),
            ('on_conflict', false, 'INSERT INTO %1$s (%5$s) OVERRIDING SYSTEM VALUE SELECT %5$s FROM jsonb_populate_record(NULL::%1$s, %4$s) ON CONFLICT (%9$s) DO UPDATE SET %2$s = EXCLUDED.%2$s')
            ) AS f(name, is_absent, template)
    LOOP
        attack := form.name;
        IF NOT is_filled AND (reason LIKE 'not tried: %' OR form.name NOT IN ('read', 'count', 'view', 'function', 'copy')) THEN
            outcome := 'not tried';
            detail := replace(reason, 'not tried: ', '');
            RETURN NEXT;
            CONTINUE;
        END IF;
        IF form.name = 'on_conflict' AND arbiter IS NULL THEN
            outcome := 'not tried';
            detail := 'the table has no unique key that ON CONFLICT could name';
            RETURN NEXT;
            CONTINUE;
        END IF;
        control := NULL;
        IF is_filled THEN
            arguments := ARRAY[relation::text, col, format('%s = %L', col, own), own_row, columns,
                               source_columns, quote_literal(own), quote_literal(own), arbiter];
            steps := ARRAY[ARRAY['attacker', own, format(form.template, VARIADIC arguments)]];
            IF form.is_absent THEN
                steps := ARRAY[ARRAY['caller', own, format('DELETE FROM %s WHERE %s = %L', relation, col, own)]] || steps;
            END IF;
            control := tenancy.prove_try(attacker, steps);
        END IF;
        arguments := ARRAY[relation::text, col,
            CASE WHEN is_filled THEN format('%s = %L', col, other)
                 ELSE format('%s IS DISTINCT FROM %L', col, own) END,
            CASE WHEN form.name = 'on_conflict' AND NOT arbiter_is_scoped
                 THEN quote_literal(pair_rows[2] || jsonb_build_object(tenant_column, own))
                 ELSE other_row END,
            columns, source_columns, quote_literal(other), quote_literal(own), arbiter];
        steps := ARRAY[ARRAY['attacker', own, format(form.template, VARIADIC arguments)]];
        IF form.is_absent THEN
            steps := ARRAY[ARRAY['caller', other, format('DELETE FROM %s WHERE %s = %L', relation, col, other)]] || steps;
        END IF;
        tried := tenancy.prove_try(attacker, steps);
        SELECT j.outcome, j.detail FROM tenancy.prove_judge(form.name, control, tried, cardinality(steps) / 3) j
          INTO outcome, detail;
        IF outcome = 'held' AND NOT is_filled THEN
            detail := 'with the rows that are there, because none could be made: ' || reason;
        END IF;
        RETURN NEXT;
    END LOOP;

    attack := 'truncate';
    tried := tenancy.prove_try(attacker, ARRAY[
        ARRAY['caller', own, format('SELECT set_config(''lock_timeout'', %L, true)',
              CASE current_setting('lock_timeout') WHEN '0' THEN '1s' ELSE current_setting('lock_timeout') END)],
        ARRAY['attacker', own, format('TRUNCATE %s', relation)]]);
    SELECT CASE WHEN NOT has_table_privilege(attacker, relation, 'TRUNCATE') THEN 'not tried'
                WHEN (tried ->> 'state') IS NULL THEN 'BROKEN'
                WHEN (tried ->> 'state') = '42501' AND (tried ->> 'failed_at')::integer = 2 THEN 'held' ELSE 'not tried' END,
           CASE WHEN NOT has_table_privilege(attacker, relation, 'TRUNCATE')
                THEN 'the role has not the privilege' ELSE tried ->> 'message' END
      INTO outcome, detail;
    RETURN NEXT;

    attack := 'unknown_tenant';
    tried := tenancy.prove_try(attacker, ARRAY[ARRAY['attacker', unknown, format('SELECT FROM %s LIMIT 1', relation)]]);
    outcome := CASE WHEN (tried ->> 'state') IS NULL THEN 'BROKEN' WHEN (tried ->> 'state') = '42704' THEN 'held' ELSE 'not tried' END;
    detail := CASE WHEN (tried ->> 'state') IS NULL THEN 'a tenant that does not exist is no error' ELSE tried ->> 'message' END;
    RETURN NEXT;

    FOREACH attack IN ARRAY ARRAY['no_tenant_read', 'no_tenant_write'] LOOP
        -- Without a tenant, who bypasses row security is meant to see all.
        CONTINUE WHEN bypasses;
        outcome := 'not tried';
        detail := replace(reason, 'not tried: ', '');
        IF is_filled OR attack = 'no_tenant_read' AND reason NOT LIKE 'not tried: %' THEN
            control := NULL;
            IF is_filled THEN
                steps := ARRAY[
                    ARRAY['caller', own, format('DELETE FROM %s WHERE %s = %L', relation, col, own)],
                    ARRAY['attacker', own, format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, %3$s)',
                                                  relation, columns, own_row)]];
                IF attack = 'no_tenant_read' THEN
                    steps := ARRAY[ARRAY['attacker', own, format('SELECT FROM %s LIMIT 1', relation)]];
                END IF;
                control := tenancy.prove_try(attacker, steps);
                steps[cardinality(steps) / 3][2] := NULL;
            ELSE
                steps := ARRAY[ARRAY['attacker', NULL, format('SELECT FROM %s LIMIT 1', relation)]];
            END IF;
            tried := tenancy.prove_try(attacker, steps);
            SELECT j.outcome, j.detail FROM tenancy.prove_judge(attack, control, tried, cardinality(steps) / 3) j
              INTO outcome, detail;
        END IF;
        RETURN NEXT;
    END LOOP;

    IF NOT is_filled THEN
        outcome := 'not tried';
        detail := replace(reason, 'not tried: ', '');
        FOREACH attack IN ARRAY ARRAY['prepared_plan', 'cursor', 'unique_key', 'foreign_key'] LOOP
            RETURN NEXT;
        END LOOP;
        RETURN;
    END IF;

    -- A plan made for one tenant, or without one, and run for another.
    attack := 'prepared_plan';
    steps := ARRAY[
        ARRAY['attacker', CASE WHEN bypasses THEN NULL ELSE other END, 'SELECT set_config(''plan_cache_mode'', ''force_generic_plan'', true)'],
        ARRAY['attacker', CASE WHEN bypasses THEN NULL ELSE other END,
              format('PREPARE tenancy_prove AS SELECT FROM %s WHERE %s = %L', relation, col, other)],
        ARRAY['attacker', CASE WHEN bypasses THEN NULL ELSE other END, 'EXECUTE tenancy_prove']];
    control := tenancy.prove_try(attacker, steps);
    tried := tenancy.prove_try(attacker, steps || ARRAY[ARRAY['attacker', own, 'EXECUTE tenancy_prove']]);
    SELECT j.outcome, j.detail FROM tenancy.prove_judge(attack, control, tried, 4) j INTO outcome, detail;
    RETURN NEXT;

    -- The sort holds the row, so that going back to it asks no condition again.
    attack := 'cursor';
    steps := ARRAY[
        ARRAY['attacker', other, format('DECLARE tenancy_prove SCROLL CURSOR FOR SELECT FROM %s WHERE %s = %L ORDER BY random()',
                                        relation, col, other)],
        ARRAY['attacker', other, 'FETCH FROM tenancy_prove'],
        ARRAY['attacker', other, 'FETCH FIRST FROM tenancy_prove']];
    control := tenancy.prove_try(attacker, steps);
    steps[3][2] := own;
    tried := tenancy.prove_try(attacker, steps);
    SELECT j.outcome, j.detail FROM tenancy.prove_judge(attack, control, tried, 3) j INTO outcome, detail;
    RETURN NEXT;

    -- Existence, not rows: a key of another tenant that cannot be had, or can be referred to.
    attack := 'unique_key';
    tried := tenancy.prove_try(attacker, ARRAY[
        ARRAY['caller', own, format('DELETE FROM %s WHERE %s = %L', relation, col, own)],
        ARRAY['attacker', own, format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, %3$L)',
                                      relation, columns, pair_rows[2] || jsonb_build_object(tenant_column, own))]]);
    outcome := CASE WHEN (tried ->> 'state') IN ('23505', '23P01') THEN 'leaks' WHEN (tried ->> 'state') IS NULL THEN 'held' ELSE 'not tried' END;
    detail := tried ->> 'message';
    RETURN NEXT;

    attack := 'foreign_key';
    outcome := NULL;
    detail := 'no foreign key to an attached table';
    FOR key IN
        SELECT k.conname,
               -- A table that refers to itself refers to the other's row itself.
               (SELECT string_agg(format('%I = (SELECT %I FROM jsonb_populate_record(NULL::%s, %s))', a.attname,
                                         v.attname, relation, other_row), ', ')
                  FROM unnest(k.conkey, k.confkey) AS c(source, target)
                  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.source
                  JOIN pg_attribute v ON v.attrelid = k.conrelid
                                     AND v.attnum = CASE k.confrelid WHEN k.conrelid THEN c.target ELSE c.source END
                 WHERE a.attname <> tenant_column) AS assignments,
               k.confrelid = k.conrelid OR
               (SELECT bool_and(pair_rows[2] ->> a.attname IS NOT NULL) FROM pg_attribute a
                 WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)) AS refers,
               k.confrelid = k.conrelid AS is_own
          FROM pg_constraint k
         WHERE k.conrelid = relation AND k.contype = 'f' AND tenancy.attached_column(k.confrelid) IS NOT NULL
           AND NOT EXISTS (SELECT FROM pg_constraint up WHERE up.oid = k.conparentid AND up.conrelid = k.conrelid)
         ORDER BY k.conname
    LOOP
        CONTINUE WHEN key.assignments IS NULL;
        tried := NULL;
        IF key.refers AND (current_setting('session_replication_role') = 'origin' OR NOT tenancy.prove_has_triggers(relation)) THEN
            steps := ARRAY[
                -- So that a key on the referring columns is not what refuses it.
                ARRAY['caller', other, format('DELETE FROM %s WHERE %s AND %s = %L', relation, CASE WHEN key.is_own THEN 'false' ELSE 'true' END, col, other)],
                ARRAY['caller', own, 'SET CONSTRAINTS ALL IMMEDIATE'],
                ARRAY['attacker', own, format('UPDATE %s SET %s WHERE %s = %L', relation, key.assignments, col, own)]];
            IF current_setting('session_replication_role') <> 'origin' THEN
                steps[2][3] := 'SET LOCAL session_replication_role = origin; SET CONSTRAINTS ALL IMMEDIATE';
            END IF;
            tried := tenancy.prove_try(attacker, steps);
        END IF;
        -- The worst of the table's keys counts.
        CONTINUE WHEN outcome IN ('leaks', 'not tried') AND NOT ((tried ->> 'state') IS NULL AND (tried ->> 'found')::bigint > 0);
        SELECT CASE WHEN (tried ->> 'state') = '23503' THEN 'held' WHEN (tried ->> 'state') IS NULL AND (tried ->> 'found')::bigint > 0 THEN 'leaks' ELSE 'not tried' END,
               CASE WHEN (tried ->> 'state') = '23503' THEN tried ->> 'message'
                    WHEN (tried ->> 'state') IS NULL AND (tried ->> 'found')::bigint > 0 THEN format('"%s" accepted a reference to a row of the other tenant', key.conname)
                    WHEN NOT key.refers THEN format('no row could be made that refers by "%s"', key.conname)
                    ELSE coalesce(tried ->> 'message', 'triggers of the table would fire') END
          INTO outcome, detail;
    END LOOP;
    outcome := coalesce(outcome, 'held');
    RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION tenancy.prove_attacks(regclass, name, name, boolean, text[], jsonb[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_attacks(regclass, name, name, boolean, text[], jsonb[], text, text) IS
'Internal: all attacks of one role on one table. pair and pair_rows are the two tenants and their rows; without them, reason says why.';

