-- When the wall is damaged or taken away by force the table is closed, not open.
\set SHOW_CONTEXT never
CREATE ROLE regress_closed_owner;
CREATE SCHEMA policy_closed AUTHORIZATION regress_closed_owner;
SELECT tenancy.create_tenant('policy-closed-a'), tenancy.create_tenant('policy-closed-b');
SET ROLE regress_closed_owner;
SET search_path = policy_closed;
CREATE TABLE orders (tenant_id text, id int);
SET tenancy.tenant_id = 'policy-closed-a';
INSERT INTO orders (id) VALUES (1);
SET tenancy.tenant_id = 'policy-closed-b';
INSERT INTO orders (id) VALUES (2);
RESET tenancy.tenant_id;

-- More permissive policies widen nothing.
CREATE POLICY everything ON orders USING (true) WITH CHECK (true);
TABLE orders;
SET tenancy.tenant_id = 'policy-closed-a';
TABLE orders;
INSERT INTO orders VALUES ('policy-closed-b', 3);
RESET tenancy.tenant_id;
DROP POLICY everything ON orders;

-- Without the isolation policy, the other one still keeps tenants apart.
DROP POLICY tenancy_isolation ON orders;
TABLE orders;
SET tenancy.tenant_id = 'policy-closed-b';
TABLE orders;
INSERT INTO orders VALUES ('policy-closed-a', 3);
RESET tenancy.tenant_id;
SELECT tenancy.attach('orders');

-- Without the column there is nothing to tell tenants apart by.
\set VERBOSITY terse
ALTER TABLE orders ALTER COLUMN tenant_id TYPE varchar;
ALTER TABLE orders DROP COLUMN tenant_id;
\set VERBOSITY default
SET client_min_messages = warning;
ALTER TABLE orders DROP COLUMN tenant_id CASCADE;
RESET client_min_messages;
TABLE orders;
RESET ROLE;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA policy_closed CASCADE;
DROP ROLE regress_closed_owner;
