-- what: write to the tables that the policies rely on
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- roles: app owner bypass
-- types: text
-- kinds: plain
-- twin: none, there is nothing to write to
-- attack
INSERT INTO tenancy.tenants (id) VALUES ('mine');
\echo want 42501 got :SQLSTATE
UPDATE tenancy.tenants SET id = 'x';
\echo want 42501 got :SQLSTATE
SELECT tenancy.create_tenant('mine');
\echo want 42501 got :SQLSTATE
SELECT tenancy.share('data.plain', 'mine');
SELECT tenancy.break_glass('I want to');
\echo want 42501 got :SQLSTATE
SELECT body FROM :t;
