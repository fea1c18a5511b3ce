-- what: name no tenant at all and hope for a fallback
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed bypass=open super=open
-- do: as A8; `tenancy.strict` makes it an error
-- attack
SELECT count(*) AS n FROM :t \gset
\echo want 3 got :n
RESET tenancy.tenant_id;
UPDATE :t SET amount = 0;
\if :is_bypassing
\echo want 6 got :ROW_COUNT
\else
\echo want 0 got :ROW_COUNT
INSERT INTO :t (tenant_id, id) VALUES (:'other', 77);
\echo want 42501 got :SQLSTATE
SET tenancy.strict = on;
SELECT body FROM :t;
\echo want 55000 got :SQLSTATE
\endif
