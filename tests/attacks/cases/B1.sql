-- what: read and write as a role that bypasses row security
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- roles: bypass super
-- attack
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
SELECT body FROM :t;
SELECT max(amount) FROM :t;
UPDATE :t SET amount = amount + 1 WHERE id = 1 RETURNING tenant_id = :'own';
DELETE FROM :t WHERE id = 2;
\echo want 1 got :ROW_COUNT
