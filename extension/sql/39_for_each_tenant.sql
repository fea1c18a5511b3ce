-- Running a migration for one tenant after another, each in a transaction of its own.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sql text NOT NULL,
    isolation text NOT NULL CHECK (isolation IN ('schema', 'rows', 'all')),
    plan text COLLATE "C",
    statuses text[] NOT NULL,
    started_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    started_by name NOT NULL DEFAULT tenancy.calling_role(),
    collected boolean NOT NULL DEFAULT false,
    finished_at timestamptz
);
COMMENT ON TABLE tenancy.runs IS 'Calls of for_each_tenant(): what was run, for whom, by whom. collected: the tenants are listed in run_items.';

CREATE TABLE tenancy.run_items (
    run bigint NOT NULL,
    position integer NOT NULL,
    tenant text COLLATE "C",
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'done', 'failed')),
    sqlstate text,
    message text,
    detail text,
    finished_at timestamptz,
    PRIMARY KEY (run, position)
);
CREATE INDEX run_items_pending ON tenancy.run_items (run, position) WHERE status <> 'done';
COMMENT ON TABLE tenancy.run_items IS
'What for_each_tenant() did for each tenant; the one without a tenant is the template.';
REVOKE ALL ON tenancy.runs, tenancy.run_items FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.runs', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.runs_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.run_items', '');

CREATE VIEW tenancy.run_progress WITH (security_invoker = true) AS
SELECT r.id AS run, r.sql, r.started_at, r.finished_at, c.total, c.done, c.failed, c.pending, c.errors
  FROM tenancy.runs r
 CROSS JOIN LATERAL (
     SELECT count(*) AS total,
            count(*) FILTER (WHERE i.status = 'done') AS done,
            count(*) FILTER (WHERE i.status = 'failed') AS failed,
            count(*) FILTER (WHERE i.status = 'pending') AS pending,
            jsonb_agg(jsonb_build_object('tenant', i.tenant, 'sqlstate', i.sqlstate, 'message', i.message,
                                         'detail', i.detail) ORDER BY i.position)
                FILTER (WHERE i.status = 'failed') AS errors
       FROM tenancy.run_items i WHERE i.run = r.id) c;
REVOKE ALL ON tenancy.run_progress FROM PUBLIC;
COMMENT ON VIEW tenancy.run_progress IS
'How far each run of for_each_tenant() is, also while it runs: tenants (and the template) in all, done, failed and pending, and the errors as JSON.';

