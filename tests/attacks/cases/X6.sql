-- what: drop the table, or a column, with all tenants' rows in it
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- roles: owner super
-- attack
DROP TABLE :part;
\if :is_walled
\echo want 42501 got :SQLSTATE
\endif
ALTER TABLE :t DROP COLUMN body;
ALTER TABLE :t RENAME COLUMN tenant_id TO mine;
DROP TABLE :t CASCADE;
\if :is_walled
\echo want 42501 got :SQLSTATE
\endif
CREATE TABLE scratch.plain (body text);
DROP TABLE scratch.plain;
\echo want 00000 got :SQLSTATE
