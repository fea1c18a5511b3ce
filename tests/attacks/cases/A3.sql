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
SET is_admin.bypass = 'on';
SET row_security = on;
SELECT count(*) >= 3 AS control FROM :t \gset
\echo want t got :control
