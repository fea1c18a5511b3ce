-- what: `DISABLE` row security, `NO FORCE` or drop the policy, first with a tenant, then without
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed owner=open super=open
-- do: the application's role must not own tables; every change of a wall is in `tenancy.audit_log` and a finding of `check()`
-- kinds: plain
-- attack
\if :is_walled
ALTER TABLE :t DISABLE ROW LEVEL SECURITY;
\echo want 42501 got :SQLSTATE
ALTER TABLE :t NO FORCE ROW LEVEL SECURITY;
\echo want 42501 got :SQLSTATE
DROP POLICY tenancy_isolation ON :t;
\echo want 42501 got :SQLSTATE
ALTER POLICY tenancy_isolation ON :t USING (true);
\echo want 42501 got :SQLSTATE
SELECT body FROM :t;
\echo want 3 got :ROW_COUNT
\endif
RESET tenancy.tenant_id;
ALTER TABLE :t DISABLE ROW LEVEL SECURITY;
SET tenancy.tenant_id = :'own';
SELECT body FROM :t;
