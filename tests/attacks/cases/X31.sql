-- what: read and write by a rule on a table that a foreign key's cascade changes
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- kinds: plain
-- setup
CREATE TABLE scratch.parents (id int PRIMARY KEY);
CREATE TABLE scratch.children (id int REFERENCES scratch.parents ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE scratch.found (body text);
SELECT tenancy.share('scratch.parents', 'attack'), tenancy.share('scratch.children', 'attack') \gset
CREATE RULE spy AS ON DELETE TO scratch.children DO ALSO INSERT INTO scratch.found SELECT body FROM :t;
CREATE RULE write AS ON UPDATE TO scratch.children DO ALSO UPDATE :t SET amount = 0;
ALTER TABLE scratch.parents OWNER TO attacks_owner;
ALTER TABLE scratch.children OWNER TO attacks_owner;
ALTER TABLE scratch.found OWNER TO attacks_owner;
GRANT ALL ON scratch.parents, scratch.children, scratch.found TO PUBLIC;
INSERT INTO scratch.parents VALUES (1), (2);
INSERT INTO scratch.children VALUES (1), (2);
-- attack
DELETE FROM scratch.parents WHERE id = 1;
\echo want 00000 got :SQLSTATE
SELECT body FROM scratch.found;
\if :is_walled
\echo want 3 got :ROW_COUNT
\endif
UPDATE scratch.parents SET id = 3 WHERE id = 2;
\echo want 00000 got :SQLSTATE
SELECT count(*) AS n FROM scratch.children WHERE id = 3 \gset
\echo want 1 got :n
