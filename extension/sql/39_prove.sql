-- prove_isolation(): plays attacks on the wall, with tenants made for it, and takes everything back.
-- SPDX-License-Identifier: PostgreSQL
--
-- "Held" is said only where the same statement, aimed at the attacker's own row, has worked just
-- before: a statement that could not have worked proves nothing, and is "not tried". Each attack runs in a
-- subtransaction of its own that is rolled back, so no attack sees what another has done.
--
-- INVOKER, because SET ROLE is not allowed in SECURITY DEFINER functions. The helpers are for its callers.

CREATE FUNCTION tenancy.prove_try(role name, steps text[]) RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    home text := current_setting('role');
    setting text := tenancy.tenant_setting();
    step text[];
    found bigint := 0;
    failed_at integer := 0;
    state text;
    message text;
BEGIN
    BEGIN
        FOREACH step SLICE 1 IN ARRAY steps LOOP
            failed_at := failed_at + 1;
            PERFORM set_config('role', home, true);
            -- The attacker sets the tenant itself, in case that is the hole.
            IF step[1] = 'attacker' THEN
                PERFORM set_config('role', role, true);
            END IF;
            PERFORM set_config(setting, coalesce(step[2], ''), true);
            EXECUTE step[3];
            GET DIAGNOSTICS found = ROW_COUNT;
        END LOOP;
        RAISE EXCEPTION USING ERRCODE = 'TYEND';
    EXCEPTION WHEN SQLSTATE 'TYEND' THEN
        failed_at := 0;
    WHEN OTHERS THEN
        state := SQLSTATE;
        message := SQLERRM;
        found := 0;
    END;
    -- Prepared statements outlive the rollback.
    IF EXISTS (SELECT FROM pg_prepared_statements p WHERE p.name = 'tenancy_prove') THEN
        DEALLOCATE tenancy_prove;
    END IF;
    RETURN jsonb_build_object('found', found, 'failed_at', failed_at, 'state', state, 'message', message);
