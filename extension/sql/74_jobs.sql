-- Jobs: what tenancyd runs by itself, when, and the log of every run.
-- SPDX-License-Identifier: PostgreSQL
--
-- A job is a function tenancy.job_NAME(batch integer) that does one step and returns what it did, {"rows": 12}; "more": true
-- asks for another step. A step and its mark in the log are one transaction, so that a daemon killed at any instant has done
-- a step or not, and the next one goes on. Steps have to be right when repeated with nothing left to do.

CREATE TABLE tenancy.job_settings (
    job text COLLATE "C" PRIMARY KEY,
    every interval CHECK (every BETWEEN '1 second' AND '7 days'),
    daily_at time,
    jitter interval NOT NULL CHECK (jitter BETWEEN '0' AND coalesce(every, '1 day')),
    batch integer NOT NULL CHECK (batch > 0),
    enabled boolean NOT NULL,
    CHECK ((every IS NULL) <> (daily_at IS NULL))
);
COMMENT ON TABLE tenancy.job_settings IS 'Schedules that schedule_job() has set, instead of those that jobs come with.';

CREATE TABLE tenancy.job_runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job text COLLATE "C" NOT NULL,
    scheduled_for timestamptz NOT NULL,
    attempt integer NOT NULL CHECK (attempt > 0),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    outcome text NOT NULL DEFAULT 'running' CHECK (outcome IN ('running', 'succeeded', 'failed', 'abandoned')),
    steps integer NOT NULL DEFAULT 0,
    details jsonb NOT NULL DEFAULT '{}',
    error text,
    retry_at timestamptz,
    host text,
    server_pid integer NOT NULL DEFAULT pg_backend_pid(),
    CHECK ((outcome = 'running') = (finished_at IS NULL))
);
CREATE INDEX job_runs_last ON tenancy.job_runs (job, id DESC);
COMMENT ON TABLE tenancy.job_runs IS
'Every run of a job: for which time of its schedule, which attempt for that, when, by whom (host; server_pid is the session), how many steps were committed and what they did in all, and what became of it. Abandoned: the daemon died or lost its connection. A failed run is tried again at retry_at. Times are real ones, whatever tenancy.clock says. Runs are kept for 30 days.';
REVOKE ALL ON tenancy.job_settings, tenancy.job_runs FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.job_settings', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.job_runs', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.job_runs_id_seq', '');

-- ---- Schedules -------------------------------------------------------------------------------
--
-- A view calls functions with the rights of whoever asks it, so what jobs calls is everybody's.

