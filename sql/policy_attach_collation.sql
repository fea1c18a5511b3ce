-- A nondeterministic collation would make two tenants equal: not for tenant columns.
\set SHOW_CONTEXT never
\set regression :DBNAME
-- Such collations need ICU, and ICU needs an encoding.
CREATE DATABASE regress_policy_collation TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';
\c regress_policy_collation
CREATE EXTENSION tenancy;
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE orders (tenant_id text COLLATE loose);
SELECT tenancy.attach('orders');
\echo :SQLSTATE
SELECT name, object, remediation FROM tenancy.check() WHERE level = 'ERROR' AND name <> 'server_vulnerable';
SELECT remediation FROM tenancy.check() WHERE level = 'ERROR' AND name <> 'server_vulnerable' \gexec
SELECT relation, forced FROM tenancy.attached_tables;
\c :regression
DROP DATABASE regress_policy_collation;
