-- what: `SET ROLE` to a role that bypasses row security
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- roles: app owner
-- types: text
-- setup
\set strong attacks_bypass_ :DBNAME
CREATE ROLE :"strong" BYPASSRLS IN ROLE attacks_bypass ROLE attacks_app, attacks_owner;
-- attack
SET ROLE :"strong";
\echo want 00000 got :SQLSTATE
SELECT body FROM :t;
DELETE FROM :t WHERE id = 2;
\if :is_walled
\echo want 1 got :ROW_COUNT
\endif
-- after
DROP ROLE :"strong";
