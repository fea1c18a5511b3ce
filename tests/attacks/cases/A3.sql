-- what: switch the protection off with a setting
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed super=open
-- do: superusers may always; do not let applications connect as one
-- attack
SET tenancy.enforce_bypass = off;
\if :is_super
\echo want 00000 got :SQLSTATE
\else
\echo want 42501 got :SQLSTATE
\endif
SET tenancy.strict = off;
SET row_security = off;
SELECT body FROM :t;
\if :is_bypassing
\echo want 00000 got :SQLSTATE
\else
\echo want 42501 got :SQLSTATE
\endif
-- All that is left for everybody names or strengthens the tenant.
SELECT string_agg(name, ',' ORDER BY name) AS open FROM pg_settings WHERE name LIKE 'tenancy.%' AND context = 'user' \gset
\echo want tenancy.quota_warnings,tenancy.strict,tenancy.tenant_id,tenancy.token got :open
SET is_admin.bypass = 'on';
SET row_security = on;
SELECT count(*) >= 3 AS control FROM :t \gset
\echo want t got :control
