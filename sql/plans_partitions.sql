-- a tenant's query on a table partitioned by tenant touches the tenant's partition alone
SELECT tenancy.create_tenant(t) FROM unnest('{pp_a,pp_b,pp_c,1,2,3}'::text[]) t;
CREATE ROLE regress_pp_app;
SET tenancy.auto_attach = off;
CREATE TABLE pp_list (tenant_id text COLLATE "C" NOT NULL, id int) PARTITION BY LIST (tenant_id);
CREATE TABLE pp_list_a PARTITION OF pp_list FOR VALUES IN ('pp_a');
CREATE TABLE pp_list_b PARTITION OF pp_list FOR VALUES IN ('pp_b');
CREATE TABLE pp_list_rest PARTITION OF pp_list DEFAULT;
CREATE TABLE pp_range (tenant_id bigint NOT NULL, id int) PARTITION BY RANGE (tenant_id);
CREATE TABLE pp_range_1 PARTITION OF pp_range FOR VALUES FROM (1) TO (2);
CREATE TABLE pp_range_2 PARTITION OF pp_range FOR VALUES FROM (2) TO (3);
CREATE TABLE pp_range_rest PARTITION OF pp_range FOR VALUES FROM (3) TO (MAXVALUE);
CREATE TABLE pp_hash (tenant_id bigint NOT NULL, id int) PARTITION BY HASH (tenant_id);
CREATE TABLE pp_hash_0 PARTITION OF pp_hash FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE pp_hash_1 PARTITION OF pp_hash FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO pp_list SELECT t, i FROM unnest('{pp_a,pp_b,pp_c}'::text[]) t, generate_series(1, 2) i;
INSERT INTO pp_range SELECT t, i FROM generate_series(1, 3) t, generate_series(1, 2) i;
INSERT INTO pp_hash TABLE pp_range;
SELECT tenancy.attach(t) FROM unnest('{pp_list,pp_range,pp_hash}'::regclass[]) t;
GRANT SELECT, UPDATE ON pp_list, pp_range, pp_hash TO regress_pp_app;
ANALYZE pp_list, pp_range, pp_hash;
SET enable_indexscan = off;
SET enable_bitmapscan = off;
SET enable_indexonlyscan = off;

-- a query as text: the plan names no other partition
SET ROLE regress_pp_app;
SET tenancy.tenant_id = 'pp_a';
EXPLAIN (COSTS OFF) SELECT id FROM pp_list;
EXPLAIN (COSTS OFF) UPDATE pp_list SET id = id;
SET tenancy.tenant_id = 'pp_c';
EXPLAIN (COSTS OFF) SELECT id FROM pp_list;
SET tenancy.tenant_id = '2';
EXPLAIN (COSTS OFF) SELECT id FROM pp_range;
EXPLAIN (COSTS OFF) SELECT id FROM pp_hash;
-- a role that bypasses row security
RESET ROLE;
EXPLAIN (COSTS OFF) SELECT id FROM pp_range;

-- and it locks no other
BEGIN;
SELECT count(*) FROM pp_range;
SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE l.pid = pg_backend_pid() AND c.relname LIKE 'pp\_%' AND c.relkind IN ('r', 'p') ORDER BY 1;
ROLLBACK;

-- a prepared statement: one plan for all tenants, whose execution starts with one partition
SET ROLE regress_pp_app;
PREPARE listed AS SELECT id FROM pp_list;
PREPARE ranged AS SELECT id FROM pp_range;
PREPARE hashed AS SELECT id FROM pp_hash;
SET tenancy.tenant_id = 'pp_a';
EXPLAIN (COSTS OFF) EXECUTE listed;
SET tenancy.tenant_id = 'pp_b';
EXPLAIN (COSTS OFF) EXECUTE listed;
SET tenancy.tenant_id = '1';
EXPLAIN (COSTS OFF) EXECUTE ranged;
EXPLAIN (COSTS OFF) EXECUTE hashed;
EXECUTE ranged;
SET tenancy.tenant_id = '3';
EXPLAIN (COSTS OFF) EXECUTE ranged;
EXECUTE ranged;
SELECT name, generic_plans, custom_plans FROM pg_prepared_statements ORDER BY 1;
RESET ROLE;
PREPARE bypassing AS SELECT id FROM pp_range;
EXPLAIN (COSTS OFF) EXECUTE bypassing;
SET tenancy.tenant_id = '1';
EXPLAIN (COSTS OFF) EXECUTE bypassing;
-- without a tenant an ordinary role starts none at all
SET ROLE regress_pp_app;
RESET tenancy.tenant_id;
EXPLAIN (COSTS OFF) EXECUTE ranged;

RESET ROLE;
DROP TABLE pp_list, pp_range, pp_hash;
DROP OWNED BY regress_pp_app;
DROP ROLE regress_pp_app;
