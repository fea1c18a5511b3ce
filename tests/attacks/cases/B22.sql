-- what: rows without a tenant, and a tenant column that may be empty
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
INSERT INTO :t VALUES (NULL, 50, 0, 'nobody');
SELECT :'SQLSTATE' IN ('42501', '23502', '23514') AS refused \gset
\echo want t got :refused
UPDATE :t SET tenant_id = NULL WHERE id = 1 AND amount = 1;
SELECT :'SQLSTATE' IN ('42501', '23502', '23514') AS refused \gset
\echo want t got :refused
\if :is_walled
ALTER TABLE :t ALTER COLUMN tenant_id DROP NOT NULL;
\echo want 42501 got :SQLSTATE
ALTER TABLE :t ALTER COLUMN tenant_id SET DEFAULT '1002';
\echo want 42501 got :SQLSTATE
\endif
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
SELECT body FROM :t WHERE tenant_id IS NULL OR true;
