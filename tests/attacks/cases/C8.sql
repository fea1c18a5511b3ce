-- what: tell by an error (division by zero, a cast) what is in another tenant's row
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
SELECT count(*) AS n FROM :t WHERE 1 / (amount - 1 + id - id) IS NULL \gset
\echo want 22012 got :SQLSTATE
SELECT count(*) AS n FROM :t WHERE 1 / (amount - 666665 - 1) < 2 \gset
\echo leak 22012 got :SQLSTATE
SELECT count(*) AS n FROM :part WHERE (CASE WHEN amount > 2 THEN body ELSE '1' END)::int > 0 \gset
\echo leak 22P02 got :SQLSTATE
SELECT count(*) AS n FROM :t WHERE amount > 2 AND body::int > 0 \gset
\echo leak 22P02 got :SQLSTATE
