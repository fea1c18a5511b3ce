-- what: scan by `ctid`, `tableoid`, system columns
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
SELECT count(*) AS n FROM :t WHERE amount = 1 AND ctid IS NOT NULL \gset
\echo want 3 got :n
SELECT body FROM :t WHERE ctid IN (SELECT format('(0,%s)', n)::tid FROM generate_series(1, 50) n);
SELECT body FROM :part WHERE ctid BETWEEN '(0,1)' AND '(5,5)';
UPDATE :part SET body = body WHERE ctid = '(0,1)' OR ctid > '(0,1)' RETURNING body;
SELECT tableoid::regclass, xmin IS NULL, body FROM :t;
