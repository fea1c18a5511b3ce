-- adopt(), continued: one step at a time, and the procedures that take them all.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.feeds_adoption(relation regclass)
RETURNS regclass
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT a.relation FROM tenancy.adoptions a
     WHERE a.tenant_map = feeds_adoption.relation AND a.state = 'adopting'
     ORDER BY a.relation::text COLLATE "C" LIMIT 1
$$;
COMMENT ON FUNCTION tenancy.feeds_adoption(regclass) IS
'Internal: a table under adoption that takes its tenants from this one, NULL when there is none.';

CREATE FUNCTION tenancy.run_as(role name, statement text, all_rows boolean DEFAULT false)
RETURNS text[]
LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_run_as';
COMMENT ON FUNCTION tenancy.run_as(name, text, boolean) IS
'Internal: runs a statement as a role that the caller may become, and returns the columns of its first row. What it calls cannot leave the role, nor set or leave anything behind. With all_rows, if the caller bypasses row security and has no tenant set, the role sees all rows of its own tables. Error: 42501 not a role that the caller may become.';

CREATE FUNCTION tenancy.adopt_step(relation regclass, attach boolean DEFAULT true, allow_blocking_indexes boolean DEFAULT false, batch_size integer DEFAULT 5000, lock_timeout interval DEFAULT '200 milliseconds')
RETURNS TABLE(result text, step text, statement text, rows_done bigint, rows_total bigint, sql_state text, message text, detail text, hint text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off SET row_security = off SET lock_timeout = 0
SET client_min_messages = warning
AS $$
DECLARE
    owner name := tenancy.require_adopter(relation);
    firing text := current_setting('session_replication_role');
    adoption tenancy.adoptions;
    after tenancy.adoptions;
    todo record;
    piece record;
    given text[];
BEGIN
    IF batch_size IS NULL OR batch_size < 1 OR lock_timeout IS NULL OR lock_timeout < interval '1 ms' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'batch_size and lock_timeout must be more than nothing';
    END IF;
    PERFORM set_config('lock_timeout', ceil(1000 * extract(epoch FROM lock_timeout))::integer::text, true);
    BEGIN
        adoption := tenancy.read_adoption(relation);
        SELECT s.* INTO todo FROM tenancy.adoption_statements(relation) s
         WHERE s.statement IS NOT NULL LIMIT 1;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
        result := 'waiting';
        message := SQLERRM;
        RETURN NEXT;
        RETURN;
    END;
    result := CASE
        WHEN todo.statement IS NULL AND adoption.state = 'rolling_back' THEN 'rolled back'
        WHEN todo.statement IS NULL THEN 'adopted'
        WHEN todo.step = 'cut over' AND NOT attach THEN 'ready'
        WHEN NOT todo.in_transaction AND NOT allow_blocking_indexes THEN 'needs statement'
        ELSE 'working' END;
    step := coalesce(todo.step, 'done');
    statement := todo.statement;
    adoption.step := step;
    adoption.last_error := NULL;
    after := adoption;
    BEGIN
        IF result = 'working' AND step = 'cut over' AND tenancy.feeds_adoption(relation) IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = format('table %s, which is not adopted yet, takes its tenants from table %s',
                                 tenancy.feeds_adoption(relation), relation),
                DETAIL = 'Once attached, the rows that it needs can no longer be read without a tenant.',
                HINT = 'Finish that table first.';
        END IF;
        IF result = 'working' THEN
            IF step = 'backfill' AND NOT adoption.fire_triggers THEN
                PERFORM set_config('session_replication_role', 'replica', true);
            END IF;
            -- As the table's owner, so that nothing of his is run by a superuser who adopts for him.
            IF step = 'backfill' THEN
                given := tenancy.run_as(owner, format(
                    'SELECT b.result, b.tenants FROM tenancy.backfill_batch(%L, %s) b', adoption, batch_size));
                SELECT (given[1]::tenancy.adoptions).* INTO after;
                given := given[2];
                IF adoption.retry_block IS NOT NULL AND after.retry_block IS NULL THEN
                    result := 'waiting';
                    message := 'rows are locked by other sessions';
                    after.last_error := message;
                END IF;
            ELSE
                FOR piece IN SELECT s.* FROM tenancy.adoption_statements(relation) s
                              WHERE s.unit = todo.unit AND s.statement IS NOT NULL LOOP
                    PERFORM tenancy.run_as(owner, CASE WHEN piece.in_transaction THEN piece.statement
                        ELSE regexp_replace(piece.statement, '^(\w+( UNIQUE)? INDEX) CONCURRENTLY', '\1') END,
                        -- Of an attached table that a foreign key refers to, its owner would see no rows.
                        all_rows => step = 'validate foreign key');
                END LOOP;
            END IF;
            IF step = 'backfill' AND NOT adoption.fire_triggers THEN
                PERFORM set_config('session_replication_role', firing, true);
            END IF;
        END IF;
        IF result = 'adopted' OR result = 'working' AND step = 'cut over' THEN
            after.state := 'adopted';
        END IF;
        PERFORM tenancy.save_adoption(after, given);
    EXCEPTION
        WHEN lock_not_available OR deadlock_detected THEN
            result := 'waiting';
            message := SQLERRM;
            adoption.last_error := message;
            PERFORM tenancy.save_adoption(adoption);
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS sql_state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                                    detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            result := 'failed';
            IF sql_state = '23514' AND step = 'validate not null' THEN
                -- Rows came by a way that fires no triggers, or with a partition.
                result := 'waiting';
                adoption.backfilled := false;
                adoption.member := NULL;
                adoption.next_block := 0;
            END IF;
            IF sql_state = '23503' AND step = 'validate foreign key'
               AND adoption.state <> 'rolling_back' THEN
                -- Until somebody has mended the rows it would only refuse what the application writes.
                PERFORM tenancy.run_as(owner, replace(todo.statement, ' VALIDATE CONSTRAINT ', ' DROP CONSTRAINT '));
            END IF;
            adoption.last_error := message;
            PERFORM tenancy.save_adoption(adoption);
    END;
    rows_done := after.rows_done;
    rows_total := greatest(after.rows_total, after.rows_done);
    IF result = 'rolled back' THEN
        PERFORM tenancy.finish_rollback(relation);
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION tenancy.adopt_step(regclass, boolean, boolean, integer, interval) IS
'Takes the next step of an adoption or its rollback, or one batch of the backfill, and says: working (call again), waiting (somebody has locked what it needs for longer than lock_timeout: call again after a while), needs statement (run the statement outside a transaction, then call again), ready (the cut-over is all that is left, and attach is false), adopted, rolled back, or failed, with the error; what failed is undone. One transaction a call. For the table''s owner and the roles that may become it. Errors: 42501 not its owner, 55000 not being adopted or a tenant is set, 22023 bad arguments.';

CREATE FUNCTION tenancy.wait_for_lock(tries integer)
RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
-- With some chance, so that two who wait for each other part.
RETURN pg_sleep(least(2, 0.02 * 2 ^ least(tries, 10)) * (0.5 + random()));
COMMENT ON FUNCTION tenancy.wait_for_lock(integer) IS
'Internal: waits longer the more often it has been tried, up to some seconds.';

-- A procedure that commits cannot pin its search_path: here everything is named with its schema, and
-- what compares is in functions.
CREATE PROCEDURE tenancy.run_adoption(relation regclass, attach boolean, allow_blocking_indexes boolean, batch_size integer, pause interval, lock_timeout interval, lock_retries integer)
LANGUAGE plpgsql
AS $$
DECLARE
    taken record;
    note text;
    tries integer := 0;
    seen bigint := 0;
BEGIN
    LOOP
        COMMIT;
        SELECT s.* INTO taken
          FROM tenancy.adopt_step(relation, attach, allow_blocking_indexes, batch_size, lock_timeout) s;
        COMMIT;
        CASE taken.result
        WHEN 'working' THEN
            -- Looking at locked rows once more is no progress.
            IF taken.step OPERATOR(pg_catalog.<>) 'backfill'
               OR taken.rows_done OPERATOR(pg_catalog.>) seen THEN
                tries := 0;
                seen := taken.rows_done;
            END IF;
            IF pause IS NOT NULL THEN
                PERFORM pg_catalog.pg_sleep_for(pause);
            END IF;
        WHEN 'waiting' THEN
            tries := tries OPERATOR(pg_catalog.+) 1;
            IF tries OPERATOR(pg_catalog.>) lock_retries THEN
                RAISE EXCEPTION USING ERRCODE = 'lock_not_available',
                    MESSAGE = pg_catalog.format('step "%s" of table %s does not get its locks', taken.step,
                                                relation),
                    DETAIL = pg_catalog.concat('The last try ended with: ', taken.message, '.'),
                    HINT = 'What is done stays. End the transactions that hold the table, and call it again.';
            END IF;
            PERFORM tenancy.wait_for_lock(tries);
        WHEN 'needs statement' THEN
            FOR note IN SELECT s.statement FROM tenancy.adoption_statements(relation) s
                         WHERE NOT s.in_transaction LOOP
                RAISE NOTICE 'to be run outside a transaction: %', note;
            END LOOP;
            RAISE NOTICE 'table % waits for these indexes', relation
                USING HINT = 'Run them (psql: tenancy.adoption_statements() and \gexec), and call it again; or use tenancyd adopt, or allow_blocking_indexes => true.';
            RETURN;
        WHEN 'failed' THEN
            PERFORM tenancy.raise_error(taken.sql_state, taken.message, taken.detail, taken.hint);
        ELSE
            IF taken.result OPERATOR(pg_catalog.<>) 'rolled back' THEN
                FOR note IN SELECT s.note FROM tenancy.adoption_statements(relation) s
                             WHERE s.statement IS NULL LOOP
                    RAISE NOTICE '%', note;
                END LOOP;
            END IF;
            RAISE NOTICE 'table % is %', relation, taken.result;
            RETURN;
        END CASE;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE tenancy.run_adoption(regclass, boolean, boolean, integer, interval, interval, integer) IS
'Internal: takes the steps of an adoption or its rollback until none is left that it may take.';

CREATE PROCEDURE tenancy.adopt(relation regclass, default_tenant text DEFAULT NULL, tenant_column name DEFAULT NULL, column_type regtype DEFAULT NULL, tenant_from name DEFAULT NULL, tenant_map regclass DEFAULT NULL, rebuild_keys boolean DEFAULT true, fire_triggers boolean DEFAULT NULL, attach boolean DEFAULT true, allow_blocking_indexes boolean DEFAULT false, batch_size integer DEFAULT 5000, pause interval DEFAULT NULL, lock_timeout interval DEFAULT '200 milliseconds', lock_retries integer DEFAULT 100, dry_run boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
    planned record;
BEGIN
    -- Fails here, before anything is done, when called inside a transaction.
    COMMIT;
    PERFORM tenancy.start_adoption(relation, default_tenant, tenant_column, column_type, tenant_from,
                                   tenant_map, rebuild_keys, fire_triggers);
    IF dry_run THEN
        FOR planned IN SELECT s.* FROM tenancy.adoption_statements(relation) s LOOP
            IF planned.statement IS NULL THEN
                RAISE NOTICE '%: %', planned.step, planned.note;
            ELSE
                RAISE NOTICE '%: % [%]', planned.step, planned.statement, planned.lock;
            END IF;
        END LOOP;
        ROLLBACK;
        RETURN;
    END IF;
    CALL tenancy.run_adoption(relation, attach, allow_blocking_indexes, batch_size, pause, lock_timeout,
                              lock_retries);
END
$$;
COMMENT ON PROCEDURE tenancy.adopt(regclass, text, name, regtype, name, regclass, boolean, boolean, boolean, boolean, integer, interval, interval, integer, boolean) IS
'Turns a table in use, with its partitions and children, into an attached one, in short transactions that lock nobody out for long: adds the tenant column, gives each row its tenant (from tenant_from, a column that holds it or, with tenant_map, refers to a table that has it; else default_tenant), NOT NULL, keys and foreign keys that include the tenant, and attaches; with attach => false it stops before the last. Call it again to go on after it was stopped, or after the indexes it asked for are built. dry_run prints what it would do. pause is between batches of batch_size rows; lock_timeout, how long it makes others wait behind it, and lock_retries how often in a row it tries. For the table''s owner and the roles that may become it, who then do nothing that the owner could not; not in a transaction. Errors: 42704 no such tenant, 42501 not its owner, or another than the owner calls and triggers wait for the transaction''s end, 42809 not a table of the application, 55000 attached, shared, a partition, being rolled back, triggers would fire, a tenant is set, 42710 being adopted in another way, 22023 bad arguments, 42804 bad column type, 0A000 a rule, 22P02 a tenant without a form of the column''s type, 55P03 a lock was not to be had, 2D000 in a transaction, and those of the data, such as 23503 and 23505.';

CREATE PROCEDURE tenancy.rollback_adoption(relation regclass, allow_blocking_indexes boolean DEFAULT false, lock_timeout interval DEFAULT '200 milliseconds', lock_retries integer DEFAULT 100)
LANGUAGE plpgsql
AS $$
BEGIN
    COMMIT;
    IF NOT tenancy.start_rollback(relation) THEN
        RAISE NOTICE 'table % is not adopted', relation;
        RETURN;
    END IF;
    CALL tenancy.run_adoption(relation, true, allow_blocking_indexes, 1, NULL, lock_timeout, lock_retries);
END
$$;
COMMENT ON PROCEDURE tenancy.rollback_adoption(regclass, boolean, interval, integer) IS
'Takes back all that adopt() did to a table, from wherever it is, also after it is attached: detaches, restores keys and foreign keys, and drops the column if adopt() made it. Then the rows of all tenants are everybody''s again. Works in steps as adopt() does, and can be stopped and called again. Nothing happens when the table has not been adopted. Errors: 42501 not its owner, 55000 a tenant is set, 55P03 a lock was not to be had, 2D000 in a transaction, 23505 rows of two tenants have the same old key.';
