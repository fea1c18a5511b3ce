-- what: let a foreign key's action change rows of another tenant
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: have the tenant column in both sides of every foreign key; `check()` finds those without
-- setup
SET tenancy.auto_attach = off;
CREATE TABLE scratch.children (tenant_id text, parent_tenant text, parent int, FOREIGN KEY (parent_tenant, parent) REFERENCES :t ON DELETE CASCADE);
\if :is_walled
SELECT tenancy.attach('scratch.children') IS NULL;
\endif
INSERT INTO scratch.children VALUES (:'other', :'own', 1);
GRANT ALL ON scratch.children TO PUBLIC;
-- attack
DELETE FROM :t WHERE id = 1 AND amount = 1;
\echo want 1 got :ROW_COUNT
SELECT data.peek('SELECT count(*) FROM scratch.children') AS n \gset
\echo leak 0 got :n
