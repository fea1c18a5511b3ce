-- what: change what a row trigger writes: its tenant column
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- kinds: plain partitioned
-- setup
SELECT format('CREATE FUNCTION scratch.move() RETURNS trigger LANGUAGE plpgsql AS %L',
    'BEGIN NEW.tenant_id := ' || quote_literal(:'other') || '; NEW.id := 90 + NEW.id; RETURN NEW; END') \gexec
\if :is_plain
CREATE TRIGGER move BEFORE INSERT OR UPDATE ON :t FOR EACH ROW WHEN (NEW.amount = 7) EXECUTE FUNCTION scratch.move();
\else
CREATE VIEW scratch.door AS SELECT * FROM :t;
SELECT format('CREATE FUNCTION scratch.move_in() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS %L',
    'BEGIN INSERT INTO ' || :'t' || ' VALUES (' || quote_literal(:'other') || ', 91, 7, NEW.body); RETURN NEW; END') \gexec
CREATE TRIGGER move INSTEAD OF INSERT ON scratch.door FOR EACH ROW EXECUTE FUNCTION scratch.move_in();
GRANT ALL ON scratch.door TO PUBLIC;
\endif
-- attack
\if :is_plain
INSERT INTO :t VALUES (:'own', 3000, 7, 'x');
\echo want 42501 got :SQLSTATE
UPDATE :t SET amount = 7 WHERE id = 1 AND amount = 1;
\echo want 42501 got :SQLSTATE
\else
INSERT INTO scratch.door VALUES (:'own', 3000, 7, 'x');
\echo want 42501 got :SQLSTATE
\endif
