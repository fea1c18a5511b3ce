-- what: `SET ROLE` to a role that bypasses row security
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- roles: app owner
-- types: text
-- setup
GRANT attacks_bypass TO attacks_app, attacks_owner;
-- attack
SET ROLE attacks_bypass;
\echo want 00000 got :SQLSTATE
SELECT body FROM :t;
DELETE FROM :t WHERE id = 2;
\if :is_walled
\echo want 1 got :ROW_COUNT
\endif
-- after
REVOKE attacks_bypass FROM attacks_app, attacks_owner;
