-- what: read a foreign table
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: keep tenants' rows in local tables, or attach them on the remote server and let its users be subject to row security
-- setup
CREATE EXTENSION IF NOT EXISTS postgres_fdw SCHEMA public;
SELECT format('CREATE SERVER loopback FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host %L, port %L, dbname %L)', :'host', :'port', current_database()) \gexec
CREATE USER MAPPING FOR PUBLIC SERVER loopback OPTIONS (user 'attacks_bypass', password_required 'false');
SELECT format('CREATE FOREIGN TABLE scratch.remote (tenant_id text, body text) SERVER loopback OPTIONS (schema_name ''data'', table_name %L)', split_part(:'t', '.', 2)) \gexec
GRANT SELECT ON scratch.remote TO PUBLIC;
-- attack
SELECT body FROM scratch.remote;
\echo want 00000 got :SQLSTATE
-- after
DROP SERVER loopback CASCADE;
