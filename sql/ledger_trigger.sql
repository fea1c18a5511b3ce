-- Usage is written with the extension's rights: what a trigger of the administrator's names without a schema is not looked for
-- where the caller says.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SELECT tenancy.create_tenant('lt'), tenancy.create_metric('lt.calls');
CREATE ROLE regress_lt;
CREATE SCHEMA lt;
CREATE SCHEMA lt_own AUTHORIZATION regress_lt;
CREATE FUNCTION lt.mark(metric text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'the right one: %', metric; END $$;
CREATE FUNCTION lt.see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM mark(NEW.metric); RETURN NULL; END $$;
CREATE TRIGGER see AFTER INSERT ON tenancy.usage_ledger FOR EACH ROW EXECUTE FUNCTION lt.see();
SET ROLE regress_lt;
CREATE FUNCTION lt_own.mark(metric text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'another''s, as %', current_user; END $$;
SET search_path = lt_own;
SET tenancy.tenant_id = 'lt';
SELECT tenancy.record_usage('lt.calls', 1);
RESET ROLE;
ALTER FUNCTION lt.see() SET search_path = lt, pg_temp;
SET ROLE regress_lt;
SELECT tenancy.record_usage('lt.calls', 1);
RESET ROLE;
RESET search_path;
RESET tenancy.tenant_id;
DROP TRIGGER see ON tenancy.usage_ledger;
SET client_min_messages = error;
DROP SCHEMA lt, lt_own CASCADE;
DROP ROLE regress_lt;
DELETE FROM tenancy.usage_ledger WHERE tenant_id = 'lt';
DELETE FROM tenancy.metrics WHERE name = 'lt.calls';
DELETE FROM tenancy.tenants WHERE id = 'lt';
