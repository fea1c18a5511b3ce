-- Twin tables of documents of 50 tenants, with composite indexes for jsonb, trigrams and full text.
-- SPDX-License-Identifier: PostgreSQL
CREATE EXTENSION btree_gin;
CREATE EXTENSION pg_trgm;
CREATE TABLE bare.documents (
    tenant_id uuid NOT NULL,
    id bigint NOT NULL,
    attributes jsonb NOT NULL,
    body text NOT NULL,
    words tsvector GENERATED ALWAYS AS (to_tsvector('simple', body)) STORED
);
CREATE TABLE wall.documents (LIKE bare.documents INCLUDING GENERATED);
INSERT INTO bare.documents (tenant_id, id, attributes, body)
SELECT format('00000000-0000-4000-8000-%s', lpad((1 + i % 50)::text, 12, '0'))::uuid, i,
    jsonb_build_object('article', i / 50 % (:rows / 250), 'price', i % 997, 'colour', i % 7),
    (SELECT string_agg('w' || (hashint8(i * 12 + k) & 2147483647) % 20000, ' ') FROM generate_series(1, 12) k)
FROM generate_series(1::bigint, :rows) i;
INSERT INTO wall.documents (tenant_id, id, attributes, body)
SELECT tenant_id, id, attributes, body FROM bare.documents;
CREATE INDEX ON bare.documents USING gin (tenant_id, attributes);
CREATE INDEX ON bare.documents USING gin (tenant_id, body gin_trgm_ops);
CREATE INDEX ON bare.documents USING gin (tenant_id, words);
CREATE INDEX ON bare.documents (tenant_id);
CREATE INDEX ON wall.documents USING gin (tenant_id, attributes);
CREATE INDEX ON wall.documents USING gin (tenant_id, body gin_trgm_ops);
CREATE INDEX ON wall.documents USING gin (tenant_id, words);
CREATE INDEX ON wall.documents (tenant_id);
SELECT tenancy.attach('wall.documents') \g /dev/null
GRANT SELECT ON bare.documents, wall.documents TO bench_app;
VACUUM (FREEZE, ANALYZE) bare.documents;
VACUUM (FREEZE, ANALYZE) wall.documents;
CHECKPOINT;
