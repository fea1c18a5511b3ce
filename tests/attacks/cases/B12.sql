-- what: name a partition or child table itself
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
SELECT body FROM :part;
SELECT body FROM ONLY :part;
UPDATE :part SET amount = 0;
DELETE FROM ONLY :part;
COPY :part (body) TO stdout;
