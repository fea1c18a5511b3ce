-- what: learn from a foreign key that another tenant's row exists
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: have the tenant column in both sides of every foreign key; `check()` finds those without
-- setup
SET tenancy.auto_attach = off;
CREATE TABLE scratch.children (mine text, parent_tenant text, parent int, FOREIGN KEY (parent_tenant, parent) REFERENCES :t);
GRANT ALL ON scratch.children TO PUBLIC;
-- attack
INSERT INTO scratch.children VALUES ('x', :'other', 88);
\echo want 23503 got :SQLSTATE
INSERT INTO scratch.children VALUES ('x', :'other', 1);
\echo leak 00000 got :SQLSTATE
