-- what: name no tenant, and read through a view or a `SECURITY DEFINER` function of a role that bypasses row security
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- roles: app owner
-- types: text
-- kinds: plain
-- do: `security_invoker` on views, and no definer's function that reads tenants' tables and does not ask for the tenant; `check()` finds `view_without_security_invoker`
-- setup
CREATE VIEW scratch.all_rows AS SELECT * FROM :t;
CREATE VIEW scratch.invoker_rows WITH (security_invoker) AS SELECT * FROM :t;
GRANT SELECT ON scratch.all_rows, scratch.invoker_rows TO PUBLIC;
-- attack
SELECT count(*) AS n FROM scratch.all_rows \gset
\echo want 3 got :n
RESET tenancy.tenant_id;
SELECT count(*) AS n FROM scratch.invoker_rows \gset
\if :is_walled
\echo want 0 got :n
\else
\echo want 6 got :n
\endif
SELECT body FROM scratch.all_rows;
-- after
DROP VIEW scratch.all_rows, scratch.invoker_rows;
