-- Settings that cannot be governed, or not by this caller, are refused and change nothing.
\set SHOW_CONTEXT never
SELECT tenancy.create_plan('ge_plan'), tenancy.create_tenant('ge_acme', 'ge_plan');
SELECT tenancy.set_plan_setting('ge_none', 'work_mem', '4MB');
SELECT tenancy.set_tenant_setting('ge_none', 'work_mem', '4MB');
SELECT tenancy.set_tenant_setting('ge_acme', 'work_mem', '4MB', '2001-01-01 00:00:00+00');
SELECT tenancy.set_plan_setting('ge_plan', 'no_such_setting', '1');
SELECT tenancy.set_plan_setting('ge_plan', 'no.such_setting', '1');
SELECT tenancy.set_plan_setting('ge_plan', 'work_mem', NULL);
SELECT tenancy.set_plan_setting('ge_plan', 'work_mem', 'much');
SELECT tenancy.set_plan_setting('ge_plan', 'shared_buffers', '1GB');
SELECT tenancy.set_plan_setting('ge_plan', 'TimeZone', 'UTC');
SELECT tenancy.set_plan_setting('ge_plan', 'default_transaction_read_only', 'on');
SELECT tenancy.set_plan_setting('ge_plan', 'idle_session_timeout', '1min');
SELECT tenancy.set_plan_setting('ge_plan', 'role', 'postgres');
SELECT tenancy.set_plan_setting('ge_plan', 'search_path', 'public');
SELECT tenancy.set_plan_setting('ge_plan', 'row_security', 'off');
SELECT tenancy.set_plan_setting('ge_plan', 'tenancy.tenant_id', 'other');
SELECT tenancy.set_plan_setting('ge_plan', 'tenancy.token', 'x');
SELECT tenancy.set_plan_setting('ge_plan', 'tenancy.enforce_bypass', 'off');
SELECT tenancy.set_plan_setting('ge_plan', 'tenancy.governed', '1');
SELECT tenancy.set_plan_setting('ge_plan', 'tenancy.runaway_note', 'memory=1GB');
-- an operator is no superuser: what only a superuser may set stays so
CREATE ROLE regress_ge_operator;
SELECT tenancy.grant_operator('regress_ge_operator');
SET ROLE regress_ge_operator;
SELECT tenancy.set_plan_setting('ge_plan', 'session_replication_role', 'replica');
SELECT tenancy.set_plan_setting('ge_plan', 'log_statement', 'all');
SELECT tenancy.set_plan_setting('ge_plan', 'temp_file_limit', '1GB'), tenancy.set_plan_setting('ge_plan', 'tenancy.statement_rate', '10');
SELECT tenancy.check_setting('work_mem', '1MB');
RESET ROLE;
GRANT SET ON PARAMETER log_statement TO regress_ge_operator;
SET ROLE regress_ge_operator;
SELECT tenancy.set_plan_setting('ge_plan', 'log_statement', 'all');
RESET ROLE;
REVOKE SET ON PARAMETER log_statement FROM regress_ge_operator;
SELECT * FROM tenancy.plan_settings WHERE plan = 'ge_plan' ORDER BY name;
SELECT tenancy.revoke_operator('regress_ge_operator');
DROP ROLE regress_ge_operator;