END
$$;
REVOKE ALL ON FUNCTION tenancy.prove_try(name, text[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_try(name, text[]) IS
'Internal: runs steps {caller or attacker, tenant, statement} in a subtransaction and rolls it back; rows of the last step, or which step failed and how.';

CREATE FUNCTION tenancy.prove_fill(relation regclass, tenants text[], OUT pair text[], OUT pair_rows jsonb[], OUT reason text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made jsonb := '{}';
    filled jsonb;
    candidate text;
BEGIN
    FOREACH candidate IN ARRAY tenants LOOP
        PERFORM tenancy.create_tenant(candidate);
        BEGIN
            PERFORM set_config(tenancy.tenant_setting(), candidate, true);
            SELECT r.made, r.made_row FROM tenancy.prove_row(relation, candidate, '{}', '{}', made) r
              INTO made, filled;
            pair := pair || candidate;
            pair_rows := pair_rows || filled;
        EXCEPTION WHEN OTHERS THEN
            reason := SQLERRM;
            -- Another tenant would do no better, unless the partition takes some tenants only.
            EXIT WHEN coalesce(pg_get_partition_constraintdef(relation), '') NOT LIKE '%satisfies_hash_partition%';
        END;
        EXIT WHEN cardinality(pair) = 2;
    END LOOP;
    PERFORM set_config(tenancy.tenant_setting(), '', true);
END
$$;
REVOKE ALL ON FUNCTION tenancy.prove_fill(regclass, text[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_fill(regclass, text[]) IS
'Internal: makes a row for each of two tenants, the first two of the given ones that the table takes; or says why not.';


CREATE FUNCTION tenancy.prove_targets(relations regclass[])
RETURNS TABLE(relation regclass, tenant_column name)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH chosen AS (
        SELECT unnest(prove_targets.relations)::oid AS oid
         UNION
        SELECT t.relation FROM tenancy.attached_tables t WHERE prove_targets.relations IS NULL
         UNION
        -- Whatever looks like a tenants' table ought to have a wall.
        SELECT c.oid FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                             AND a.attname = tenancy.default_tenant_column()
         WHERE prove_targets.relations IS NULL
           AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
           AND n.nspname NOT IN ('tenancy', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
           AND NOT tenancy.is_shared(c.oid)
           AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                              AND d.objid = c.oid AND d.deptype = 'e')),
    member AS (SELECT DISTINCT f.member FROM chosen c CROSS JOIN LATERAL tenancy.family(c.oid) f)
    SELECT m.member, coalesce(tenancy.attached_column(m.member), tenancy.default_tenant_column())
      FROM member m JOIN pg_class c ON c.oid = m.member AND c.relkind IN ('r', 'p')
     WHERE EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
                      AND a.attname = coalesce(tenancy.attached_column(c.oid), tenancy.default_tenant_column()))
     ORDER BY m.member::text COLLATE "C"
$$;
REVOKE ALL ON FUNCTION tenancy.prove_targets(regclass[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_targets(regclass[]) IS
'Internal: the tables to attack, with their tenant columns: given ones with their partitions and children, or all that have a wall or ought to.';

-- Rows are made and attacks are played in the caller's session, where code in a CHECK, a domain, an index, a policy could
-- RESET ROLE. So whose code that is has to be known: followed from the table to all that its rows may call.
CREATE FUNCTION tenancy.prove_foreign_code(relation regclass) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE reached(class, oid) AS (
        SELECT 'pg_class'::regclass::oid, f.member::oid FROM tenancy.family(prove_foreign_code.relation) f
        UNION
        SELECT n.class, n.oid
          FROM reached r
         CROSS JOIN LATERAL (
            SELECT d.refclassid, d.refobjid FROM pg_depend d
             WHERE d.classid = r.class AND d.objid = r.oid
               AND d.refclassid <> ALL ('{pg_namespace,pg_extension,pg_language}'::regclass[]::oid[])
            UNION ALL
            -- A table's parts depend on it, and not the other way round.
            SELECT p.class, p.oid FROM (
                SELECT 'pg_class'::regclass::oid, i.inhrelid FROM pg_inherits i WHERE i.inhparent = r.oid
                UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index i WHERE i.indrelid = r.oid
                UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k WHERE k.conrelid = r.oid
                UNION ALL SELECT 'pg_attrdef'::regclass, d.oid FROM pg_attrdef d WHERE d.adrelid = r.oid
                -- Whose constants are folded by who plans a query over the table, as those of indexes.
                UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid FROM pg_statistic_ext s WHERE s.stxrelid = r.oid
                UNION ALL SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p WHERE p.polrelid = r.oid
                UNION ALL SELECT 'pg_rewrite'::regclass, w.oid FROM pg_rewrite w WHERE w.ev_class = r.oid
                -- The others rest meanwhile.
                UNION ALL SELECT 'pg_trigger'::regclass, g.oid FROM pg_trigger g WHERE g.tgrelid = r.oid AND g.tgenabled IN ('A', 'R')
            ) p(class, oid) WHERE r.class = 'pg_class'::regclass
            UNION ALL
            SELECT p.class, p.oid FROM (
                SELECT 'pg_constraint'::regclass::oid, k.oid FROM pg_constraint k WHERE k.contypid = r.oid
                UNION ALL SELECT 'pg_class'::regclass, t.typrelid FROM pg_type t WHERE t.oid = r.oid AND t.typrelid <> 0
                UNION ALL SELECT 'pg_cast'::regclass, c.oid FROM pg_cast c WHERE r.oid IN (c.castsource, c.casttarget)
            ) p(class, oid) WHERE r.class = 'pg_type'::regclass) n(class, oid))
    SELECT format('%s of role %I', p.oid::regprocedure, o.rolname)
      FROM reached r
      JOIN pg_proc p ON p.oid = r.oid AND r.class = 'pg_proc'::regclass
      JOIN pg_roles o ON o.oid = p.proowner
     WHERE NOT o.rolsuper AND o.rolname NOT IN (current_user, session_user)
     ORDER BY 1 LIMIT 1
$$;
REVOKE ALL ON FUNCTION tenancy.prove_foreign_code(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_foreign_code(regclass) IS
'Internal: a function that rows of a table may call and that belongs neither to a superuser nor to the caller; null if there is none.';

CREATE FUNCTION tenancy.prove_ids(type name, count integer DEFAULT 2) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    -- The same in each run, so that counters do not fill up with tenants that never were.
    SELECT array_agg(c.id ORDER BY c.n)
      FROM (SELECT i.n, i.id
              FROM generate_series(1, 200) n
             CROSS JOIN LATERAL (SELECT n, CASE prove_ids.type
                   WHEN 'current_tenant_uuid' THEN md5('tenancy.prove_isolation ' || n)::uuid::text
                   ELSE (2147480000 + n)::text END AS id) i
             WHERE NOT EXISTS (SELECT FROM tenancy.tenants t WHERE t.id = i.id)
             ORDER BY i.n LIMIT prove_ids.count) c
$$;
REVOKE ALL ON FUNCTION tenancy.prove_ids(name, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_ids(name, integer) IS
'Internal: ids for tenants that do not exist, fit for a current_tenant_...() function.';

CREATE FUNCTION tenancy.prove_table(relation regclass, tenant_column name, roles name[], synthetic name[],
                                    fire_triggers boolean)
RETURNS TABLE(attack text, role name, outcome text, detail text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_superuser CONSTANT boolean := current_setting('is_superuser')::boolean;
    col CONSTANT text := quote_ident(tenant_column);
    kind CONSTANT name := coalesce(tenancy.tenant_function(relation, tenant_column), 'current_tenant_text');
    ids CONSTANT text[] := tenancy.prove_ids(kind, 27);
    pair text[];
    pair_rows jsonb[];
    reason text;
    has_rows boolean;
    attacker name;
    owner name;
    bypasses boolean;
BEGIN
    IF NOT fire_triggers THEN
        reason := tenancy.prove_foreign_code(relation);
        IF reason IS NOT NULL THEN
            attack := '*';
            outcome := 'not tried';
            detail := format('it would call %s in your session; with fire_triggers it may', reason);
            RETURN NEXT;
            RETURN;
        END IF;
    END IF;
    SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = relation INTO owner;
    IF synthetic <> '{}' THEN
        EXECUTE (SELECT format('GRANT USAGE ON SCHEMA %1$s TO %2$I, %3$I; GRANT ALL ON %4$s TO %2$I, %3$I',
                               c.relnamespace::regnamespace, synthetic[1], synthetic[2], relation)
                   FROM pg_class c WHERE c.oid = relation);
    END IF;
    IF is_superuser THEN
        EXECUTE format('CREATE VIEW pg_temp.tenancy_prove_view AS SELECT * FROM %1$s; '
                       'GRANT SELECT ON pg_temp.tenancy_prove_view TO PUBLIC; '
                       'CREATE FUNCTION pg_temp.tenancy_prove_function() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER '
                       'AS %2$L', relation, format('SELECT %s::text FROM %s', col, relation));
    END IF;
    IF NOT fire_triggers AND current_setting('session_replication_role') = 'origin'
       AND tenancy.prove_has_triggers(relation) THEN
        PERFORM tenancy.create_tenant(ids[2]);
        reason := 'not tried: triggers of the table would fire';
    ELSE
        SELECT f.pair, f.pair_rows, f.reason FROM tenancy.prove_fill(relation, ids[2:]) f
          INTO pair, pair_rows, reason;
    END IF;
    IF cardinality(pair) IS DISTINCT FROM 2 THEN
        pair := ARRAY[ids[2]];
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %s IS DISTINCT FROM %L)', relation, col, pair[1])
           INTO has_rows;
        -- What hides all rows from a role is then the wall and nothing else.
        IF reason NOT LIKE 'not tried: %' AND (NOT has_rows OR NOT is_superuser
           OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = relation
                         AND p.polname NOT IN ('tenancy_isolation', 'tenancy_access'))) THEN
            reason := 'not tried: no row could be made: ' || reason;
        END IF;
    END IF;
    FOREACH attacker IN ARRAY roles LOOP
        CONTINUE WHEN attacker = owner; -- comes as the empty name
        role := CASE attacker WHEN synthetic[1] THEN 'application' WHEN synthetic[2] THEN 'bypassrls'
                     WHEN '' THEN owner ELSE attacker END;
        attacker := coalesce(nullif(attacker, ''), owner);
        SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles r WHERE r.rolname = attacker INTO bypasses;
        RETURN QUERY
        SELECT a.attack, prove_table.role, a.outcome, a.detail
          FROM tenancy.prove_attacks(relation, tenant_column, attacker, bypasses, pair, pair_rows, reason, ids[1]) a;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.prove_table(regclass, name, name[], name[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_table(regclass, name, name[], name[], boolean) IS
'Internal: makes what the attacks on one table need, and plays them in each role; the empty name is the table''s owner.';

CREATE FUNCTION tenancy.prove_isolation(relations regclass[] DEFAULT NULL, roles regrole[] DEFAULT NULL, fire_triggers boolean DEFAULT false, progress integer DEFAULT 100)
RETURNS TABLE(relation regclass, attack text, role name, outcome text, detail text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_superuser CONSTANT boolean := current_setting('is_superuser')::boolean;
    synthetic name[] := '{}';
    attackers name[];
    target record;
    total integer;
    finished integer := 0;
BEGIN
    PERFORM tenancy.library_version();
    BEGIN
        PERFORM set_config(tenancy.tenant_setting(), '', true);
        IF is_superuser THEN
            synthetic := ARRAY['tenancy_prove_application_' || pg_backend_pid(), 'tenancy_prove_bypassrls_' || pg_backend_pid()];
            EXECUTE format('CREATE ROLE %I; CREATE ROLE %I BYPASSRLS; GRANT pg_write_server_files TO %1$I, %2$I', synthetic[1], synthetic[2]);
            CREATE FUNCTION pg_temp.tenancy_prove_peek(value text, wanted text) RETURNS boolean
            LANGUAGE plpgsql COST 0.0001 AS
            'BEGIN IF value = wanted THEN RAISE EXCEPTION USING ERRCODE = ''TYPEE'', MESSAGE = ''seen''; END IF; RETURN false; END';
        END IF;
        attackers := CASE WHEN roles IS NULL THEN synthetic[1:1]
                     ELSE ARRAY(SELECT r.rolname FROM pg_roles r WHERE r.oid = ANY (roles) ORDER BY 1) END
            || ARRAY['']::name[] || synthetic[2:2];
        IF is_superuser THEN
            attackers := attackers || ARRAY[current_user];
        END IF;
        IF NOT fire_triggers AND has_parameter_privilege('session_replication_role', 'SET') THEN
            PERFORM set_config('session_replication_role', 'replica', true);
        END IF;
        IF NOT is_superuser THEN
            attack := '*';
            outcome := 'not tried';
            detail := 'only a superuser can make or be this role';
            FOREACH role IN ARRAY ARRAY['application', 'bypassrls', 'superuser'] LOOP
                CONTINUE WHEN role = 'application' AND roles IS NOT NULL;
                RETURN NEXT;
            END LOOP;
        END IF;
        SELECT count(*) FROM tenancy.prove_targets(relations) INTO total;
        FOR target IN SELECT t.relation, t.tenant_column FROM tenancy.prove_targets(relations) t LOOP
            BEGIN
                relation := target.relation;
                RETURN QUERY
                SELECT target.relation, p.attack, p.role, p.outcome, p.detail
                  FROM tenancy.prove_table(target.relation, target.tenant_column, attackers, synthetic, fire_triggers) p;
                RAISE EXCEPTION USING ERRCODE = 'TYEND';
            EXCEPTION WHEN SQLSTATE 'TYEND' THEN
                NULL;
            WHEN OTHERS THEN
                attack := '*';
                role := NULL;
                outcome := 'not tried';
                detail := SQLERRM;
                RETURN NEXT;
            END;
            finished := finished + 1;
            IF finished % nullif(progress, 0) = 0 THEN
                RAISE NOTICE '% of % tables', finished, total;
            END IF;
        END LOOP;
        RAISE EXCEPTION USING ERRCODE = 'TYEND';
    EXCEPTION WHEN SQLSTATE 'TYEND' THEN
        NULL;
    END;
END
$$;
REVOKE ALL ON FUNCTION tenancy.prove_isolation(regclass[], regrole[], boolean, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prove_isolation(regclass[], regrole[], boolean, integer) IS
'Attacks the wall as it stands: for each attached table (and each that has the tenant column, with partitions and children; or only the given ones) and each role (an application''s, or the given ones; the table''s owner; one with BYPASSRLS; the caller when a superuser) it makes two tenants with a row each and tries to get from one to the other. A row an attack: held, BROKEN, leaks (existence, not rows: a key or a foreign key without the tenant) or not tried, and why. Everything is rolled back. fire_triggers: whether triggers of the tables run, and tables are tried whose rows call functions that belong neither to a superuser nor to the caller, in whose session they would run. progress: a NOTICE every so many tables, 0: none. Roles other than the given ones and the owner need a superuser. Errors: 25006 read-only, 55006 a query of a tenant is open.';
