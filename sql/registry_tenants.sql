-- Tenants: idempotent creation, unique ids without regard to case, clear errors.
\set SHOW_CONTEXT never
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_plan('rt_basic'), tenancy.create_plan('rt_big');
SELECT tenancy.create_tenant('rt_acme', 'rt_basic', 'Acme', 'Europe/Berlin', '{"seats": 3}');
SELECT id, name, plan, status, time_zone, config FROM tenancy.tenants WHERE id = 'rt_acme';
-- again: nothing happens, and what is left out is not compared
SELECT tenancy.create_tenant('rt_acme', 'rt_basic', 'Acme', 'Europe/Berlin', '{"seats": 3}'), tenancy.create_tenant('rt_acme');
SELECT tenancy.create_tenant('rt_acme', 'rt_big');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.create_tenant('RT_ACME');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.create_tenant('');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.create_tenant(NULL);
SELECT tenancy.create_tenant(repeat('x', 64));
SELECT tenancy.create_tenant(E'a\tb');
SELECT tenancy.create_tenant('it''s');
SELECT tenancy.create_tenant('rt_x', 'rt_none');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.create_tenant('rt_x', time_zone => 'Mars/Olympus');
SELECT tenancy.create_tenant('rt_x', config => '[1]');
SELECT count(*) FROM tenancy.tenants WHERE id = 'rt_x';
-- plans change, also back, and the log says so
SELECT tenancy.set_plan('RT_acme', 'rt_big'), tenancy.set_plan('rt_acme', 'rt_big');
SELECT tenancy.set_plan('rt_acme', 'rt_none');
SELECT tenancy.set_plan('rt_nobody', 'rt_big');
\echo :LAST_ERROR_SQLSTATE
SELECT action, object, before ->> 'plan' AS before, after ->> 'plan' AS after, session_role = session_user AS by_me
FROM tenancy.audit_log WHERE object = 'rt_acme' ORDER BY id;
DELETE FROM tenancy.tenants WHERE id LIKE 'rt\_%';
DELETE FROM tenancy.plans WHERE id LIKE 'rt\_%';
