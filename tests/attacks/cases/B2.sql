-- what: read and write as the table's owner
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- roles: owner
-- attack
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
SELECT body FROM :t;
DELETE FROM :t WHERE id = 2;
\echo want 1 got :ROW_COUNT
