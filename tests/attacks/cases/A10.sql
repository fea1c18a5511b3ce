-- what: name a pattern as tenant: `%`, `_`, another case
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
SET tenancy.tenant_id = '%';
\echo want 22023 got :SQLSTATE
SET tenancy.tenant_id = '_____';
\echo want 22023 got :SQLSTATE
SELECT count(*) AS n FROM :t \gset
\echo want 3 got :n
SELECT body FROM :t WHERE tenant_id::text LIKE '%';
SELECT body FROM :t WHERE tenant_id::text ~ '.' OR true;
