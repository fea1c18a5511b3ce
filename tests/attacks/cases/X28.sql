-- what: as a login role that is bound to its tenant, take the role of another tenant
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- roles: app owner
-- types: text
-- kinds: plain
-- setup
\set two attacks_two_ :DBNAME
CREATE ROLE :"two" IN ROLE attacks_bypass ROLE attacks_app, attacks_owner;
SELECT tenancy.bind_role(quote_ident(:'role')::regrole, :'own'), tenancy.bind_role(quote_ident(:'two')::regrole, :'other');
-- attack
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
SET tenancy.tenant_id = :'other';
SELECT body FROM :t;
\echo want 42501 got :SQLSTATE
SET ROLE :"two";
SELECT body FROM :t;
\echo want 42501 got :SQLSTATE
SELECT tenancy.set_tenant(:'other');
\echo want 42501 got :SQLSTATE
SET SESSION AUTHORIZATION :"two";
\echo want 42501 got :SQLSTATE
RESET ROLE;
SELECT tenancy.unbind_role(quote_ident(:'role')::regrole);
\echo want 42501 got :SQLSTATE
DELETE FROM tenancy.role_tenants;
\echo want 42501 got :SQLSTATE
ALTER ROLE CURRENT_USER IN DATABASE :"DBNAME" SET tenancy.tenant_id = 'other';
\connect - :role
SELECT body FROM :t;
\echo want 42501 got :SQLSTATE
-- after
SELECT tenancy.unbind_role(quote_ident(:'role')::regrole), tenancy.unbind_role(quote_ident(:'two')::regrole);
ALTER ROLE :role IN DATABASE :"DBNAME" RESET tenancy.tenant_id;
DROP ROLE :"two";
