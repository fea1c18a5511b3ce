-- what: learn from `ON CONFLICT DO NOTHING` that another tenant has a value
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: as C1; keys that lead with the tenant column tell nothing (shown here, too)
-- setup
CREATE UNIQUE INDEX scratch_key ON :t (body);
-- attack
INSERT INTO :t (tenant_id, id, body) VALUES (:'own', 2, 'x') ON CONFLICT DO NOTHING;
\echo want 0 got :ROW_COUNT
INSERT INTO :t (tenant_id, id, body) VALUES (:'other', 2, 'x') ON CONFLICT (tenant_id, id) DO NOTHING;
\echo want 42501 got :SQLSTATE
INSERT INTO :t (tenant_id, id, body) VALUES (:'own', 51, 'L' || 'EAK 1') ON CONFLICT (body) DO NOTHING;
\echo leak 0 got :ROW_COUNT
-- after
DROP INDEX IF EXISTS data.scratch_key;
