-- DROP EXTENSION: refused while tables are attached; with CASCADE the tables are left closed.
\set SHOW_CONTEXT never
\set regression :DBNAME
CREATE ROLE regress_drop_app;
CREATE DATABASE regress_policy_drop;
\c regress_policy_drop
CREATE EXTENSION tenancy;
SELECT tenancy.create_tenant('policy-drop-a');
CREATE TABLE orders (tenant_id text, id int);
INSERT INTO orders VALUES ('policy-drop-a', 1);
GRANT ALL ON orders TO regress_drop_app;
\set VERBOSITY terse
DROP EXTENSION tenancy;
SET client_min_messages = warning;
DROP EXTENSION tenancy CASCADE;
RESET client_min_messages;
\set VERBOSITY default
SELECT polname FROM pg_policy;
SELECT evtname FROM pg_event_trigger;
SET ROLE regress_drop_app;
TABLE orders;
INSERT INTO orders VALUES ('policy-drop-a', 2);
RESET ROLE;
-- The rows are there, and the extension can come back.
SELECT * FROM orders;
CREATE EXTENSION tenancy;
SELECT tenancy.create_tenant('policy-drop-a');
SELECT tenancy.attach('orders');
SET ROLE regress_drop_app;
SET tenancy.tenant_id = 'policy-drop-a';
TABLE orders;
\c :regression
DROP DATABASE regress_policy_drop;
DROP ROLE regress_drop_app;
