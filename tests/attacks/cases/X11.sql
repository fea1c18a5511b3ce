-- what: lock others' rows: `FOR UPDATE`, `SKIP LOCKED`, `NOWAIT`
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
BEGIN;
SELECT count(*) AS n FROM (SELECT 1 FROM :t WHERE amount = 1 FOR UPDATE) locked \gset
\echo want 3 got :n
SELECT body FROM :t FOR UPDATE SKIP LOCKED;
SELECT body FROM :part FOR KEY SHARE NOWAIT;
SELECT body FROM :part FOR NO KEY UPDATE;
SELECT data.peek(format('SELECT count(*) FROM %s WHERE amount > 1 AND xmax <> 0', :'t')) AS n \gset
\echo leak 3 got :n
COMMIT;
