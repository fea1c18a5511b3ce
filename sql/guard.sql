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
CREATE DOMAIN gu_domain AS text;
CREATE SCHEMA gu_schema CREATE TABLE gu_inner (tenant_id text);
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
EXPLAIN ANALYZE CREATE MATERIALIZED VIEW gu_other_matview AS SELECT * FROM gu_notes;
CREATE PUBLICATION gu_publication FOR TABLE gu_notes;
-- what runs expressions over the rows of all tenants, stays behind to run in their sessions, or drops what is theirs
CREATE TRIGGER gu_trigger BEFORE INSERT ON gu_notes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE INDEX ON gu_notes (lower(body));
CREATE INDEX ON gu_notes (body) WHERE length(body) > 0;
CREATE UNIQUE INDEX ON gu_notes (body);
CREATE STATISTICS gu_statistics ON (lower(body)), tenant_id FROM gu_notes;
ALTER TABLE gu_notes ADD CHECK (length(body) > 0);
ALTER TABLE gu_notes ALTER COLUMN body TYPE varchar USING lower(body);
ALTER TABLE gu_notes ALTER COLUMN body SET DEFAULT lower('X');
ALTER TABLE gu_notes ADD COLUMN low text GENERATED ALWAYS AS (lower(body)) STORED;
ALTER TABLE gu_notes DROP COLUMN body;
ALTER TABLE gu_notes DISABLE TRIGGER ALL;
ALTER DOMAIN gu_domain ADD CHECK (length(VALUE) > 0);
DROP TABLE gu_child;
DROP SCHEMA gu_schema CASCADE;
-- what does none of these
CREATE INDEX ON gu_notes (body);
CREATE STATISTICS gu_statistics ON body, tenant_id FROM gu_notes;
ALTER TABLE gu_notes ALTER COLUMN body SET STATISTICS 10;
ALTER TABLE gu_notes ADD COLUMN more int;
ALTER TABLE gu_notes ADD COLUMN most int DEFAULT 1;
ALTER TABLE gu_notes RENAME COLUMN more TO less;
-- other tables are none of its business
TRUNCATE gu_plain;
ALTER TABLE gu_plain DISABLE ROW LEVEL SECURITY;
RESET tenancy.tenant_id;
TRUNCATE gu_notes CASCADE;
DROP MATERIALIZED VIEW gu_matview;
DROP SCHEMA gu_schema CASCADE;
DROP DOMAIN gu_domain;
DROP TABLE gu_child, gu_notes, gu_plain, gu_parts;
DELETE FROM tenancy.tenants WHERE id = 'gu_acme';
