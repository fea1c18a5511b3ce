-- what: read by every clause: `LATERAL`, windows, grouping sets, recursion, writing CTEs, whole rows, set operations
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
SELECT l.body FROM generate_series(1, 3) n, LATERAL (SELECT body FROM :t WHERE id = n) l;
SELECT sum(amount) OVER (), lag(body) OVER (ORDER BY body) FROM :t;
SELECT body, sum(amount) FROM :t GROUP BY GROUPING SETS ((body), ());
WITH RECURSIVE r AS (SELECT id, body FROM :t UNION SELECT x.id, x.body FROM :t x JOIN r ON x.id = r.id + 1) SELECT * FROM r;
WITH changed AS (UPDATE :t SET body = body RETURNING *) SELECT * FROM changed;
SELECT x FROM :t x;
SELECT to_jsonb(x), row_to_json(x) FROM :part x;
SELECT ARRAY(SELECT body FROM :part), EXISTS (SELECT FROM :t WHERE amount > 1);
SELECT body FROM :t UNION ALL SELECT body FROM :part INTERSECT SELECT body FROM :t;
TABLE :t;
SELECT a.body FROM :t a FULL JOIN :part b ON a.id = b.id;
VALUES ((SELECT max(body) FROM :t), (SELECT sum(amount) FROM :part));
INSERT INTO :t (tenant_id, id, body) SELECT :'own', id + 60, body FROM :part RETURNING body;
DELETE FROM :t USING :part other WHERE other.id = :t.id RETURNING other.body;
UPDATE :t SET body = other.body FROM :part other RETURNING other.body;
