-- what: add a permissive policy that lets everything through
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- setup
CREATE POLICY everything ON :t USING (true);
CREATE POLICY everything_too ON :t AS PERMISSIVE FOR SELECT TO PUBLIC USING (true);
-- attack
SELECT body FROM :t;
\if :is_walled
\echo want 3 got :ROW_COUNT
CREATE POLICY mine ON :t USING (true);
\echo want 42501 got :SQLSTATE
\endif
UPDATE :t SET amount = 0;
-- after
DROP POLICY everything ON :t;
DROP POLICY everything_too ON :t;
