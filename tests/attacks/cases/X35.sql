-- what: as a role that is bound to its tenant, find out by errors which other tenants there are
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- roles: app owner
-- types: text
-- kinds: plain
-- twin: none, ids are no rows of a table
-- setup
SELECT tenancy.bind_role(quote_ident(:'role')::regrole, :'own');
-- attack
SELECT count(*) AS n FROM :t WHERE amount = 1 \gset
\echo want 3 got :n
SET tenancy.tenant_id = :'other';
SELECT tenancy.current_tenant();
\set there :SQLSTATE
SET tenancy.tenant_id = 'nobody';
SELECT tenancy.current_tenant();
\echo want :there got :SQLSTATE
SELECT tenancy.set_tenant('nobody');
\echo want :there got :SQLSTATE
\echo leak 42704 got :SQLSTATE
-- after
SELECT tenancy.unbind_role(quote_ident(:'role')::regrole);
