-- The application whose clients go through the pooler: notes with a marker that says whose they are.
-- SPDX-License-Identifier: PostgreSQL
CREATE EXTENSION tenancy;
CREATE TABLE notes (tenant_id text, marker text NOT NULL, client int NOT NULL);
CREATE INDEX ON notes (tenant_id, client);
GRANT SELECT, INSERT ON notes TO :app;
-- All shapes that an id may have, and two of the greatest length that differ at the end only.
SELECT count(tenancy.create_tenant(id)) AS tenants
FROM (SELECT 'pl_' || n AS id FROM generate_series(1, 40) n
      UNION ALL VALUES ('a.b:c@d+e~f-g_h'), ('42'), ('6f9619ff-8b86-4011-b42d-00cf4fc964ff'),
          (repeat('x', 62) || 'a'), (repeat('x', 62) || 'b'), (repeat('x', 62) || '~')) i
\gset
INSERT INTO notes SELECT id, id, 0 FROM tenancy.tenants, generate_series(1, :seeded);
ANALYZE notes;
