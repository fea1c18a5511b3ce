-- what: read in a function that is called while a foreign key's query is planned or started: in an index's condition, in a rule
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- kinds: plain
-- setup
CREATE TABLE scratch.parents (id int PRIMARY KEY);
CREATE TABLE scratch.indexed (id int REFERENCES scratch.parents ON DELETE CASCADE);
CREATE TABLE scratch.ruled (id int REFERENCES scratch.parents ON DELETE CASCADE);
CREATE TABLE scratch.parts (part text) PARTITION BY LIST (part);
CREATE TABLE scratch.parts_1 PARTITION OF scratch.parts FOR VALUES IN ('a');
CREATE TABLE scratch.parts_2 PARTITION OF scratch.parts FOR VALUES IN ('b');
SELECT tenancy.share(c.oid, 'attack') FROM pg_class c WHERE c.relnamespace = 'scratch'::regnamespace AND c.relkind IN ('r', 'p') \gset
SELECT format('CREATE FUNCTION scratch.folded(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS %1$L; CREATE FUNCTION scratch.asked(text) RETURNS text LANGUAGE plpgsql STABLE AS %1$L',
    'DECLARE seen text; BEGIN EXECUTE ''SELECT string_agg(body, '''','''') FROM ' || :'t' || ''' INTO seen; RAISE WARNING ''% saw %'', $1, seen; RETURN ''a''; END') \gexec
CREATE INDEX ON scratch.indexed (id) WHERE scratch.folded('index') = 'a';
CREATE RULE spy AS ON DELETE TO scratch.ruled DO ALSO DELETE FROM scratch.parts WHERE part = scratch.asked('rule') AND scratch.folded('rule') = 'a';
ALTER TABLE scratch.parents OWNER TO attacks_owner;
ALTER TABLE scratch.indexed OWNER TO attacks_owner;
ALTER TABLE scratch.ruled OWNER TO attacks_owner;
ALTER TABLE scratch.parts OWNER TO attacks_owner;
GRANT ALL ON scratch.parents TO PUBLIC;
INSERT INTO scratch.parents VALUES (1);
-- attack
DELETE FROM scratch.parents WHERE id = 1;
\echo want 1 got :ROW_COUNT
