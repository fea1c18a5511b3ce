-- Fills registry and twins up to :n tenants with two rows each.
-- SPDX-License-Identifier: PostgreSQL
SELECT count(*) AS had FROM bare.used \gset
SELECT sum((SELECT count(*) FROM tenancy.create_tenants((
    SELECT jsonb_agg(jsonb_build_object('plan', 'bench', 'id', 't' || i))
    FROM generate_series(batch, least(batch + 999, :n)) i))))
FROM generate_series(:had + 1, :n, 1000) batch \g /dev/null
INSERT INTO bare.used SELECT 't' || i, 0 FROM generate_series(:had + 1, :n) i;
INSERT INTO bare.notes SELECT 't' || i, id, 'a note' FROM generate_series(:had + 1, :n) i, generate_series(1, 2) id;
INSERT INTO wall.notes SELECT 't' || i, id, 'a note' FROM generate_series(:had + 1, :n) i, generate_series(1, 2) id;
VACUUM (FREEZE, ANALYZE);
CHECKPOINT;
