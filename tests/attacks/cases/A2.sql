-- what: behind a pooler that takes each tenant's role: `RESET ROLE`, and take another tenant's
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- roles: app owner
-- types: text
-- kinds: plain
-- do: bind the login role itself (X28), pin the tenant (shown here, too), or require tokens; a login that may become every tenant's role can become each
-- setup
\set one attacks_one_ :DBNAME
\set two attacks_two_ :DBNAME
CREATE ROLE :"one" IN ROLE attacks_bypass ROLE attacks_app, attacks_owner;
CREATE ROLE :"two" IN ROLE attacks_bypass ROLE attacks_app, attacks_owner;
SELECT tenancy.bind_role(quote_ident(:'one')::regrole, :'own'), tenancy.bind_role(quote_ident(:'two')::regrole, :'other');
-- attack
SET ROLE :"one";
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
SET tenancy.tenant_id = :'other';
SELECT body FROM :t;
\if :is_walled
\echo want 42501 got :SQLSTATE
\endif
SET tenancy.tenant_id = :'own';
SELECT tenancy.set_tenant(:'own', pin => true);
RESET ROLE;
SET ROLE :"two";
SET tenancy.tenant_id = :'other';
\echo want 42501 got :SQLSTATE
\connect - :role
SET ROLE :"one";
SET tenancy.tenant_id = :'own';
RESET ROLE;
SET ROLE :"two";
SET tenancy.tenant_id = :'other';
SELECT body FROM :t;
-- after
SELECT tenancy.unbind_role(quote_ident(:'one')::regrole), tenancy.unbind_role(quote_ident(:'two')::regrole);
DROP ROLE :"one", :"two";
