-- what: create a table past the event triggers
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- types: text
-- kinds: plain
-- twin: none, it is about new tables
-- roles: owner super
-- attack
SET session_replication_role = replica;
\if :is_super
\echo want 00000 got :SQLSTATE
\else
\echo want 42501 got :SQLSTATE
\endif
CREATE TABLE scratch.sneaky (tenant_id text, body text);
\echo want 00000 got :SQLSTATE
SELECT count(*) AS n FROM pg_policy WHERE polrelid = 'scratch.sneaky'::regclass AND polname = 'tenancy_isolation' \gset
\echo leak 0 got :n
