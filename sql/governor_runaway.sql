-- Statements that take too much are noted, cancelled, or followed by a pause; a dry run only says so.
\set SHOW_CONTEXT never
SELECT tenancy.create_plan('gw_plan'), tenancy.create_tenant('gw_acme', 'gw_plan');
CREATE ROLE regress_gw_app;
CREATE FUNCTION gw_noted() RETURNS TABLE (tenant_id text, role name, action text, dry_run boolean, measure text, row_count bigint, query text)
LANGUAGE sql SECURITY DEFINER AS $$ SELECT tenant_id, role, action, dry_run, measure, row_count, query FROM tenancy.runaway_statements WHERE role = 'regress_gw_app' ORDER BY noted_at $$;
SELECT tenancy.set_plan_setting('gw_plan', 'tenancy.runaway_note', 'rows=100'), tenancy.set_plan_setting('gw_plan', 'tenancy.runaway_cancel', 'rows=100000 elapsed=1min');
SET tenancy.tenant_id = 'gw_acme';
SET ROLE regress_gw_app;
SELECT count(*) FROM (SELECT FROM generate_series(1, 1000)) s;
CREATE TEMP TABLE gw_rows AS SELECT g FROM generate_series(1, 100) g;
INSERT INTO gw_rows SELECT g FROM generate_series(1, 101) g;
COPY (SELECT g FROM gw_rows ORDER BY g LIMIT 3) TO STDOUT;
-- cancelled while it runs: this would take for ever (the timeout ends it should the rule fail)
SET statement_timeout = '1min';
INSERT INTO gw_rows SELECT 1 FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b;
SELECT count(*) FROM gw_rows;
SELECT tenant_id, role, action, dry_run, measure, CASE WHEN action = 'note' THEN row_count END AS row_count, query FROM gw_noted();
RESET ROLE;
SELECT tenancy.set_plan_setting('gw_plan', 'tenancy.runaway_cancel', 'rows=150'), tenancy.set_plan_setting('gw_plan', 'tenancy.runaway_dry_run', 'on');
SET ROLE regress_gw_app;
INSERT INTO gw_rows SELECT g FROM generate_series(1, 160) g;
RESET ROLE;
-- time of the processor
SELECT tenancy.set_plan_setting('gw_plan', 'tenancy.runaway_cancel', 'cpu=100ms'), tenancy.set_plan_setting('gw_plan', 'tenancy.runaway_dry_run', 'off'),
       tenancy.remove_plan_setting('gw_plan', 'tenancy.runaway_note');
SET ROLE regress_gw_app;
DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$;
DO $$ BEGIN PERFORM pg_sleep(0.2); END $$;
RESET ROLE;
-- blocks, and the pause: no second statement while one runs (specs/governor_running.spec)
SELECT tenancy.remove_plan_setting('gw_plan', 'tenancy.runaway_cancel'), tenancy.set_plan_setting('gw_plan', 'tenancy.runaway_cool_down', 'blocks=2');
SET ROLE regress_gw_app;
SELECT count(*) FROM gw_rows a, gw_rows b;
SELECT 'still one at a time' AS result;
SELECT tenant_id, action, dry_run, measure, query FROM gw_noted() OFFSET 2;
RESET ROLE;
RESET tenancy.tenant_id;
DROP TABLE gw_rows;
DROP FUNCTION gw_noted();
DROP ROLE regress_gw_app;
