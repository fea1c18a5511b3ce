-- what: a transaction's end leaves the setting empty
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed bypass=open super=open
-- do: roles that bypass row security see all tenants when none is set; applications must not use one
-- attack
RESET tenancy.tenant_id;
BEGIN;
SET LOCAL tenancy.tenant_id = :'own';
SELECT count(*) AS n FROM :t \gset
COMMIT;
\echo want 3 got :n
SELECT body FROM :t;
\echo want 00000 got :SQLSTATE
\if :is_bypassing
\echo want 6 got :ROW_COUNT
\else
\echo want 0 got :ROW_COUNT
\endif
