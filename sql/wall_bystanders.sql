-- The wall holds where row security stands aside: writes through a view with a barrier of its own, triggers
-- that fire within a foreign key's query, cursors from before the tenant was set, functions run by the planner.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT tenancy.create_tenant('ws_a'), tenancy.create_tenant('ws_b');
CREATE ROLE regress_ws_owner;
CREATE ROLE regress_ws_app;
CREATE SCHEMA ws AUTHORIZATION regress_ws_owner;
SET search_path = ws, public;
SET ROLE regress_ws_owner;
CREATE TABLE ws_notes (tenant_id text, id int, body text, PRIMARY KEY (tenant_id, id));
CREATE TABLE ws_parents (tenant_id text, id int, PRIMARY KEY (tenant_id, id));
CREATE TABLE ws_children (tenant_id text, id int, FOREIGN KEY (tenant_id, id) REFERENCES ws_parents ON DELETE CASCADE);
CREATE TABLE ws_log (line text);
GRANT USAGE ON SCHEMA ws TO regress_ws_app;
RESET ROLE;
INSERT INTO ws_notes SELECT t, n, t || n FROM unnest('{ws_a,ws_b}'::text[]) t, generate_series(1, 2) n;

-- a superuser's view whose own condition is a barrier, too
CREATE VIEW ws_view WITH (security_barrier) AS SELECT * FROM ws_notes WHERE id < 100;
CREATE VIEW ws_checked WITH (security_barrier) AS SELECT * FROM ws_view WHERE id < 50 WITH CHECK OPTION;
GRANT ALL ON ws_view, ws_checked TO regress_ws_app;
SET ROLE regress_ws_app;
SET tenancy.tenant_id = 'ws_a';
UPDATE ws_view SET body = body || '!' RETURNING tenant_id, id, body;
UPDATE ws_view SET tenant_id = 'ws_b', id = 9 WHERE id = 1;
UPDATE ws_checked SET body = body || '?' RETURNING tenant_id, id, body;
INSERT INTO ws_view VALUES ('ws_b', 1, 'x') ON CONFLICT (tenant_id, id) DO UPDATE SET body = 'stolen';
DELETE FROM ws_view RETURNING tenant_id, id;
RESET ROLE;
RESET tenancy.tenant_id;
SELECT * FROM ws_notes ORDER BY 1, 2;
INSERT INTO ws_notes VALUES ('ws_a', 1, 'ws_a1');

-- a trigger within a cascade, and what that trigger's own statements fire
CREATE FUNCTION ws_look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING '% sees %', TG_TABLE_NAME, (SELECT string_agg(body, ',' ORDER BY body) FROM ws.ws_notes);
    IF TG_TABLE_NAME = 'ws_children' THEN
        INSERT INTO ws.ws_log VALUES ('x');
        UPDATE ws.ws_notes SET body = body;
        DELETE FROM ws.ws_parents WHERE id > 100;
    END IF;
    RETURN coalesce(OLD, NEW);
END $$;
CREATE FUNCTION ws_fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
CREATE TRIGGER look BEFORE DELETE ON ws_children FOR EACH ROW EXECUTE FUNCTION ws_look();
CREATE TRIGGER look AFTER INSERT ON ws_log FOR EACH ROW EXECUTE FUNCTION ws_look();
GRANT ALL ON ws_notes, ws_parents, ws_children, ws_log TO regress_ws_app;
SET ROLE regress_ws_owner;
SET tenancy.tenant_id = 'ws_a';
INSERT INTO ws_parents VALUES (DEFAULT, 1), (DEFAULT, 101);
INSERT INTO ws_children VALUES (DEFAULT, 1), (DEFAULT, 101);
DELETE FROM ws_parents WHERE id = 1;
SELECT * FROM ws_children;
INSERT INTO ws_parents VALUES (DEFAULT, 5);
INSERT INTO ws_children VALUES (DEFAULT, 5);
-- its plans were made within the foreign key's query: now it fires by itself
DELETE FROM ws_children;
SET ROLE regress_ws_app;
INSERT INTO ws_parents VALUES (DEFAULT, 2);
INSERT INTO ws_children VALUES (DEFAULT, 2);
DELETE FROM ws_parents;
RESET ROLE;
INSERT INTO ws_parents VALUES (DEFAULT, 3);
INSERT INTO ws_children VALUES (DEFAULT, 3);
DELETE FROM ws_parents;
-- an error within leaves nothing lifted
RESET tenancy.tenant_id;
CREATE TRIGGER zfail BEFORE DELETE ON ws_children FOR EACH ROW EXECUTE FUNCTION ws_fail();
SET tenancy.tenant_id = 'ws_a';
SET ROLE regress_ws_owner;
INSERT INTO ws_parents VALUES (DEFAULT, 4);
INSERT INTO ws_children VALUES (DEFAULT, 4);
DELETE FROM ws_parents;
SELECT body FROM ws_notes;
RESET ROLE;
RESET tenancy.tenant_id;

-- cursors of a session that saw everything
DECLARE held CURSOR WITH HOLD FOR SELECT body FROM ws_notes;
DECLARE harmless CURSOR WITH HOLD FOR SELECT 1 AS one;
SET tenancy.tenant_id = 'ws_a';
FETCH ALL FROM held;
\echo :LAST_ERROR_SQLSTATE
FETCH ALL FROM harmless;
RESET tenancy.tenant_id;
FETCH ALL FROM held;
CLOSE ALL;
BEGIN;
DECLARE open_cursor CURSOR FOR SELECT body FROM ws_notes;
SET LOCAL tenancy.tenant_id = 'ws_a';
FETCH ALL FROM open_cursor;
ROLLBACK;

-- a function that the planner runs because it claims to be immutable
CREATE FUNCTION ws_set(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM set_config('tenancy.tenant_id', $1, false); RETURN 1; END $$;
SELECT body FROM ws_notes WHERE ws_set('ws_a') = 1;
RESET tenancy.tenant_id;
DROP SCHEMA ws CASCADE;
DROP ROLE regress_ws_owner, regress_ws_app;
DELETE FROM tenancy.tenants WHERE id LIKE 'ws\_%';
