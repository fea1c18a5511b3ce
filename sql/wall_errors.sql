-- Errors quote no row of another tenant to those from whom the server would not hide it, whoever catches them.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT tenancy.create_tenant('we_a'), tenancy.create_tenant('we_b');
CREATE ROLE regress_we_app;
CREATE TABLE we_booked (tenant_id text, during int4range, EXCLUDE USING gist (during WITH &&) DEFERRABLE);
CREATE TABLE we_parents (id int PRIMARY KEY);
CREATE TABLE we_children (tenant_id text, parent int UNIQUE REFERENCES we_parents ON DELETE SET NULL ON UPDATE CASCADE, body text, CHECK (parent IS NOT NULL), CHECK (parent <> 7));
CREATE TABLE we_log (detail text);
GRANT ALL ON we_booked, we_parents, we_children, we_log TO regress_we_app;
INSERT INTO we_booked VALUES ('we_b', '[100,666666)');
INSERT INTO we_parents VALUES (1);
INSERT INTO we_children VALUES ('we_b', 1, 'secret');
CREATE FUNCTION we_caught(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
    EXECUTE statement;
    RETURN 'no error';
EXCEPTION WHEN integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS found = PG_EXCEPTION_DETAIL;
    RETURN found;
END $$;
-- without a tenant all is shown
INSERT INTO we_booked VALUES ('we_a', '[1,200)');
DELETE FROM we_parents;
SET tenancy.tenant_id = 'we_a';
INSERT INTO we_booked VALUES ('we_a', '[1,200)');
SELECT we_caught($$INSERT INTO we_booked VALUES ('we_a', '[1,200)')$$);
COPY we_booked FROM STDIN (DELIMITER ';');
we_a;[1,200)
\.
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO we_booked VALUES ('we_a', '[1,200)');
SET CONSTRAINTS ALL IMMEDIATE;
ROLLBACK;
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO we_booked VALUES ('we_a', '[1,200)');
COMMIT;
-- what a foreign key does to others' rows: as the table's owner, who is a superuser
SET ROLE regress_we_app;
DELETE FROM we_parents;
SELECT we_caught('DELETE FROM we_parents');
UPDATE we_parents SET id = 7;
RESET ROLE;
DELETE FROM we_parents;
-- one's own
INSERT INTO we_children VALUES ('we_a', 7, 'mine');
INSERT INTO we_booked VALUES ('we_a', NULL), (NULL, '[1,2)');
-- whoever is let past the wall sees it
SET tenancy.enforce_bypass = off;
INSERT INTO we_booked VALUES ('we_a', '[1,200)');
RESET tenancy.enforce_bypass;

RESET tenancy.tenant_id;
DROP TABLE we_booked, we_children, we_parents, we_log;
DROP FUNCTION we_caught;
DROP ROLE regress_we_app;
DELETE FROM tenancy.tenants WHERE id LIKE 'we\_%';
