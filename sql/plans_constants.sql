-- a plan that is used once holds its tenant; one that is kept does not, and no plan runs for another tenant
SELECT tenancy.create_tenant('pc_a'), tenancy.create_tenant('pc_b'), tenancy.create_tenant('7'),
    tenancy.create_tenant('11111111-1111-4111-8111-111111111111');
CREATE ROLE regress_pc_app;
SET tenancy.auto_attach = off;
CREATE TABLE pc_notes (tenant_id text COLLATE "C" NOT NULL, id int NOT NULL, body text, PRIMARY KEY (tenant_id, id));
INSERT INTO pc_notes SELECT t, i, t || i FROM unnest('{pc_a,pc_b}'::text[]) t, generate_series(1, 2) i;
CREATE TABLE pc_uuid (tenant_id uuid NOT NULL);
CREATE TABLE pc_bigint (tenant_id bigint NOT NULL);
CREATE TABLE pc_int (tenant_id int NOT NULL);
CREATE TABLE pc_varchar (tenant_id varchar(40) NOT NULL);
SELECT tenancy.attach(t) FROM unnest('{pc_notes,pc_uuid,pc_bigint,pc_int,pc_varchar}'::regclass[]) t;
GRANT SELECT, INSERT, UPDATE, DELETE ON pc_notes, pc_uuid, pc_bigint, pc_int, pc_varchar TO regress_pc_app;
SET ROLE regress_pc_app;

-- the tenant stands in the plan
SET tenancy.tenant_id = 'pc_a';
EXPLAIN (COSTS OFF) SELECT body FROM pc_notes WHERE id = 1;
EXPLAIN (COSTS OFF) UPDATE pc_notes SET body = 'x' WHERE id = 1;
SELECT body FROM pc_notes ORDER BY 1;

-- every type of tenant column; what has no form of that type stays an error
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET tenancy.tenant_id = '7';
EXPLAIN (COSTS OFF) SELECT FROM pc_bigint;
EXPLAIN (COSTS OFF) SELECT FROM pc_int;
EXPLAIN (COSTS OFF) SELECT FROM pc_varchar;
-- also in queries within the query
EXPLAIN (COSTS OFF) WITH w AS MATERIALIZED (SELECT FROM pc_int) SELECT FROM w;
EXPLAIN (COSTS OFF) SELECT FROM pc_int UNION ALL SELECT FROM pc_bigint;
SELECT FROM pc_uuid;
SET tenancy.tenant_id = '11111111-1111-4111-8111-111111111111';
EXPLAIN (COSTS OFF) SELECT FROM pc_uuid;
RESET enable_indexscan;
RESET enable_bitmapscan;

-- a kept plan serves all tenants, a plan for given parameters is made anew each time
PREPARE kept AS SELECT body FROM pc_notes ORDER BY 1;
PREPARE given(int) AS SELECT body FROM pc_notes WHERE id = $1;
SET tenancy.tenant_id = 'pc_a';
EXPLAIN (COSTS OFF) EXECUTE kept;
EXPLAIN (COSTS OFF) EXECUTE given(1);
EXECUTE kept;
EXECUTE given(1);
SET tenancy.tenant_id = 'pc_b';
EXECUTE kept;
EXECUTE given(1);
RESET tenancy.tenant_id;
EXECUTE kept;
EXECUTE given(1);

-- a function that changes the tenant before it reads, whose statements may all be planned before
CREATE FUNCTION pg_temp.of(text) RETURNS SETOF text LANGUAGE sql AS
'SELECT set_config(''tenancy.tenant_id'', $1, true); SELECT body FROM pc_notes ORDER BY 1';
SET tenancy.tenant_id = 'pc_a';
SELECT pg_temp.of('pc_b');
SELECT pg_temp.of(t) FROM unnest('{pc_a,pc_b}'::text[]) t;
CREATE FUNCTION pg_temp.each() RETURNS text LANGUAGE plpgsql AS $$
DECLARE seen text := '';
BEGIN
    FOR i IN 1..4 LOOP
        PERFORM tenancy.set_tenant(CASE i % 2 WHEN 0 THEN 'pc_a' ELSE 'pc_b' END);
        seen := seen || ' ' || (SELECT max(body) FROM pc_notes WHERE id = i / 2 % 2 + 1);
    END LOOP;
    RETURN seen;
END $$;
SELECT pg_temp.each();

-- a cursor that a function with a tenant of its own has left behind
SET tenancy.tenant_id = 'pc_a';
CREATE FUNCTION pg_temp.leave_cursor(named refcursor, lowest int) RETURNS void LANGUAGE plpgsql
SET tenancy.tenant_id = 'pc_b' AS $$
BEGIN
    OPEN named FOR SELECT body FROM pc_notes WHERE id >= lowest;
END $$;
BEGIN;
SELECT pg_temp.leave_cursor('left_behind', 1);
FETCH ALL FROM left_behind;
ROLLBACK;

-- a function that changes the tenant while the statement is planned
CREATE FUNCTION pg_temp.change() RETURNS int STABLE LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('tenancy.tenant_id', 'pc_b', false);
    RETURN 1;
END $$;
SELECT body FROM pc_notes WHERE id = pg_temp.change();

RESET ROLE;
RESET tenancy.tenant_id;
DROP OWNED BY regress_pc_app;
DROP TABLE pc_notes, pc_uuid, pc_bigint, pc_int, pc_varchar;
DROP ROLE regress_pc_app;
