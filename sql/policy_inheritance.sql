-- Inheritance children have the wall of their parent.
\set SHOW_CONTEXT never
CREATE ROLE regress_inheritance_app;
CREATE SCHEMA policy_inheritance;
GRANT USAGE ON SCHEMA policy_inheritance TO regress_inheritance_app;
SET search_path = policy_inheritance;
SELECT tenancy.create_tenant('policy-inheritance-a'), tenancy.create_tenant('policy-inheritance-b');
SET tenancy.auto_attach = off;
CREATE TABLE parent (org text, id int);
CREATE TABLE child () INHERITS (parent);
INSERT INTO child VALUES ('policy-inheritance-a', 1), ('policy-inheritance-b', 2);
SELECT tenancy.attach('parent', 'org');
-- Also those that come later.
CREATE TABLE born () INHERITS (parent);
CREATE TABLE adopted (org text, id int);
INSERT INTO adopted VALUES ('policy-inheritance-a', 3), ('policy-inheritance-b', 4);
ALTER TABLE adopted ALTER org SET NOT NULL;
ALTER TABLE adopted INHERIT parent;
CREATE TABLE grandchild () INHERITS (born);
SELECT relation, tenant_column, is_partition, forced FROM tenancy.attached_tables
 WHERE relation::text ~ '^(parent|child|born|adopted|grandchild)$' ORDER BY relation::text COLLATE "C";
-- Unlike partitions they have no index of the parent's, so each got its own.
SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'policy_inheritance' ORDER BY 1;

GRANT SELECT ON ALL TABLES IN SCHEMA policy_inheritance TO regress_inheritance_app;
SET ROLE regress_inheritance_app;
SET tenancy.tenant_id = 'policy-inheritance-a';
SELECT * FROM parent ORDER BY id;
TABLE child;
TABLE adopted;
RESET tenancy.tenant_id;
TABLE adopted;
RESET ROLE;

RESET tenancy.auto_attach;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA policy_inheritance CASCADE;
DROP ROLE regress_inheritance_app;
