-- Nothing that a table's owner wrote runs with more than the owner's rights, whoever adopts the table.
\set SHOW_CONTEXT never
CREATE ROLE regress_adopt_trust;
CREATE ROLE regress_adopt_trust_mate;
CREATE SCHEMA adopt_trust AUTHORIZATION regress_adopt_trust;
GRANT regress_adopt_trust TO regress_adopt_trust_mate;
SELECT tenancy.create_tenant('adopt-trust');
SET ROLE regress_adopt_trust;
SET search_path = adopt_trust;
CREATE TABLE ran (what text, role name);
GRANT ALL ON ran TO PUBLIC;
-- As SQL that is written by somebody else does: first it tries to leave the role.
CREATE FUNCTION note(what text) RETURNS void LANGUAGE plpgsql SET search_path = adopt_trust AS $$
BEGIN
    BEGIN
        RESET ROLE;
    EXCEPTION WHEN OTHERS THEN
        what := what || ': ' || SQLERRM;
    END;
    INSERT INTO ran VALUES (what, current_user);
END
$$;
CREATE FUNCTION accepts(value text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM adopt_trust.note(''domain''); RETURN true; END';
CREATE FUNCTION changed() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN PERFORM adopt_trust.note(TG_NAME), set_config(''search_path'', ''nowhere'', false); RETURN NEW; END';
CREATE DOMAIN tenant AS text CHECK (accepts(VALUE));
CREATE TABLE by_domain (id int, org tenant);
INSERT INTO by_domain VALUES (1, NULL);
SET ROLE regress_adopt_trust;
CREATE TABLE by_trigger (id int, org text);
INSERT INTO by_trigger VALUES (1, NULL);
CREATE TRIGGER soon BEFORE UPDATE ON by_trigger FOR EACH ROW EXECUTE FUNCTION changed();
CREATE TABLE late (id int, org text);
INSERT INTO late VALUES (1, NULL);
CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO adopt_trust.ran VALUES (TG_NAME, current_user); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION told();
TRUNCATE ran;

-- A type of the owner's.
SELECT tenancy.start_adoption('by_domain', 'adopt-trust', 'org');
SELECT * FROM ran;
RESET ROLE;
SET search_path = adopt_trust;
CALL tenancy.adopt('by_domain', 'adopt-trust', 'org', allow_blocking_indexes => true);
SELECT DISTINCT * FROM ran ORDER BY what;
TRUNCATE ran;

-- Triggers, adopted for by a superuser; what they set is undone.
CALL tenancy.adopt('by_trigger', 'adopt-trust', 'org', fire_triggers => true, allow_blocking_indexes => true);
SELECT * FROM ran;
SHOW search_path;
TRUNCATE ran;
-- Those that wait for the end of the transaction would run as whoever ends it.
CALL tenancy.adopt('late', 'adopt-trust', 'org', fire_triggers => true, allow_blocking_indexes => true);
SELECT * FROM ran;
-- The owner may have them.
SET ROLE regress_adopt_trust;
CALL tenancy.adopt('late', fire_triggers => true, allow_blocking_indexes => true);
RESET ROLE;
SELECT * FROM ran;

-- Nobody runs anything as a role that he cannot become.
SET ROLE regress_adopt_trust;
SELECT tenancy.run_as('postgres', 'SELECT 1');
SET ROLE regress_adopt_trust_mate;
SELECT tenancy.run_as('regress_adopt_trust', 'SELECT current_user, NULL, 1');
SELECT tenancy.run_as('regress_adopt_trust', 'SELECT count(*) FROM nowhere');
SELECT current_user;
RESET ROLE;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA adopt_trust CASCADE;
DELETE FROM tenancy.tenants WHERE id = 'adopt-trust';
DROP ROLE regress_adopt_trust, regress_adopt_trust_mate;
