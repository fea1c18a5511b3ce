-- what: have an error quote another tenant's row: one that an exclusion constraint conflicts with, one that a foreign key changes
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- kinds: plain
-- twin: none, while a tenant is set errors hide the values of tables without a wall, too
-- setup
CREATE TABLE scratch.parents (id int PRIMARY KEY);
SELECT tenancy.share('scratch.parents', 'attack') \gset
INSERT INTO scratch.parents SELECT generate_series(1, 3);
CREATE TABLE scratch.booked (tenant_id text, during int4range, parent int REFERENCES scratch.parents ON DELETE SET NULL CHECK (parent IS NOT NULL), body text, EXCLUDE USING gist (during WITH &&));
GRANT ALL ON scratch.parents, scratch.booked TO PUBLIC;
INSERT INTO scratch.booked VALUES (:'other', '[100,666666)', 1, 'LEAK');
-- attack
INSERT INTO scratch.booked VALUES (:'own', '[50,200)', 2, 'mine');
\echo want 23P01 got :SQLSTATE
DELETE FROM scratch.parents WHERE id = 1;
\echo want 23514 got :SQLSTATE
