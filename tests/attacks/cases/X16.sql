-- what: a transaction that is prepared for two-phase commit under another tenant
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- attack
\set prepared attack_ :DBNAME
BEGIN;
SET LOCAL tenancy.tenant_id = :'other';
PREPARE TRANSACTION :'prepared';
\echo want 00000 got :SQLSTATE
SELECT body FROM :t;
COMMIT PREPARED :'prepared';
SELECT body FROM :t;
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
