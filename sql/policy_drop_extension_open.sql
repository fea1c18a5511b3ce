-- Dropping the extension is refused where it would leave a permissive policy without the wall.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE TABLE dx_notes (tenant_id text, owner name);
CREATE POLICY dx_everybody ON dx_notes USING (true);
DROP EXTENSION tenancy CASCADE;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM pg_extension WHERE extname = 'tenancy';
DROP TABLE dx_notes;
