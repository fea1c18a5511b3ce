-- what: call a set-returning SQL function over a superuser's view, which the planner puts in the function's place
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- setup
CREATE VIEW scratch.all_rows AS SELECT * FROM :t;
CREATE FUNCTION scratch.bodies() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT body FROM scratch.all_rows';
CREATE FUNCTION scratch.parsed() RETURNS SETOF text LANGUAGE sql STABLE BEGIN ATOMIC SELECT body FROM scratch.all_rows; END;
CREATE FUNCTION scratch.nested() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT * FROM scratch.bodies() WHERE length($$x$$) = 1';
CREATE FUNCTION scratch.any_type(anyelement) RETURNS TABLE (body text, value anyelement) LANGUAGE sql STABLE AS 'SELECT body, $1 FROM scratch.all_rows';
CREATE VIEW scratch.over_function AS SELECT * FROM scratch.bodies();
GRANT SELECT ON scratch.all_rows, scratch.over_function TO PUBLIC;
-- attack
SELECT * FROM scratch.bodies();
\if :is_walled
\echo want 3 got :ROW_COUNT
\endif
SELECT * FROM scratch.parsed();
SELECT * FROM scratch.nested();
SELECT * FROM scratch.any_type(1);
SELECT * FROM scratch.over_function;
SELECT b.body FROM :t t, LATERAL scratch.any_type(t.id) b;
SELECT (SELECT string_agg(b, ',') FROM scratch.bodies() b);
RESET tenancy.tenant_id;
PREPARE before AS SELECT count(*) AS n FROM scratch.bodies();
EXECUTE before \gset
SET tenancy.tenant_id = :'own';
EXECUTE before \gset
\echo leak 6 got :n
SELECT count(*) AS n FROM scratch.nested() \gset
\echo leak 6 got :n
