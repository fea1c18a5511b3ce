-- what: name another tenant with `SET` or `set_config()` in injected SQL
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- do: bind the role to its tenants, pin the tenant to the session, or require tokens
-- attack
SELECT count(*) AS n FROM :t \gset
\echo want 3 got :n
SELECT set_config('tenancy.tenant_id', :'other', false) IS NULL;
SELECT body FROM :t;
