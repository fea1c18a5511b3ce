-- what: use what another tenant left in a session: sequence values, advisory locks
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: poolers in transaction mode, or `DISCARD ALL` between clients; no session state in the application
-- setup
CREATE SEQUENCE scratch.numbers START 41;
GRANT ALL ON SEQUENCE scratch.numbers TO PUBLIC;
-- attack
SET tenancy.tenant_id = :'other';
SELECT nextval('scratch.numbers') AS n, pg_advisory_lock(1) IS NULL AS locked \gset
SET tenancy.tenant_id = :'own';
SELECT currval('scratch.numbers') AS n \gset
\echo leak 41 got :n
SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() \gset
\echo leak 1 got :n
