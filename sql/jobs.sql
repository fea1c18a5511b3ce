-- Jobs: schedules, runs step by step, failures, runs whose daemon died.
-- SPDX-License-Identifier: PostgreSQL
\set SHOW_CONTEXT never
\pset format unaligned
\pset tuples_only on
SET timezone = 'UTC';
DELETE FROM tenancy.job_runs;
-- (other tests' tenants are left alone)
SELECT tenancy.schedule_job(name, enabled => false) FROM unnest('{rollup,invoices,plan_changes}'::text[]) name;

-- Times of a schedule.
SELECT tenancy.job_slot('1 minute', NULL, '2026-03-15 12:34:56'), tenancy.job_slot('1 hour', NULL, '2026-03-15 12:00:00'),
    tenancy.job_slot('7 days', NULL, '2026-03-15 12:00:00'), tenancy.job_slot(NULL, '03:10', '2026-03-15 03:09:59'), tenancy.job_slot(NULL, '03:10', '2026-03-15 03:10:00');
SELECT min(d) >= '0', max(d) < '1 hour', max(d) - min(d) > '55 minutes', count(DISTINCT d) > 900
FROM (SELECT tenancy.job_delay('a', timestamptz '2026-01-01' + n * interval '1 day', '1 hour') AS d FROM generate_series(1, 1000) n) x;
SELECT a, min(d) >= w / 2, max(d) < w FROM (VALUES (1, interval '2 seconds'), (3, '8 seconds'), (50, '5 minutes')) v(a, w), generate_series(1, 100) n,
    LATERAL (SELECT tenancy.job_retry_delay(a + n * 0) AS d) x GROUP BY a, w ORDER BY a;

-- What there is; each has its function.
SELECT name, enabled, every, daily_at, jitter, batch, outcome, next_at FROM tenancy.jobs ORDER BY name;
SELECT name FROM tenancy.jobs WHERE to_regprocedure(format('tenancy.job_%s(integer)', name)) IS NULL;
-- And each such function is run.
SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'tenancy'::regnamespace AND p.proname ~ '^job_' AND p.proargnames[1] = 'batch'
  AND substr(p.proname, 5) NOT IN (SELECT name FROM tenancy.jobs);

-- Whatever is due is begun, one run after the other, until nothing is.
CREATE FUNCTION pg_temp.run_due() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    began record;
    step record;
BEGIN
    FOR i IN 1..30 LOOP
        SELECT * INTO began FROM tenancy.begin_job(host => 'here');
        EXIT WHEN began.run IS NULL;
        LOOP
            SELECT * INTO step FROM tenancy.step_job(began.run);
            EXIT WHEN step.done;
        END LOOP;
        PERFORM tenancy.end_job(began.run);
        RETURN NEXT began.name || ' ' || began.attempt;
    END LOOP;
END
$$;
SELECT count(*) >= (SELECT count(*) FROM tenancy.jobs WHERE enabled) FROM pg_temp.run_due();
SELECT DISTINCT outcome, attempt, steps, host, error, finished_at >= started_at, scheduled_for <= started_at FROM tenancy.job_runs;
-- A minute may begin in between; a daily job is not due again today, nor one that is not enabled.
SELECT name FROM tenancy.jobs WHERE next_at <= clock_timestamp() AND every IS NULL;
SELECT next_at > clock_timestamp(), next_at - clock_timestamp() <= '24.5 hours', (next_at AT TIME ZONE 'UTC')::time BETWEEN '03:10' AND '03:40' FROM tenancy.jobs WHERE name = 'retention';

-- What a daemon missed is done once, for the last time of the schedule.
SELECT tenancy.schedule_job('credits', every => '7 days');
UPDATE tenancy.job_runs SET scheduled_for = '2026-01-05 00:00' WHERE job = 'credits';
SELECT next_at FROM tenancy.jobs WHERE name = 'credits';
SELECT count(*) FROM pg_temp.run_due() r WHERE r = 'credits 1';
SELECT scheduled_for = tenancy.job_slot('7 days', NULL, started_at) FROM tenancy.job_runs WHERE job = 'credits' ORDER BY id DESC LIMIT 1;

-- The clock was ahead, and is right again: what ran then does not make the schedule wait for it. What fails still waits.
UPDATE tenancy.job_runs SET scheduled_for = clock_timestamp() + interval '1 year' WHERE job = 'credits';
SELECT next_at FROM tenancy.jobs WHERE name = 'credits';
SELECT run FROM tenancy.begin_job('credits') \gset
SELECT tenancy.end_job(:run, 'not now') > clock_timestamp();
SELECT next_at > clock_timestamp(), scheduled_for <= started_at FROM tenancy.jobs WHERE name = 'credits';
UPDATE tenancy.job_runs SET scheduled_for = clock_timestamp() + interval '1 year', retry_at = scheduled_for WHERE id = :run;
SELECT run FROM tenancy.begin_job() WHERE name = 'credits' \gset
SELECT attempt, scheduled_for <= started_at FROM tenancy.job_runs WHERE id = :run;
SELECT done FROM tenancy.step_job(:run);
SELECT tenancy.end_job(:run) IS NULL, next_at > clock_timestamp() FROM tenancy.jobs WHERE name = 'credits';

-- Alerts go with the years; of a window that is not over they stay.
INSERT INTO tenancy.quota_alerts (tenant_id, metric, period, window_start, window_end, limit_amount, threshold, used, soft, at)
VALUES ('nobody', 'calls', 'day', '2001-01-01', '2001-01-02', 1, 80, 1, false, '2001-01-01'), ('nobody', 'calls', 'total', '-infinity', 'infinity', 1, 80, 1, false, '2001-01-01');
INSERT INTO tenancy.budget_alerts (tenant_id, period_start, period_end, threshold, amount, currency, actual, forecast, at)
VALUES ('nobody', '2001-01-01', '2001-02-01', 80, 1, 'EUR', 1, 1, '2001-01-20');
SELECT tenancy.job_retention(100) ->> 'alerts';
SELECT period FROM tenancy.quota_alerts WHERE tenant_id = 'nobody';
DELETE FROM tenancy.quota_alerts WHERE tenant_id = 'nobody';
DELETE FROM tenancy.events_outbox WHERE tenant_id = 'nobody';

-- Steps: those that are done stay done when a later one fails.
CREATE FUNCTION pg_temp.stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$;
SELECT tenancy.schedule_job('retention', batch => 2);
INSERT INTO tenancy.job_runs (job, scheduled_for, attempt, outcome, started_at, finished_at)
SELECT 'nothing', '-infinity', 1, 'succeeded', '2001-01-01', '2001-01-01' FROM generate_series(1, 6);
SELECT run FROM tenancy.begin_job('retention') \gset
SELECT details FROM tenancy.step_job(:run);
SELECT done, details ->> 'runs' FROM tenancy.step_job(:run);
CREATE TRIGGER stop BEFORE DELETE ON tenancy.job_runs EXECUTE FUNCTION pg_temp.stop();
SELECT * FROM tenancy.step_job(:run);
SELECT tenancy.end_job(:run, 'not now') BETWEEN clock_timestamp() + interval '0.5 seconds' AND clock_timestamp() + interval '2 seconds';
DROP TRIGGER stop ON tenancy.job_runs;
SELECT outcome, attempt, steps, details -> 'runs', error, retry_at = (SELECT next_at FROM tenancy.jobs WHERE name = 'retention') FROM tenancy.job_runs WHERE id = :run;
SELECT count(*) FROM tenancy.job_runs WHERE job = 'nothing';
-- Not before its time; then a second attempt, for the same time of the schedule.
SELECT count(*) FROM pg_temp.run_due() r WHERE r LIKE 'retention%';
UPDATE tenancy.job_runs SET retry_at = '-infinity' WHERE id = :run;
SELECT r FROM pg_temp.run_due() r WHERE r LIKE 'retention%';
SELECT count(DISTINCT scheduled_for), max(attempt) FROM tenancy.job_runs WHERE job = 'retention' AND id >= :run;

-- A run whose daemon died is abandoned: the next begins at once. After the third time it waits a little.
SELECT run FROM tenancy.begin_job('credits') \gset
SELECT outcome, next_at FROM tenancy.jobs WHERE name = 'credits';
\c
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
-- (the old session may take a moment to end)
DO $$ BEGIN WHILE tenancy.job_holder('credits') IS NOT NULL LOOP PERFORM pg_sleep(0.01); END LOOP; END $$;
SELECT outcome, next_at FROM tenancy.jobs WHERE name = 'credits';
\set VERBOSITY sqlstate
SELECT * FROM tenancy.step_job(:run);
\set VERBOSITY default
SELECT name, attempt FROM tenancy.begin_job('credits');
SELECT outcome, finished_at IS NOT NULL FROM tenancy.job_runs WHERE id = :run;
UPDATE tenancy.job_runs SET attempt = 5, server_pid = 0 WHERE job = 'credits' AND outcome = 'running';
SELECT outcome, next_at - started_at FROM tenancy.jobs WHERE name = 'credits';

-- Settings, and errors.
SELECT tenancy.schedule_job('credits', daily_at => '12:00', jitter => '1 hour', enabled => false), tenancy.schedule_job('credits', daily_at => '12:00');
SELECT name, every, daily_at, jitter, batch, enabled, changed, next_at IS NULL FROM tenancy.jobs WHERE name IN ('credits', 'retention') ORDER BY name;
SELECT action, object, after FROM tenancy.audit_log WHERE action = 'schedule_job' ORDER BY id DESC LIMIT 1;
SELECT tenancy.schedule_job('nothing', every => '1 hour');
SELECT tenancy.schedule_job('credits', every => '1 hour', daily_at => '12:00');
SELECT tenancy.schedule_job('credits', every => '0.5 seconds');
SELECT tenancy.schedule_job('credits', every => '1 month');
SELECT tenancy.schedule_job('credits', every => '1 hour', jitter => '2 hours');
SELECT tenancy.schedule_job('credits', batch => 0);
SELECT tenancy.begin_job('nothing');
SELECT tenancy.end_job(-1) IS NULL;
DELETE FROM tenancy.job_settings;
DELETE FROM tenancy.job_runs;
