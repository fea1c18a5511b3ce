-- share() and unshare(): tables of all tenants, with a reason, by operators.
\set SHOW_CONTEXT never
CREATE ROLE regress_share_operator;
CREATE ROLE regress_share_app;
SELECT tenancy.grant_operator('regress_share_operator');
CREATE SCHEMA policy_share;
GRANT USAGE ON SCHEMA policy_share TO regress_share_operator, regress_share_app;
SET search_path = policy_share;
CREATE TABLE countries (code text);
CREATE TABLE orders (tenant_id text) PARTITION BY LIST (tenant_id);
CREATE TABLE orders_1 PARTITION OF orders DEFAULT;
CREATE VIEW a_view AS SELECT 1;

SET ROLE regress_share_operator;
SELECT tenancy.share('countries', 'ISO 3166, the same for all');
SELECT tenancy.share('countries', 'ISO 3166, the same for all');
SELECT tenancy.share('countries', 'ISO 3166-1');
SELECT relation, reason, declared_by FROM tenancy.shared_tables WHERE relation = 'countries'::regclass;
SELECT tenancy.share('countries', ' ');
\echo :SQLSTATE
SELECT tenancy.share('countries', NULL);
\echo :SQLSTATE
SELECT tenancy.share(NULL, 'why');
\echo :SQLSTATE
SELECT tenancy.share('a_view', 'why');
\echo :SQLSTATE
SELECT tenancy.share('orders', 'attached');
\echo :SQLSTATE
SELECT tenancy.share('orders_1', 'attached');
\echo :SQLSTATE
SELECT tenancy.unshare('countries');
SELECT tenancy.unshare('countries');

-- Applications may not.
SET ROLE regress_share_app;
SELECT tenancy.share('countries', 'why');
\echo :SQLSTATE
SELECT tenancy.unshare('countries');
\echo :SQLSTATE
SELECT reason FROM tenancy.shared_tables;
\echo :SQLSTATE
RESET ROLE;

-- The declaration goes with the table.
SELECT tenancy.share('countries', 'ISO 3166');
DROP TABLE countries;
SELECT count(*) FROM tenancy.shared_tables s WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = s.relation);
SELECT CASE calling_role WHEN session_user THEN 'superuser' ELSE calling_role END AS role, action, object, before, after FROM tenancy.audit_log
 WHERE object LIKE 'policy_share.%' AND action LIKE '%share' ORDER BY id;

RESET search_path;
SELECT tenancy.revoke_operator('regress_share_operator');
SET client_min_messages = warning;
DROP SCHEMA policy_share CASCADE;
DROP ROLE regress_share_operator, regress_share_app;
