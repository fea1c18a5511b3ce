-- adopt() takes the tenants of rows from a column, or from the table that a column refers to.
\set SHOW_CONTEXT never
CREATE ROLE regress_adopt_sources;
CREATE SCHEMA adopt_sources AUTHORIZATION regress_adopt_sources;
SELECT tenancy.create_tenant('7001'), tenancy.create_tenant('7002'), tenancy.create_tenant('7003');
SET ROLE regress_adopt_sources;
CREATE TABLE adopt_sources.customers (id int PRIMARY KEY, org varchar(10), name text);
CREATE TABLE adopt_sources.orders (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer int REFERENCES adopt_sources.customers ON UPDATE CASCADE,
    total numeric, gross numeric GENERATED ALWAYS AS (total * 1.2) STORED);
INSERT INTO adopt_sources.customers VALUES (1, '7001', 'a'), (2, '7002', 'b'), (3, NULL, 'c'), (4, '', 'd'), (5, '7009', 'e');
INSERT INTO adopt_sources.orders (customer, total) SELECT NULLIF(n % 4, 0), n FROM generate_series(1, 1000) n;

-- A tenant that nobody has registered stops it, with nothing half done; then it goes on.
CALL tenancy.adopt('adopt_sources.customers', '7003', 'account', 'bigint', tenant_from => 'org', attach => false);
SELECT id, account FROM adopt_sources.customers ORDER BY id;
UPDATE adopt_sources.customers SET org = '7001' WHERE id = 5;
SELECT id, account FROM adopt_sources.customers WHERE account IS NOT NULL;
CALL tenancy.adopt('adopt_sources.customers', '7003', attach => false, allow_blocking_indexes => true);
SELECT id, org, account FROM adopt_sources.customers ORDER BY id;

-- The tenants of orders are those of their customers; few rows a batch.
CALL tenancy.adopt('adopt_sources.orders', '7003', 'account', tenant_from => 'customer', tenant_map => 'adopt_sources.customers',
                   attach => false, batch_size => 1, allow_blocking_indexes => true);
SELECT customer, account, count(*) FROM adopt_sources.orders GROUP BY 1, 2 ORDER BY 1, 2;
-- A row that is written meanwhile, and one that changes hands.
INSERT INTO adopt_sources.orders (customer, total) VALUES (2, 5) RETURNING id, customer, account, gross;
UPDATE adopt_sources.orders SET customer = 1 WHERE id = 1001 RETURNING id, customer, account;
INSERT INTO adopt_sources.orders (customer, total, account) VALUES (2, 5, 7001);

-- The map goes last, because without a tenant nobody can read it any more.
CALL tenancy.adopt('adopt_sources.customers');
CALL tenancy.adopt('adopt_sources.orders');
CALL tenancy.adopt('adopt_sources.customers');
\d adopt_sources.orders
SET tenancy.tenant_id = '7002';
SELECT count(*), sum(gross) FROM adopt_sources.orders JOIN adopt_sources.customers c ON c.id = customer;
RESET tenancy.tenant_id;

-- What cannot be a source.
CREATE TABLE adopt_sources.late (customer int, org text);
CREATE TABLE adopt_sources.map (customer int, tenant_id text);
CALL tenancy.adopt('adopt_sources.late', '7003', tenant_from => 'nothing');
CALL tenancy.adopt('adopt_sources.late', '7003', tenant_map => 'adopt_sources.map');
CALL tenancy.adopt('adopt_sources.late', '7003', tenant_from => 'customer', tenant_map => 'adopt_sources.late');
CALL tenancy.adopt('adopt_sources.late', '7003', tenant_from => 'customer', tenant_map => 'adopt_sources.map');
ALTER TABLE adopt_sources.map ADD UNIQUE (customer);
CALL tenancy.adopt('adopt_sources.late', '7003', 'org_id', tenant_from => 'customer', tenant_map => 'adopt_sources.map');
CREATE VIEW adopt_sources.view AS SELECT * FROM adopt_sources.map;
CALL tenancy.adopt('adopt_sources.late', '7003', tenant_from => 'customer', tenant_map => 'adopt_sources.view');
ALTER TABLE adopt_sources.map ENABLE ROW LEVEL SECURITY;
CALL tenancy.adopt('adopt_sources.late', '7003', tenant_from => 'customer', tenant_map => 'adopt_sources.map');
RESET ROLE;
ALTER TABLE adopt_sources.map DISABLE ROW LEVEL SECURITY;
ALTER TABLE adopt_sources.map OWNER TO CURRENT_USER;
CALL tenancy.adopt('adopt_sources.late', '7003', tenant_from => 'customer', tenant_map => 'adopt_sources.map');

SET client_min_messages = warning;
DROP SCHEMA adopt_sources CASCADE;
DROP ROLE regress_adopt_sources;
SELECT tenancy.close_tenant('7001'), tenancy.close_tenant('7002'), tenancy.close_tenant('7003');
