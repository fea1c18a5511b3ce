-- what: read and write through a superuser's view
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- setup
CREATE VIEW scratch.view AS SELECT * FROM :t;
CREATE VIEW scratch.part_view AS SELECT * FROM :part;
GRANT ALL ON scratch.view, scratch.part_view TO PUBLIC;
-- attack
SELECT body FROM scratch.view;
\if :is_walled
\echo want 3 got :ROW_COUNT
\endif
SELECT body FROM scratch.part_view;
UPDATE scratch.view SET amount = 0;
UPDATE scratch.part_view SET amount = 0;
INSERT INTO scratch.view VALUES (:'other', 99, 0, 'planted');
\echo want 42501 got :SQLSTATE
DELETE FROM scratch.part_view;
DELETE FROM scratch.view;
