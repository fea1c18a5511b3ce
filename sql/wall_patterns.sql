-- An index may ask an operator again of rows of all tenants: patterns by which it could tell are not promoted.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION pg_trgm;
SELECT tenancy.create_tenant('wp_a'), tenancy.create_tenant('wp_b');
CREATE TABLE wp_notes (tenant_id text, id int, body text);
SELECT tenancy.attach('wp_notes', 'tenant_id', index => false);
DROP INDEX wp_notes_tenant_id_idx;
INSERT INTO wp_notes SELECT 'wp_' || t, n, 'body of ' || t || n || ' and more' FROM unnest('{a,b}'::text[]) t, generate_series(1000, 4000) n;
CREATE INDEX ON wp_notes USING gin (body gin_trgm_ops);
VACUUM ANALYZE wp_notes;
CREATE ROLE regress_wp_app;
GRANT SELECT ON wp_notes TO regress_wp_app;
CREATE FUNCTION wp_uses_index(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        IF line ~ 'Index Cond: \(body' THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;
SET ROLE regress_wp_app;
SET tenancy.tenant_id = 'wp_a';
SET enable_seqscan = off;
SELECT pattern, wp_uses_index(format('SELECT FROM wp_notes WHERE body LIKE %L', pattern)) AS "like",
    wp_uses_index(format('SELECT FROM wp_notes WHERE body ILIKE %L', pattern)) AS "ilike"
FROM unnest(ARRAY['%of b2000%', 'body of b2000\', 'body of b2000\\']) pattern;
SELECT pattern, wp_uses_index(format('SELECT FROM wp_notes WHERE body ~ %L', pattern)) AS regular
FROM unnest(ARRAY['of b2000', 'of b\d2000', '(body of b2000)\1']) pattern;
SELECT wp_uses_index('SELECT FROM wp_notes n JOIN (VALUES (''%of a2000%'')) v(pattern) ON n.body LIKE v.pattern') AS constant,
    wp_uses_index('SELECT FROM wp_notes n JOIN wp_notes m ON n.body LIKE m.body') AS column;
-- another tenant's row that goes on after the pattern raised an error, one that was not there did not
SELECT id FROM wp_notes WHERE body LIKE 'body of b2000\';
SELECT id FROM wp_notes WHERE body LIKE 'body of b9999\';
-- and the tenant's own do
SELECT id FROM wp_notes WHERE body LIKE 'body of a2000\';
RESET ROLE;
RESET tenancy.tenant_id;
RESET enable_seqscan;
DROP TABLE wp_notes;
DROP FUNCTION wp_uses_index(text);
DROP ROLE regress_wp_app;
DROP EXTENSION pg_trgm;
DELETE FROM tenancy.tenants WHERE id LIKE 'wp\_%';
