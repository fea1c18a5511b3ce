-- what: learn from a unique violation that another tenant has a value
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: unique keys that lead with the tenant column; `check()` finds those without
-- setup
CREATE UNIQUE INDEX scratch_key ON :t (body);
-- attack
INSERT INTO :t (tenant_id, id, body) VALUES (:'own', 50, 'nobody has this');
\echo want 00000 got :SQLSTATE
INSERT INTO :t (tenant_id, id, body) VALUES (:'own', 51, 'L' || 'EAK 1');
\echo leak 23505 got :SQLSTATE
-- after
DROP INDEX IF EXISTS data.scratch_key;
