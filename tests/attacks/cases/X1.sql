-- what: change rows through a superuser's view that is a security barrier itself
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- setup
CREATE VIEW scratch.view WITH (security_barrier) AS SELECT * FROM :t WHERE id < 100;
CREATE VIEW scratch.part_view WITH (security_barrier) AS SELECT * FROM :part WHERE id < 100 WITH CHECK OPTION;
GRANT ALL ON scratch.view, scratch.part_view TO PUBLIC;
-- attack
UPDATE scratch.view SET amount = amount WHERE amount = 1;
\echo want 3 got :ROW_COUNT
UPDATE scratch.view SET body = body RETURNING body;
UPDATE scratch.part_view SET body = body RETURNING body;
DELETE FROM scratch.part_view RETURNING body;
DELETE FROM scratch.view RETURNING body;
