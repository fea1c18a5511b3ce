-- check(): tables that are neither attached nor shared.
CREATE SCHEMA check_tables;
CREATE VIEW check_tables.findings AS
SELECT name, level, object, detail, remediation FROM tenancy.check() WHERE object LIKE 'check_tables.%';
SET tenancy.auto_attach = off;
SET search_path = check_tables;
CREATE TABLE attached (tenant_id text);
SELECT tenancy.attach('attached');
CREATE TABLE forgotten (tenant_id text);
CREATE TABLE numbered (tenant_id numeric);
CREATE TABLE counted (tenant_id bigint GENERATED ALWAYS AS IDENTITY);
CREATE TABLE parted (tenant_id text) PARTITION BY LIST (tenant_id);
CREATE TABLE parted_1 PARTITION OF parted DEFAULT;
CREATE TABLE "Odd Name" (id int);
CREATE TABLE shared (code text) PARTITION BY LIST (code);
CREATE TABLE shared_1 PARTITION OF shared DEFAULT;
SELECT tenancy.share('shared', 'codes');
CREATE TEMPORARY TABLE a_temp (id int);
CREATE UNLOGGED TABLE unlogged (id int);
\x
TABLE findings;
\x
-- What it says to do does it.
SET client_min_messages = warning;
SELECT remediation FROM findings \gexec
TABLE findings;
-- Another tenant column, other findings.
SET tenancy.tenant_column = 'code';
SELECT name, object FROM findings;
SELECT tenancy.unshare('shared');
SELECT name, object FROM findings;
RESET tenancy.tenant_column;
SELECT tenancy.detach('attached');
SELECT name, object FROM findings;
RESET tenancy.auto_attach;
RESET search_path;
DROP TABLE pg_temp.a_temp;
DROP SCHEMA check_tables CASCADE;
