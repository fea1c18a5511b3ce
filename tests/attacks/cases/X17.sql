-- what: error messages that quote the failing row: `CHECK`, `NOT NULL`, exclusion, partition routing
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- kinds: plain partitioned
-- setup
ALTER TABLE :t ADD CONSTRAINT small CHECK (amount <> 13);
-- attack
UPDATE :t SET amount = 13;
\if :is_walled
\echo want 23514 got :SQLSTATE
\endif
UPDATE :t SET amount = 13 WHERE amount > 2;
\if :is_walled
\echo want 0 got :ROW_COUNT
\endif
UPDATE :t SET tenant_id = NULL WHERE amount > 2;
UPDATE :part SET id = NULL;
INSERT INTO :t SELECT * FROM :part;
-- after
ALTER TABLE :t DROP CONSTRAINT IF EXISTS small;
