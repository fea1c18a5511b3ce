-- attach() puts a table behind the wall, and repeating it changes nothing.
\set SHOW_CONTEXT never
CREATE ROLE regress_attach_owner;
CREATE ROLE regress_attach_app;
CREATE SCHEMA policy_attach AUTHORIZATION regress_attach_owner;
GRANT USAGE ON SCHEMA policy_attach TO regress_attach_app;
SELECT tenancy.create_tenant('policy-attach-a'), tenancy.create_tenant('policy-attach-b');

SET tenancy.auto_attach = off;
SET ROLE regress_attach_owner;
CREATE TABLE policy_attach.orders (
    tenant_id text COLLATE "C",
    id int,
    note text,
    PRIMARY KEY (id, tenant_id));
INSERT INTO policy_attach.orders
VALUES ('policy-attach-a', 1, 'a one'), ('policy-attach-b', 1, 'b one'), ('policy-attach-b', 2, 'b two');
GRANT SELECT, INSERT, UPDATE, DELETE ON policy_attach.orders TO regress_attach_app;

-- The owner does it, and needs no right but ownership.
SELECT tenancy.attach('policy_attach.orders');
SELECT tenancy.attach('policy_attach.orders');
SELECT tenancy.attach('policy_attach.orders', 'tenant_id');
SELECT * FROM tenancy.attached_tables WHERE relation = 'policy_attach.orders'::regclass;
SELECT policyname, permissive, roles, cmd, qual, with_check
  FROM pg_policies WHERE schemaname = 'policy_attach' ORDER BY 1;
SELECT column_name, is_nullable, column_default
  FROM information_schema.columns
 WHERE table_schema = 'policy_attach' AND column_name = 'tenant_id';
-- The key stays as it was; it is not led by the tenant, so there is an index that is.
SELECT indexdef FROM pg_indexes WHERE schemaname = 'policy_attach' ORDER BY indexname;

-- The owner and the application see and write their tenant's rows only; none without a tenant.
TABLE policy_attach.orders;
SET ROLE regress_attach_app;
TABLE policy_attach.orders;
SET tenancy.tenant_id = 'policy-attach-a';
TABLE policy_attach.orders;
INSERT INTO policy_attach.orders (id, note) VALUES (2, 'a two') RETURNING *;
INSERT INTO policy_attach.orders VALUES ('policy-attach-b', 3, 'not mine');
UPDATE policy_attach.orders SET tenant_id = 'policy-attach-b' WHERE id = 2;
DELETE FROM policy_attach.orders WHERE note LIKE 'b%';
SET tenancy.tenant_id = 'policy-attach-b';
SELECT * FROM policy_attach.orders ORDER BY id;
RESET tenancy.tenant_id;

-- No index on request; and an index that cannot serve every tenant does not count.
SET ROLE regress_attach_owner;
CREATE TABLE policy_attach.bare (tenant_id text, id int);
CREATE INDEX ON policy_attach.bare (tenant_id) WHERE id > 10;
SELECT tenancy.attach('policy_attach.bare', index => false);
SELECT count(*) FROM pg_indexes WHERE tablename = 'bare' AND schemaname = 'policy_attach';
SELECT tenancy.attach('policy_attach.bare');
SELECT indexdef FROM pg_indexes WHERE tablename = 'bare' AND schemaname = 'policy_attach' ORDER BY indexname;

-- attach() mends a wall that has been damaged.
ALTER TABLE policy_attach.bare NO FORCE ROW LEVEL SECURITY;
ALTER POLICY tenancy_isolation ON policy_attach.bare USING (true);
DROP POLICY tenancy_access ON policy_attach.bare;
SELECT tenancy.attach('policy_attach.bare');
SELECT forced FROM tenancy.attached_tables WHERE relation = 'policy_attach.bare'::regclass;
SELECT policyname, permissive, qual FROM pg_policies
 WHERE schemaname = 'policy_attach' AND tablename = 'bare' ORDER BY 1;

RESET ROLE;
-- Settings of the session that say how definitions are written change nothing.
SET quote_all_identifiers = on;
SET standard_conforming_strings = off;
SET escape_string_warning = off;
SELECT tenancy.attach('policy_attach.bare');
SELECT name FROM tenancy.check() WHERE object LIKE '%bare%' AND level = 'ERROR';
SELECT tenancy.detach('policy_attach.bare');
RESET quote_all_identifiers;
RESET standard_conforming_strings;
RESET escape_string_warning;
SELECT column_name, column_default FROM information_schema.columns WHERE table_schema = 'policy_attach' AND table_name = 'bare' AND column_default IS NOT NULL;
RESET tenancy.auto_attach;
DROP SCHEMA policy_attach CASCADE;
DROP ROLE regress_attach_owner, regress_attach_app;
