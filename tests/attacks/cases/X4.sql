-- what: leave a trigger or rule behind that runs in other tenants' sessions
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- kinds: plain partitioned
-- attack
CREATE FUNCTION scratch.spy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
\echo want 00000 got :SQLSTATE
CREATE TRIGGER spy BEFORE INSERT ON :t FOR EACH STATEMENT EXECUTE FUNCTION scratch.spy();
\echo want 42501 got :SQLSTATE
CREATE TRIGGER spy AFTER UPDATE ON :part FOR EACH ROW EXECUTE FUNCTION scratch.spy();
\echo want 42501 got :SQLSTATE
CREATE RULE spy AS ON UPDATE TO :t DO ALSO SELECT 1;
\echo want 42501 got :SQLSTATE