CREATE FUNCTION tenancy.begin_run(sql text, isolation text, plan text, statuses text[], template boolean,
    run bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_run tenancy.runs;
    new_run bigint;
BEGIN
    IF coalesce(btrim(sql), '') = '' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'there is no statement to run';
    END IF;
    IF coalesce(isolation, '') <> ALL ('{schema,rows,all}') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('unknown isolation "%s"', isolation), DETAIL = 'It is schema, rows or all.';
    END IF;
    IF statuses IS NULL OR NOT statuses <@ '{active,suspended,closed}' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'unknown status of tenants', DETAIL = 'It is active, suspended or closed.';
    END IF;
    IF run IS NOT NULL THEN
        SELECT * INTO old_run FROM tenancy.runs r WHERE r.id = begin_run.run;
        IF NOT FOUND OR old_run.sql <> begin_run.sql THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
                MESSAGE = format('there is no run %s of this statement', run),
                HINT = 'tenancy.run_progress lists all runs.';
        END IF;
        UPDATE tenancy.runs r SET finished_at = NULL WHERE r.id = begin_run.run;
        UPDATE tenancy.run_items i SET status = 'pending', sqlstate = NULL, message = NULL, detail = NULL
         WHERE i.run = begin_run.run AND i.status = 'failed';
        RETURN run;
    END IF;
    INSERT INTO tenancy.runs (sql, isolation, plan, statuses)
    VALUES (begin_run.sql, begin_run.isolation, begin_run.plan, begin_run.statuses) RETURNING id INTO new_run;
    IF template AND isolation <> 'rows' AND EXISTS (SELECT FROM tenancy.tenant_schemas s WHERE s.tenant IS NULL) THEN
        INSERT INTO tenancy.run_items (run, position) VALUES (new_run, 0);
    END IF;
    PERFORM tenancy.write_audit('for_each_tenant', new_run::text, NULL, jsonb_build_object('sql', sql,
        'isolation', isolation, 'plan', plan, 'statuses', statuses, 'template', template));
    RETURN new_run;
END
$$;
REVOKE ALL ON FUNCTION tenancy.begin_run(text, text, text, text[], boolean, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.begin_run(text, text, text, text[], boolean, bigint) IS
'Internal: part of for_each_tenant(); begins a run, or takes one up again.';

-- Called in the transaction that migrates the template, and keeps new tenants waiting until it ends:
-- each is either listed here, or made from what the template is then.
CREATE FUNCTION tenancy.collect_run(run bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT r.collected FROM tenancy.runs r WHERE r.id = run) THEN
        RETURN;
    END IF;
    PERFORM tenancy.lock_template(true);
    INSERT INTO tenancy.run_items (run, position, tenant)
    SELECT collect_run.run, row_number() OVER (ORDER BY t.id), t.id
      FROM tenancy.tenants t
      JOIN tenancy.runs r ON r.id = collect_run.run
      LEFT JOIN tenancy.tenant_schemas s ON s.tenant = t.id
     WHERE t.status = ANY (r.statuses) AND (r.plan IS NULL OR t.plan = r.plan)
       AND CASE r.isolation WHEN 'schema' THEN s.tenant IS NOT NULL WHEN 'rows' THEN s.tenant IS NULL ELSE true END;
    UPDATE tenancy.runs r SET collected = true WHERE r.id = collect_run.run;
END
$$;
REVOKE ALL ON FUNCTION tenancy.collect_run(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.collect_run(bigint) IS 'Internal: part of for_each_tenant(); lists the tenants of a run.';

-- What is next, and in which schema it runs. A tenant that is not active cannot be set; its schema
-- is migrated without one, which only roles that bypass row security may.
CREATE FUNCTION tenancy.next_in_run(run bigint, OUT "position" integer, OUT tenant text, OUT schema text, OUT is_settable boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT i.position, i.tenant, s.schema_name, coalesce(t.status = 'active', false)
      INTO next_in_run.position, next_in_run.tenant, next_in_run.schema, next_in_run.is_settable
      FROM tenancy.run_items i
      LEFT JOIN tenancy.tenants t ON t.id = i.tenant
      LEFT JOIN tenancy.tenant_schemas s ON s.tenant IS NOT DISTINCT FROM i.tenant
     WHERE i.run = next_in_run.run AND i.status = 'pending'
     ORDER BY i.position LIMIT 1;
    IF next_in_run.position = 0 THEN
        PERFORM tenancy.lock_template(true);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.next_in_run(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.next_in_run(bigint) IS 'Internal: part of for_each_tenant(); who is next.';

CREATE FUNCTION tenancy.record_in_run(run bigint, "position" integer, sqlstate text, message text, detail text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE tenancy.run_items i
       SET status = CASE WHEN record_in_run.sqlstate IS NULL THEN 'done' ELSE 'failed' END,
           sqlstate = record_in_run.sqlstate, message = record_in_run.message,
           detail = nullif(record_in_run.detail, ''), finished_at = tenancy.clock_time()
     WHERE i.run = record_in_run.run AND i.position = record_in_run.position;
END;
REVOKE ALL ON FUNCTION tenancy.record_in_run(bigint, integer, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.record_in_run(bigint, integer, text, text, text) IS
'Internal: part of for_each_tenant(); writes down how it went.';

CREATE FUNCTION tenancy.end_run(run bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    progress tenancy.run_progress;
BEGIN
    UPDATE tenancy.runs r SET finished_at = tenancy.clock_time() WHERE r.id = run;
    SELECT * INTO progress FROM tenancy.run_progress p WHERE p.run = end_run.run;
    RAISE NOTICE 'run %: % done, % failed, % pending', run, progress.done, progress.failed, progress.pending;
    RETURN progress.failed;
END
$$;
REVOKE ALL ON FUNCTION tenancy.end_run(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.end_run(bigint) IS 'Internal: part of for_each_tenant(); ends a run; the number of errors.';

-- Runs with the caller's rights, and without a search_path of its own: the server allows neither in a
-- procedure that commits. All it says itself is qualified, operators too.
CREATE PROCEDURE tenancy.for_each_tenant(sql text, isolation text DEFAULT 'schema', plan text DEFAULT NULL, statuses text[] DEFAULT '{active,suspended,closed}', stop_at_error boolean DEFAULT false, template boolean DEFAULT true, INOUT run bigint DEFAULT NULL)
LANGUAGE plpgsql AS $$
DECLARE
    item pg_catalog.record;
    path pg_catalog.text;
    failure_sqlstate pg_catalog.text;
    failure_message pg_catalog.text;
    failure_detail pg_catalog.text;
    is_collected pg_catalog.bool := false;
BEGIN
    -- Fails at once within a transaction, where nothing can be committed.
    COMMIT;
    -- One run at a time: a session's lock, since a transaction's would go with each commit.
    PERFORM tenancy.take_lock(29777, 2, session => true);
    BEGIN
        run := tenancy.begin_run(sql, isolation, plan, statuses, template, run);
    EXCEPTION WHEN OTHERS OR query_canceled THEN
        PERFORM tenancy.release_lock(29777, 2);
        RAISE;
    END;
    COMMIT;
    LOOP
        item := tenancy.next_in_run(run);
        IF item.position IS NULL AND NOT is_collected THEN
            PERFORM tenancy.collect_run(run);
            is_collected := true;
            COMMIT;
            CONTINUE;
        END IF;
        EXIT WHEN item.position IS NULL;
        failure_sqlstate := NULL;
        failure_message := NULL;
        failure_detail := NULL;
        BEGIN
            IF item.is_settable THEN
                PERFORM tenancy.set_tenant(item.tenant, true);
            ELSE
                PERFORM tenancy.set_tenant('', true);
                path := pg_catalog.concat_ws(', ', pg_catalog.quote_ident(item.schema),
                                             NULLIF(pg_catalog.current_setting('search_path'), ''));
                PERFORM pg_catalog.set_config('search_path', path, true);
            END IF;
            EXECUTE sql;
            -- An error must come now, not when the next tenant is waiting.
            SET CONSTRAINTS ALL IMMEDIATE;
        EXCEPTION
            WHEN query_canceled THEN
                PERFORM tenancy.release_lock(29777, 2);
                RAISE;
            WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS failure_sqlstate = RETURNED_SQLSTATE, failure_message = MESSAGE_TEXT,
                                        failure_detail = PG_EXCEPTION_DETAIL;
        END;
        PERFORM tenancy.record_in_run(run, item.position, failure_sqlstate, failure_message, failure_detail);
        -- In one transaction with the template, so that no tenant is made in between.
        IF failure_sqlstate IS NULL AND item.tenant IS NULL THEN
            PERFORM tenancy.collect_run(run);
            is_collected := true;
        END IF;
        COMMIT;
        -- What the template does not take, the tenants need not try.
        EXIT WHEN failure_sqlstate IS NOT NULL AND (stop_at_error OR item.tenant IS NULL);
    END LOOP;
    PERFORM tenancy.end_run(run);
    PERFORM tenancy.release_lock(29777, 2);
END
$$;
REVOKE ALL ON PROCEDURE tenancy.for_each_tenant(text, text, text, text[], boolean, boolean, bigint) FROM PUBLIC;
COMMENT ON PROCEDURE tenancy.for_each_tenant(text, text, text, text[], boolean, boolean, bigint) IS
'Runs SQL for one tenant after another, each in a transaction of its own with the tenant set, with the caller''s rights: first on the template (unless template is false), then for tenants with a schema of their own (isolation schema), the others (rows) or all, of a plan, with a status (default all). Tenants that are not active are not set; their schema is in the search path instead, for roles that bypass row security. An error is recorded with SQLSTATE and the run goes on, unless stop_at_error, or it was the template''s. Gives the run''s number, with which it is taken up again: done tenants are left out. Progress and errors: tenancy.run_progress. One run at a time. Not in a transaction block. Errors: 22023 bad argument or no such run.';
