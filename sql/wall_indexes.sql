-- Indexes of operators that are not leakproof serve behind the wall; functions of the user's never
-- see another tenant's row.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT tenancy.create_tenant('wi_a'), tenancy.create_tenant('wi_b');
CREATE TABLE wi_docs (tenant_id text COLLATE "C", id int, doc jsonb, tags text[], words tsvector, price numeric, name text COLLATE "C");
INSERT INTO wi_docs SELECT t, n, jsonb_build_object('n', n), ARRAY['t' || n], to_tsvector('simple', 'w' || n), n, 'name' || n
FROM unnest('{wi_a,wi_b}'::text[]) t, generate_series(1, 3000) n;
CREATE INDEX ON wi_docs USING gin (doc);
CREATE INDEX ON wi_docs USING gin (tags);
CREATE INDEX ON wi_docs USING gin (words);
CREATE INDEX ON wi_docs (tenant_id, price);
CREATE INDEX ON wi_docs (tenant_id, name text_pattern_ops);
ANALYZE wi_docs;
CREATE ROLE regress_wi_app;
GRANT SELECT ON wi_docs TO regress_wi_app;
CREATE FUNCTION wi_index(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    names text[] := '{}';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Index (Only )?(Scan|Cond)' THEN
            names := names || substring(line FROM '(?:on|using) (wi_[a-z_0-9]+)') || CASE WHEN line ~ 'Index Cond.*(doc|tags|words|price|name)' THEN ARRAY['condition'] END;
        END IF;
    END LOOP;
    RETURN array_to_string(names, ' ');
END $$;
SET ROLE regress_wi_app;
SET tenancy.tenant_id = 'wi_a';
SELECT wi_index($$SELECT id FROM wi_docs WHERE doc @> '{"n": 5}'$$) AS jsonb, wi_index($$SELECT id FROM wi_docs WHERE tags @> '{t5}'$$) AS array,
    wi_index($$SELECT id FROM wi_docs WHERE words @@ 'w5'$$) AS full_text, wi_index($$SELECT id FROM wi_docs WHERE price = 5$$) AS numeric,
    wi_index($$SELECT id FROM wi_docs WHERE name LIKE 'name5'$$) AS like_exact;
SELECT id, tenant_id FROM wi_docs WHERE doc @> '{"n": 5}';
SELECT id, tenant_id FROM wi_docs WHERE tags @> '{t5}' OR words @@ 'w7' ORDER BY id;
SELECT id, tenant_id FROM wi_docs WHERE price BETWEEN 5 AND 6 ORDER BY id;
RESET ROLE;
SET tenancy.index_promotion = off;
SET ROLE regress_wi_app;
SELECT wi_index($$SELECT id FROM wi_docs WHERE doc @> '{"n": 5}'$$) AS jsonb;
RESET ROLE;
SET tenancy.index_promotion = 'on';
-- a function that tells what it sees, cheap, and in an index and an operator of its own
CREATE FUNCTION wi_spy(text) RETURNS int LANGUAGE plpgsql IMMUTABLE COST 0.0001 AS $$ BEGIN RAISE WARNING 'saw %', $1; RETURN length($1); END $$;
RESET tenancy.tenant_id;
SET client_min_messages = error;
CREATE INDEX wi_docs_spy ON wi_docs (wi_spy(name));
DELETE FROM wi_docs WHERE id > 2;
ANALYZE wi_docs;
UPDATE wi_docs SET name = tenant_id || id;
SET client_min_messages = warning;
SET enable_seqscan = off;
SET ROLE regress_wi_app;
SET tenancy.tenant_id = 'wi_a';
SELECT id FROM wi_docs WHERE wi_spy(name) = 5 ORDER BY id;
SELECT id FROM wi_docs WHERE doc @> '{"n": 1}' AND wi_spy(name) > 0 ORDER BY id;
RESET ROLE;
RESET tenancy.tenant_id;
DROP FUNCTION wi_index(text);
SET client_min_messages = error;
DROP TABLE wi_docs;
DROP FUNCTION wi_spy(text);
DROP ROLE regress_wi_app;
DELETE FROM tenancy.tenants WHERE id LIKE 'wi\_%';