CREATE FUNCTION tenancy.job_slot(every interval, daily_at time, at timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN CASE WHEN every IS NOT NULL THEN date_bin(every, at, timestamptz '2000-01-03 00:00:00+00')
    ELSE date_bin('1 day', at, timestamptz '2000-01-03 00:00:00+00' + daily_at::interval) END;
COMMENT ON FUNCTION tenancy.job_slot(interval, time, timestamptz) IS 'Internal: the last time of a schedule that is not after an instant.';

-- Not random(): asked twice, the answer must be the same.
CREATE FUNCTION tenancy.job_delay(job text, slot timestamptz, jitter interval) RETURNS interval
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN jitter * ((hashtextextended(current_database() || job, extract(epoch FROM slot)::bigint) & 65535) / 65536.0);
COMMENT ON FUNCTION tenancy.job_delay(text, timestamptz, interval) IS 'Internal: how much later than scheduled a run begins.';

CREATE FUNCTION tenancy.job_retry_delay(attempt integer) RETURNS interval
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
RETURN least('5 minutes', interval '2 seconds' * 2 ^ least(attempt - 1, 10)) * (0.5 + random() / 2);
REVOKE ALL ON FUNCTION tenancy.job_retry_delay(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.job_retry_delay(integer) IS 'Internal: how long to wait after so many failures in a row.';

-- The lock goes with the session, and so says whether the daemon of a run is still there.
CREATE FUNCTION tenancy.job_holder(job text) RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT l.pid FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 29778 AND l.objsubid = 29779
      AND l.objid = ((hashtext(job_holder.job)::bigint + 4294967296) % 4294967296)::oid
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
END;
COMMENT ON FUNCTION tenancy.job_holder(text) IS 'Internal: the session that runs a job.';

-- Here a job gets its schedule; settings come after it. Times of day are UTC.
CREATE VIEW tenancy.jobs AS
WITH defaults (name, every, daily_at, jitter, batch, purpose) AS (VALUES
    ('rollup', interval '1 minute', NULL::time, interval '0', 1, 'adds the ledger''s new rows to the hours'),
    ('plan_changes', '1 minute', NULL, '0', 1, 'lets planned changes of plan take effect'),
    ('invoices', '1 minute', NULL, '0', 500, 'issues invoices that are due'),
    ('credits', '1 hour', NULL, '0', 1, 'ends credits whose time is over'),
    ('budgets', '5 minutes', NULL, '30 seconds', 500, 'compares cost with budgets, alerts, and stops what is over a hard one'),
    ('fold_row_changes', '1 minute', NULL, '0', 1, 'adds what transactions have changed to the counts of rows'),
    ('measure_storage', '1 hour', NULL, '10 minutes', 100, 'measures what tenants take up on disk, by samples'),
    ('ledger', NULL, '02:10', '30 minutes', 10000, 'drops usage and idempotency keys that need not be kept any more'),
    ('retention', NULL, '03:10', '30 minutes', 10000, 'deletes events and runs of jobs older than 30 days, and alerts older than 400')
), schedules AS (
    SELECT d.name, d.purpose, s.job IS NOT NULL AS changed, coalesce(s.enabled, true) AS enabled, coalesce(s.batch, d.batch) AS batch,
        CASE WHEN s.job IS NULL THEN d.every ELSE s.every END AS every, CASE WHEN s.job IS NULL THEN d.daily_at ELSE s.daily_at END AS daily_at,
        coalesce(s.jitter, d.jitter) AS jitter
    FROM defaults d LEFT JOIN tenancy.job_settings s ON s.job = d.name
), states AS (
    SELECT s.*, r.outcome, r.attempt, r.scheduled_for, r.started_at, r.finished_at, r.steps, r.details, r.error, r.retry_at,
        r.outcome = 'running' AND tenancy.job_holder(s.name) IS NOT DISTINCT FROM r.server_pid AS is_running,
        tenancy.job_slot(s.every, s.daily_at, r.scheduled_for) + coalesce(s.every, '1 day') AS next_slot
    FROM schedules s
    LEFT JOIN LATERAL (SELECT * FROM tenancy.job_runs j WHERE j.job = s.name ORDER BY j.id DESC LIMIT 1) r ON true
)
SELECT s.name, s.purpose, s.enabled, s.every, s.daily_at, s.jitter, s.batch, s.changed,
    CASE WHEN s.outcome = 'running' AND NOT s.is_running THEN 'abandoned' ELSE s.outcome END AS outcome, s.attempt, s.scheduled_for,
    s.started_at, s.finished_at, s.steps, s.details, s.error,
    (SELECT j.finished_at FROM tenancy.job_runs j WHERE j.job = s.name AND j.outcome = 'succeeded' ORDER BY j.id DESC LIMIT 1) AS succeeded_at,
    CASE WHEN NOT s.enabled OR s.is_running THEN NULL
         -- Of a clock that was ahead: nobody shall wait until it is so late again.
         WHEN s.outcome IS NULL OR s.scheduled_for > clock_timestamp() THEN '-infinity'
         WHEN s.outcome = 'succeeded' THEN s.next_slot + tenancy.job_delay(s.name, s.next_slot, s.jitter)
         WHEN s.outcome = 'failed' THEN s.retry_at
         -- At once, but for a job that kills its daemon again and again.
         WHEN s.attempt <= 3 THEN '-infinity'
         ELSE s.started_at + least('5 minutes', interval '2 seconds' * 2 ^ least(s.attempt - 4, 10)) END AS next_at
FROM states s;
REVOKE ALL ON tenancy.jobs FROM PUBLIC;
COMMENT ON VIEW tenancy.jobs IS
'Jobs of tenancyd serve with their schedules (changed: by schedule_job()), their last run, when one last succeeded, and when the next is due (-infinity: at once; null: running, or not enabled).';

CREATE FUNCTION tenancy.schedule_job(job text, every interval DEFAULT NULL, daily_at time DEFAULT NULL, jitter interval DEFAULT NULL,
    batch integer DEFAULT NULL, enabled boolean DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before tenancy.jobs;
    old_row tenancy.job_settings;
    new_row tenancy.job_settings;
BEGIN
    SELECT * INTO before FROM tenancy.jobs j WHERE j.name = schedule_job.job;
    IF before.name IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('job "%s" does not exist', job),
            HINT = 'tenancy.jobs has those there are.';
    END IF;
    new_row := ROW(before.name, CASE WHEN every IS NULL AND daily_at IS NULL THEN before.every ELSE every END,
        CASE WHEN every IS NULL AND daily_at IS NULL THEN before.daily_at ELSE daily_at END,
        coalesce(jitter, least(before.jitter, coalesce(every, '1 day'))), coalesce(batch, before.batch), coalesce(enabled, before.enabled));
    IF every IS NOT NULL AND daily_at IS NOT NULL OR new_row.every NOT BETWEEN '1 second' AND '7 days' OR new_row.batch < 1
       OR new_row.jitter NOT BETWEEN '0' AND coalesce(new_row.every, '1 day') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('invalid schedule for job "%s"', job),
            DETAIL = 'It is an interval of 1 second to 7 days or a time of day; the jitter is at most the interval, and the batch at least 1.';
    END IF;
    SELECT * INTO old_row FROM tenancy.job_settings s WHERE s.job = before.name;
    IF (before.every, before.daily_at, before.jitter, before.batch, before.enabled)
       IS NOT DISTINCT FROM (new_row.every, new_row.daily_at, new_row.jitter, new_row.batch, new_row.enabled) THEN
        RETURN false;
    END IF;
    DELETE FROM tenancy.job_settings s WHERE s.job = before.name;
    INSERT INTO tenancy.job_settings VALUES (new_row.*);
    PERFORM tenancy.write_audit('schedule_job', before.name, to_jsonb(old_row), to_jsonb(new_row));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.schedule_job(text, interval, time, interval, integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.schedule_job(text, interval, time, interval, integer, boolean) IS
'Changes when a job runs: every so often (1 second to 7 days, from midnight UTC on) or daily at a time (UTC), later by up to jitter (at most the interval); how much a step does at most (batch); whether it runs at all (enabled). What is left out stays. False if nothing changes. Errors: 42704 unknown job, 22023 bad schedule.';

-- ---- Runs ------------------------------------------------------------------------------------

CREATE FUNCTION tenancy.begin_job(job text DEFAULT NULL, host text DEFAULT NULL, OUT run bigint, OUT name text, OUT attempt integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    due record;
    last tenancy.job_runs;
BEGIN
    IF job IS NOT NULL AND NOT EXISTS (SELECT FROM tenancy.jobs j WHERE j.name = begin_job.job) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('job "%s" does not exist', job),
            HINT = 'tenancy.jobs has those there are.';
    END IF;
    FOR due IN
        SELECT j.name, j.every, j.daily_at, j.jitter FROM tenancy.jobs j
        WHERE CASE WHEN job IS NULL THEN j.next_at <= clock_timestamp() ELSE j.name = job END ORDER BY j.next_at, j.name
    LOOP
        -- A session may hold it from a call that failed: session locks do not roll back, and count.
        CONTINUE WHEN tenancy.job_holder(due.name) IS DISTINCT FROM pg_backend_pid() AND NOT tenancy.take_lock(29778, hashtext(due.name), session => true, wait => false);
        -- Another session may have run it since the list was made; now nobody else can.
        IF job IS NULL AND NOT EXISTS (SELECT FROM tenancy.job_runs r WHERE r.job = due.name AND r.outcome = 'running')
           AND NOT EXISTS (SELECT FROM tenancy.jobs j WHERE j.name = due.name AND j.next_at <= clock_timestamp()) THEN
            PERFORM tenancy.release_lock(29778, hashtext(due.name));
            CONTINUE;
        END IF;
        UPDATE tenancy.job_runs r SET outcome = 'abandoned', finished_at = clock_timestamp() WHERE r.job = due.name AND r.outcome = 'running';
        SELECT * INTO last FROM tenancy.job_runs r WHERE r.job = due.name ORDER BY r.id DESC LIMIT 1;
        name := due.name;
        attempt := CASE WHEN last.outcome <> 'succeeded' THEN last.attempt + 1 ELSE 1 END;
        INSERT INTO tenancy.job_runs (job, scheduled_for, attempt, host)
        VALUES (name, CASE WHEN attempt > 1 AND last.scheduled_for <= clock_timestamp() THEN last.scheduled_for ELSE (
            -- What was missed meanwhile is caught up with in one run, for the last time that has come.
            SELECT s.slot - CASE WHEN s.slot + tenancy.job_delay(name, s.slot, due.jitter) > clock_timestamp() AND s.slot - coalesce(due.every, '1 day') > last.scheduled_for
                THEN coalesce(due.every, '1 day') ELSE '0' END
            FROM (SELECT tenancy.job_slot(due.every, due.daily_at, clock_timestamp()) AS slot) s) END, attempt, begin_job.host)
        RETURNING id INTO run;
        RETURN;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.begin_job(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.begin_job(text, text) IS
'Begins a run of the job that has been due for longest, or of the one named, due or not; returns the run, the job''s name and the attempt, nulls where none is due or other sessions run them. The run belongs to this session, which calls step_job() until it says done, and end_job(); host is for the log. tenancyd calls it. Error: 42704 unknown job.';

CREATE FUNCTION tenancy.step_job(run bigint, OUT done boolean, OUT details jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    present tenancy.job_runs;
BEGIN
    SELECT * INTO present FROM tenancy.job_runs r WHERE r.id = step_job.run FOR UPDATE;
    IF present.outcome IS DISTINCT FROM 'running' OR present.server_pid <> pg_backend_pid()
       OR tenancy.job_holder(present.job) IS DISTINCT FROM pg_backend_pid() THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('run %s is not one of this session', run),
            HINT = 'Begin one with tenancy.begin_job().';
    END IF;
    EXECUTE format('SELECT tenancy.%I($1)', 'job_' || present.job) INTO details
        USING (SELECT j.batch FROM tenancy.jobs j WHERE j.name = present.job);
    done := NOT coalesce((details -> 'more')::boolean, false);
    UPDATE tenancy.job_runs r SET steps = r.steps + 1, outcome = CASE WHEN done THEN 'succeeded' ELSE 'running' END,
        finished_at = CASE WHEN done THEN clock_timestamp() END,
        -- Counts add up; the last word stays.
        details = (SELECT coalesce(jsonb_object_agg(k.key, CASE WHEN jsonb_typeof(k.value) = 'number' AND jsonb_typeof(r.details -> k.key) = 'number'
                THEN to_jsonb(k.value::numeric + (r.details -> k.key)::numeric) ELSE k.value END), '{}')
            FROM jsonb_each(r.details || step_job.details) k WHERE k.key <> 'more')
    WHERE r.id = step_job.run;
END
$$;
REVOKE ALL ON FUNCTION tenancy.step_job(bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.step_job(bigint) IS
'Does the next step of a run that this session began, and marks it in the same transaction; details are what it did, done says whether it was the last. Errors: 55000 not a run of this session, and those of the job.';

CREATE FUNCTION tenancy.end_job(run bigint, error text DEFAULT NULL) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result tenancy.job_runs;
BEGIN
    UPDATE tenancy.job_runs r SET outcome = 'failed', finished_at = clock_timestamp(), error = coalesce(end_job.error, 'stopped'),
        retry_at = clock_timestamp() + tenancy.job_retry_delay(r.attempt)
    WHERE r.id = run AND r.outcome = 'running' AND r.server_pid = pg_backend_pid();
    SELECT * INTO result FROM tenancy.job_runs r WHERE r.id = run;
    IF tenancy.job_holder(result.job) = pg_backend_pid() THEN
        PERFORM tenancy.release_lock(29778, hashtext(result.job));
    END IF;
    RETURN result.retry_at;
END
$$;
REVOKE ALL ON FUNCTION tenancy.end_job(bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.end_job(bigint, text) IS
'Ends a run of this session: one that step_job() did not finish has failed, with an error for the log. Returns when it is tried again: after 2 seconds and then twice as long with each failure, up to 5 minutes, less up to half of it at random; null after a success.';
