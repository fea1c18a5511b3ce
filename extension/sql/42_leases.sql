-- Gauges and leases: giving back what was used, and holding without using.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.release(metric text, amount bigint DEFAULT 1, key text DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_release';
COMMENT ON FUNCTION tenancy.release(text, bigint, text) IS
'Gives back an amount of what the current tenant has consumed of a metric, so that it counts no more towards its total; limits of calendar periods, and bills, count what was used, however long it was kept. Others can have it when the transaction commits; rolled back, it stays used. Returns what is left in use. With a key it counts once. Errors: 22003 more than is used and committed, 42809 the metric''s amounts are not added up; others as record_usage().';

CREATE FUNCTION tenancy.acquire_lease(metric text, amount bigint DEFAULT 1, scope text DEFAULT 'transaction') RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_acquire_lease';
COMMENT ON FUNCTION tenancy.acquire_lease(text, bigint, text) IS
'Holds an amount of a metric within the current tenant''s limit of concurrency, which counts what is held and what running transactions have consumed, or fails with 53400. It ends with the transaction or savepoint, or with scope session when the session ends, at DISCARD ALL, or in either case at release_lease(); whatever way the holder ends. Nothing is recorded as used. Returns what is left of the limit, null if there is none. Errors: 53400, 55000 no tenant or not preloaded, 42704 unknown metric, 22023 negative amount or unknown scope, 22003 more than a bigint held in all, 25006 standby.';

CREATE FUNCTION tenancy.try_acquire_lease(metric text, amount bigint DEFAULT 1, scope text DEFAULT 'transaction') RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_try_acquire_lease';
COMMENT ON FUNCTION tenancy.try_acquire_lease(text, bigint, text) IS
'As acquire_lease(), but returns false where that fails with 53400.';

CREATE FUNCTION tenancy.release_lease(metric text, amount bigint DEFAULT 1) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_release_lease';
COMMENT ON FUNCTION tenancy.release_lease(text, bigint) IS
'Gives back at once an amount that this session holds by acquire_lease() for the current tenant, the transaction''s first; a rollback does not undo it. Returns what the session still holds. Errors: 55000 it does not hold as much, no tenant, or not preloaded, 42704 unknown metric, 22023 negative amount.';
