-- check(): views and materialized views over attached tables.
CREATE ROLE regress_views_owner;
CREATE ROLE regress_views_bypass BYPASSRLS;
CREATE SCHEMA check_views;
GRANT USAGE, CREATE ON SCHEMA check_views TO regress_views_owner, regress_views_bypass;
CREATE VIEW check_views.findings WITH (security_invoker = true) AS
SELECT name, level, object, detail, remediation FROM tenancy.check() WHERE object LIKE 'check\_views.%';
SET search_path = check_views;
SET ROLE regress_views_owner;
CREATE TABLE orders (tenant_id text, id int);
CREATE TABLE unattached (id int);
GRANT SELECT ON orders TO regress_views_bypass;
CREATE VIEW plain AS SELECT * FROM orders;
CREATE VIEW invoker WITH (security_invoker = true) AS SELECT * FROM orders;
CREATE VIEW harmless AS SELECT * FROM unattached;
CREATE VIEW over_plain AS SELECT * FROM plain;
GRANT SELECT ON invoker, plain TO regress_views_bypass;
CREATE MATERIALIZED VIEW kept_plain AS SELECT count(*) FROM over_plain;
SET ROLE regress_views_bypass;
CREATE VIEW opened AS SELECT * FROM orders;
CREATE VIEW opened_above AS SELECT (SELECT max(i.id) FROM invoker i);
CREATE VIEW not_opened AS SELECT * FROM plain;
CREATE MATERIALIZED VIEW kept AS SELECT * FROM invoker;
RESET ROLE;
\x
SELECT * FROM findings WHERE object <> 'check_views.unattached';
\x
SELECT remediation FROM findings WHERE name = 'view_without_security_invoker' \gexec
-- Now the views above them are the ones whose owners' privileges count.
SELECT remediation FROM findings WHERE name = 'view_without_security_invoker' \gexec
SELECT name, object FROM findings WHERE object <> 'check_views.unattached';
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA check_views CASCADE;
DROP ROLE regress_views_owner, regress_views_bypass;
