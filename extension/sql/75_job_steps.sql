-- What jobs do: a function job_NAME(batch) each, one step a call; their schedules are in the view jobs.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.job_rollup(batch integer) RETURNS jsonb
LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT jsonb_build_object('rows', r.rows_rolled, 'pending', r.pending) FROM tenancy.rollup() r;
END;
REVOKE ALL ON FUNCTION tenancy.job_rollup(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.job_rollup(integer) IS 'Internal: a step of the job rollup.';

CREATE FUNCTION tenancy.job_plan_changes(batch integer) RETURNS jsonb
LANGUAGE sql SET search_path = pg_catalog, pg_temp
RETURN jsonb_build_object('tenants', tenancy.apply_planned_changes());
REVOKE ALL ON FUNCTION tenancy.job_plan_changes(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.job_plan_changes(integer) IS 'Internal: a step of the job plan_changes.';

CREATE FUNCTION tenancy.job_credits(batch integer) RETURNS jsonb
LANGUAGE sql SET search_path = pg_catalog, pg_temp
RETURN jsonb_build_object('grants', tenancy.expire_credits());
REVOKE ALL ON FUNCTION tenancy.job_credits(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.job_credits(integer) IS 'Internal: a step of the job credits.';

-- Those that cannot be issued yet are no reason to go on: the next run tries them again.
CREATE FUNCTION tenancy.job_invoices(batch integer) RETURNS jsonb
LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object('issued', count(i.invoice_id), 'waiting', nullif(count(i.error), 0), 'first_error', min(i.error),
        'more', count(i.invoice_id) > 0 AND count(*) >= job_invoices.batch))
    FROM tenancy.issue_due_invoices(job_invoices.batch) i;
END;
REVOKE ALL ON FUNCTION tenancy.job_invoices(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.job_invoices(integer) IS 'Internal: a step of the job invoices.';

CREATE FUNCTION tenancy.job_retention(batch integer) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    events bigint := tenancy.purge_events(max_count => batch);
    runs bigint;
    alerts bigint;
    more_alerts bigint;
BEGIN
    WITH gone AS (
        DELETE FROM tenancy.job_runs r USING (
            SELECT o.id FROM tenancy.job_runs o WHERE o.started_at < clock_timestamp() - interval '30 days' AND o.outcome <> 'running'
              -- The last of each job, and the last success, say when the next is due.
              AND o.id NOT IN (SELECT max(l.id) FROM tenancy.job_runs l GROUP BY l.job, l.outcome = 'succeeded')
            ORDER BY o.id LIMIT batch) old
        WHERE r.id = old.id RETURNING 1
    )
    SELECT count(*) INTO runs FROM gone;
    -- Their windows have to be over: a row is also what keeps an alert from being told twice.
    DELETE FROM tenancy.quota_alerts q WHERE q.ctid = ANY (ARRAY(
        SELECT o.ctid FROM tenancy.quota_alerts o WHERE o.window_end < tenancy.clock_time() - interval '400 days' AND o.at < tenancy.clock_time() - interval '400 days'
        LIMIT batch));
    GET DIAGNOSTICS alerts = ROW_COUNT;
    DELETE FROM tenancy.budget_alerts b WHERE b.ctid = ANY (ARRAY(
        SELECT o.ctid FROM tenancy.budget_alerts o WHERE greatest(o.at, o.period_end) < tenancy.clock_time() - interval '400 days' LIMIT batch));
    GET DIAGNOSTICS more_alerts = ROW_COUNT;
    RETURN jsonb_build_object('events', events, 'runs', runs, 'alerts', alerts + more_alerts,
        'more', greatest(events, runs, alerts, more_alerts) >= batch);
END
$$;
REVOKE ALL ON FUNCTION tenancy.job_retention(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.job_retention(integer) IS 'Internal: a step of the job retention.';
