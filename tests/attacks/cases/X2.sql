-- what: read in a trigger that fires within a foreign key's cascade, which lifts the owner's row security
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- kinds: plain
-- setup
CREATE TABLE scratch.parents (id int PRIMARY KEY);
CREATE TABLE scratch.children (id int REFERENCES scratch.parents ON DELETE CASCADE);
SELECT tenancy.share('scratch.parents', 'attack'), tenancy.share('scratch.children', 'attack') \gset
ALTER TABLE scratch.parents OWNER TO attacks_owner;
ALTER TABLE scratch.children OWNER TO attacks_owner;
GRANT ALL ON scratch.parents, scratch.children TO PUBLIC;
SELECT format('CREATE FUNCTION scratch.spy() RETURNS trigger LANGUAGE plpgsql AS %L',
    'BEGIN RAISE WARNING ''saw %'', (SELECT string_agg(body, '','') FROM ' || :'t' || '); DELETE FROM ' || :'t' || '; RETURN OLD; END') \gexec
CREATE TRIGGER spy BEFORE DELETE ON scratch.children FOR EACH ROW EXECUTE FUNCTION scratch.spy();
INSERT INTO scratch.parents VALUES (1), (2);
INSERT INTO scratch.children VALUES (1), (2);
-- attack
DELETE FROM scratch.parents WHERE id = 1;
\echo want 1 got :ROW_COUNT
DELETE FROM scratch.children;
\echo want 1 got :ROW_COUNT
SELECT body FROM :t;
