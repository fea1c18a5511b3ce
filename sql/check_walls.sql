-- check(): walls that are not whole.
CREATE SCHEMA check_walls;
CREATE VIEW check_walls.findings AS
SELECT name, level, object, detail, remediation FROM tenancy.check() WHERE object LIKE '%check\_walls.%' AND name <> 'policy_reads_role';
SET search_path = check_walls;
CREATE TABLE whole (tenant_id text);
CREATE TABLE altered (tenant_id text);
ALTER POLICY tenancy_isolation ON altered USING (tenant_id = tenancy.current_tenant_text() OR tenant_id = 'x');
CREATE TABLE emptied (tenant_id text);
ALTER POLICY tenancy_isolation ON emptied USING (true) WITH CHECK (true);
CREATE TABLE permissive (tenant_id text);
DROP POLICY tenancy_isolation ON permissive;
CREATE POLICY tenancy_isolation ON permissive USING (tenant_id = tenancy.current_tenant_text())
    WITH CHECK (tenant_id = tenancy.current_tenant_text());
CREATE TABLE for_some (tenant_id text);
ALTER POLICY tenancy_isolation ON for_some TO CURRENT_USER;
CREATE TABLE parted (tenant_id text) PARTITION BY LIST (tenant_id);
CREATE TABLE parted_1 PARTITION OF parted DEFAULT;
DROP POLICY tenancy_isolation ON parted_1;
CREATE TABLE disabled (tenant_id text);
ALTER TABLE disabled DISABLE ROW LEVEL SECURITY;
CREATE TABLE not_forced (tenant_id text);
ALTER TABLE not_forced NO FORCE ROW LEVEL SECURITY;
CREATE TABLE closed (tenant_id text);
DROP POLICY tenancy_access ON closed;
CREATE TABLE bare (tenant_id text);
ALTER TABLE bare ALTER tenant_id DROP NOT NULL, ALTER tenant_id DROP DEFAULT;
DROP INDEX bare_tenant_id_idx;
CREATE TABLE other_default (tenant_id text DEFAULT 'first-tenant');
CREATE TABLE no_effect (tenant_id text, owner name);
CREATE POLICY own ON no_effect USING (owner = current_user);
CREATE POLICY only_own ON no_effect AS RESTRICTIVE USING (owner = current_user);
\x
TABLE findings;
\x
SET client_min_messages = warning;
SELECT replace(remediation, ' CONCURRENTLY', '') FROM findings \gexec
TABLE findings;
RESET search_path;
DROP SCHEMA check_walls CASCADE;
