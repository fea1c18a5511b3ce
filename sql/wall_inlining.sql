-- SQL functions in FROM: inlined where their body is behind the wall by itself, and held to it where not.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('wi_acme'), tenancy.create_tenant('wi_beta');
CREATE TABLE wi_notes (tenant_id text, note text);
SELECT tenancy.attach('wi_notes');
INSERT INTO wi_notes VALUES ('wi_acme', 'a'), ('wi_beta', 'b'), ('wi_beta', 'c');
CREATE ROLE regress_wall_app;
GRANT SELECT ON wi_notes TO regress_wall_app;
CREATE VIEW wi_all AS SELECT * FROM wi_notes;
CREATE VIEW wi_mine WITH (security_invoker) AS SELECT * FROM wi_notes;
GRANT SELECT ON wi_all, wi_mine TO regress_wall_app;
CREATE FUNCTION wi_table() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT note FROM wi_notes';
CREATE FUNCTION wi_invoker() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT note FROM wi_mine';
CREATE FUNCTION wi_owner() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT note FROM wi_all';
CREATE FUNCTION wi_parsed() RETURNS SETOF text LANGUAGE sql STABLE BEGIN ATOMIC SELECT note FROM wi_all; END;
CREATE FUNCTION wi_any(anyelement) RETURNS SETOF anyelement LANGUAGE sql STABLE AS 'SELECT $1 FROM wi_all';
CREATE FUNCTION wi_any_twice(anyelement) RETURNS SETOF anyelement LANGUAGE sql STABLE AS 'SELECT $1 UNION ALL SELECT $1';
CREATE FUNCTION wi_any_nested(anyelement) RETURNS SETOF anyelement LANGUAGE sql STABLE AS 'SELECT $1 FROM wi_owner()';
CREATE FUNCTION wi_any_sublink(anyelement) RETURNS SETOF anyelement LANGUAGE sql STABLE AS 'SELECT $1 FROM generate_series(1, (SELECT count(*) FROM wi_all))';
CREATE FUNCTION wi_bad() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT note FROM wi_all';
-- How many of its rows a function returns, and whether it was inlined.
CREATE FUNCTION wi_call(call text, OUT rows bigint, OUT inlined boolean) LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    inlined := true;
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) SELECT * FROM ' || call LOOP
        inlined := inlined AND line !~ 'Function Scan';
    END LOOP;
    EXECUTE 'SELECT count(*) FROM ' || call INTO rows;
END $$;

SET ROLE regress_wall_app;
SET tenancy.tenant_id = 'wi_acme';
SELECT call, c.* FROM unnest('{wi_table(),wi_invoker(),wi_owner(),wi_parsed(),wi_any(1),wi_any_twice(1),wi_any_nested(1),wi_any_sublink(1)}'::text[]) call, wi_call(call) c;
-- who bypasses row security, with a tenant and without
RESET ROLE;
SELECT call, c.* FROM unnest('{wi_table(),wi_invoker(),wi_owner(),wi_parsed(),wi_any(1),wi_any_twice(1),wi_any_nested(1),wi_any_sublink(1)}'::text[]) call, wi_call(call) c;
RESET tenancy.tenant_id;
SELECT call, c.* FROM unnest('{wi_table(),wi_owner()}'::text[]) call, wi_call(call) c;
-- a plan that was kept from before there was a tenant
PREPARE kept AS SELECT count(*) FROM wi_owner();
EXECUTE kept;
SET tenancy.tenant_id = 'wi_acme';
EXECUTE kept;
RESET tenancy.tenant_id;
EXECUTE kept;
-- an error in the body is an error of the query
DROP VIEW wi_all CASCADE;
SET tenancy.tenant_id = 'wi_acme';
SELECT * FROM wi_bad();
RESET tenancy.tenant_id;

DROP FUNCTION wi_table, wi_invoker, wi_owner, wi_any, wi_any_twice, wi_any_nested, wi_any_sublink, wi_bad, wi_call;
DROP VIEW wi_mine;
DROP TABLE wi_notes;
DROP ROLE regress_wall_app;
DELETE FROM tenancy.tenants WHERE id IN ('wi_acme', 'wi_beta');
