-- Statements that would reach past the wall are refused while a tenant is set.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('gu_acme');
CREATE TABLE gu_notes (tenant_id text, body text);
CREATE TABLE gu_plain (body text);
SET tenancy.tenant_id = 'gu_acme';
TRUNCATE gu_notes;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE gu_plain, gu_notes;
ALTER TABLE gu_notes DISABLE ROW LEVEL SECURITY;
ALTER TABLE gu_notes NO FORCE ROW LEVEL SECURITY;
DROP POLICY tenancy_isolation ON gu_notes;
DROP POLICY tenancy_isolation ON public.gu_notes;
ALTER POLICY tenancy_isolation ON gu_notes USING (true);
-- other tables are none of its business
TRUNCATE gu_plain;
ALTER TABLE gu_plain DISABLE ROW LEVEL SECURITY;
RESET tenancy.tenant_id;
TRUNCATE gu_notes;
DROP TABLE gu_notes, gu_plain;
DELETE FROM tenancy.tenants WHERE id = 'gu_acme';
