-- Statements that would reach past the wall are refused while a tenant is set.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('gu_acme');
CREATE TABLE gu_notes (tenant_id text, body text);
CREATE TABLE gu_plain (body text);
CREATE TABLE gu_child (tenant_id text, note text);
ALTER TABLE gu_notes ADD UNIQUE (tenant_id, body);
ALTER TABLE gu_child ADD FOREIGN KEY (tenant_id, note) REFERENCES gu_notes (tenant_id, body);
CREATE TABLE gu_parts (tenant_id text) PARTITION BY LIST (tenant_id);
CREATE TABLE gu_part PARTITION OF gu_parts FOR VALUES IN ('gu_acme');
CREATE MATERIALIZED VIEW gu_matview AS SELECT * FROM gu_plain;
SET tenancy.tenant_id = 'gu_acme';
TRUNCATE gu_notes;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE gu_plain, gu_notes;
TRUNCATE gu_part;
ALTER TABLE gu_notes DISABLE ROW LEVEL SECURITY;
ALTER TABLE gu_notes NO FORCE ROW LEVEL SECURITY;
DROP POLICY tenancy_isolation ON gu_notes;
DROP POLICY tenancy_isolation ON public.gu_notes;
ALTER POLICY tenancy_isolation ON gu_notes USING (true);
ALTER POLICY tenancy_isolation ON gu_notes RENAME TO mine;
CREATE POLICY open_door ON gu_notes USING (true);
ALTER TABLE gu_notes DROP COLUMN tenant_id;
ALTER TABLE gu_notes ALTER COLUMN tenant_id TYPE varchar;
ALTER TABLE gu_notes ALTER COLUMN tenant_id SET DEFAULT 'gu_other';
ALTER TABLE gu_notes ALTER COLUMN tenant_id DROP NOT NULL;
ALTER TABLE gu_notes RENAME COLUMN tenant_id TO owner;
ALTER TABLE gu_parts DETACH PARTITION gu_part;
CREATE RULE r AS ON INSERT TO gu_notes DO ALSO NOTIFY x;
REFRESH MATERIALIZED VIEW gu_matview;
CREATE MATERIALIZED VIEW gu_other_matview AS SELECT * FROM gu_notes;
CREATE PUBLICATION gu_publication FOR TABLE gu_notes;
ALTER TABLE gu_notes ADD COLUMN more int;
ALTER TABLE gu_notes RENAME COLUMN more TO less;
-- other tables are none of its business
TRUNCATE gu_plain;
ALTER TABLE gu_plain DISABLE ROW LEVEL SECURITY;
RESET tenancy.tenant_id;
TRUNCATE gu_notes CASCADE;
DROP MATERIALIZED VIEW gu_matview;
DROP TABLE gu_child, gu_notes, gu_plain, gu_parts;
DELETE FROM tenancy.tenants WHERE id = 'gu_acme';
