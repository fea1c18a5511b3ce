-- what: give a row to another tenant, or write one for it
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
UPDATE :t SET amount = 5 WHERE id = 1 AND amount = 1;
\echo want 1 got :ROW_COUNT
UPDATE :t SET tenant_id = :'other', id = 99 WHERE id = 1 AND amount = 5;
\echo want 42501 got :SQLSTATE
INSERT INTO :t VALUES (:'other', 98, 0, 'planted');
\echo want 42501 got :SQLSTATE
INSERT INTO :part VALUES (:'other', 97, 0, 'planted');
\echo want 42501 got :SQLSTATE
INSERT INTO :t SELECT :'other', 96, 0, 'planted';
\echo want 42501 got :SQLSTATE
\if :is_partitioned
INSERT INTO :t (id) VALUES (95);
\else
INSERT INTO :t (tenant_id, id) VALUES (:'own', 95);
\endif
\echo want 00000 got :SQLSTATE
