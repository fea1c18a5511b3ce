-- ---------------------------------------------------------------------------------------------
-- Resource counters: what each tenant has used of the server, counted by the library in shared
-- memory, flushed to a table, and kept by the hour and the day.
-- ---------------------------------------------------------------------------------------------

-- Arrays, not a column a counter: their order is the library's (core/counts.hpp), later versions
-- append to it, and sums and differences are one function. Views name the figures.
CREATE TABLE tenancy.resource_usage (
    tenant_id text COLLATE "C" NOT NULL,
    epoch bigint NOT NULL,
    counts bigint[] NOT NULL,
    latency bigint[] NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (tenant_id, epoch)
) WITH (fillfactor = 70);
COMMENT ON TABLE tenancy.resource_usage IS
'Resource counters as last flushed: absolute values since the epoch began, which is when the library began to count this tenant in shared memory. Epoch 0 is all that is over. The tenant '''' is work without a tenant, ''(others)'' are tenants for which there was no room (tenancy.max_tracked_tenants). tenancy.resource_totals names the figures.';

REVOKE ALL ON tenancy.resource_usage FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.resource_usage', '');

CREATE FUNCTION tenancy.add_counts(counts bigint[], more bigint[]) RETURNS bigint[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tenancy_add_counts';
REVOKE ALL ON FUNCTION tenancy.add_counts(bigint[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.add_counts(bigint[], bigint[]) IS
'Internal: adds two arrays of counters element by element; what the shorter one lacks is 0.';

CREATE FUNCTION tenancy.subtract_counts(counts bigint[], less bigint[]) RETURNS bigint[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tenancy_subtract_counts';
REVOKE ALL ON FUNCTION tenancy.subtract_counts(bigint[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.subtract_counts(bigint[], bigint[]) IS
'Internal: what counters have grown by since the second array, which may be null.';

CREATE AGGREGATE tenancy.sum_counts(counts bigint[]) (
    sfunc = tenancy.add_counts, stype = bigint[], combinefunc = tenancy.add_counts, parallel = safe);
REVOKE ALL ON FUNCTION tenancy.sum_counts(bigint[]) FROM PUBLIC;
COMMENT ON AGGREGATE tenancy.sum_counts(bigint[]) IS
'Adds up arrays of counters element by element; what a shorter one lacks is 0. Error: 22023 nulls, or more than one dimension.';

CREATE FUNCTION tenancy.resource_figures(counts bigint[], latency bigint[],
    OUT statements bigint, OUT selects bigint, OUT inserts bigint, OUT updates bigint, OUT deletes
    bigint, OUT merges bigint, OUT copies bigint, OUT utilities bigint, OUT failed bigint, OUT
    transactions bigint, OUT sessions bigint, OUT rows_read bigint, OUT rows_returned bigint, OUT
    rows_inserted bigint, OUT rows_updated bigint, OUT rows_deleted bigint, OUT blocks_hit bigint, OUT
    blocks_read bigint, OUT blocks_dirtied bigint, OUT blocks_written bigint, OUT temp_bytes bigint, OUT
    wal_records bigint, OUT wal_bytes bigint, OUT exec_ms double precision, OUT cpu_ms double precision,
    OUT wait_ms double precision, OUT p50_ms double precision, OUT p95_ms double precision, OUT p99_ms double precision)
RETURNS record LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'tenancy_resource_figures';
REVOKE ALL ON FUNCTION tenancy.resource_figures(bigint[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.resource_figures(bigint[], bigint[]) IS
'Names the figures in arrays of counters: statements of clients by kind, rows, blocks, bytes, times in milliseconds, and percentiles of how long statements ran (null without statements; at most a quarter off). Error: 22023 as sum_counts().';

CREATE FUNCTION tenancy.stat_counters(to_flush boolean DEFAULT false, OUT tenant_id text, OUT epoch bigint,
    OUT counts bigint[], OUT latency bigint[])
RETURNS SETOF record LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'tenancy_stat_counters';
REVOKE ALL ON FUNCTION tenancy.stat_counters(boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.stat_counters(boolean) IS
'Internal: the resource counters of this database in shared memory. To flush means those with news, and that they are in the table when this transaction commits.';

CREATE FUNCTION tenancy.live_resources(OUT tenant_id text, OUT counts bigint[], OUT latency bigint[])
RETURNS SETOF record LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Shared memory has a tenant's last epoch, the table has those before.
    WITH live AS MATERIALIZED (SELECT * FROM tenancy.stat_counters())
    SELECT l.tenant_id, CASE WHEN o.counts IS NULL THEN l.counts ELSE tenancy.add_counts(l.counts, o.counts) END,
        CASE WHEN o.latency IS NULL THEN l.latency ELSE tenancy.add_counts(l.latency, o.latency) END
    FROM live l
    LEFT JOIN LATERAL (SELECT tenancy.sum_counts(u.counts) AS counts, tenancy.sum_counts(u.latency) AS latency
        FROM tenancy.resource_usage u WHERE u.tenant_id = l.tenant_id AND u.epoch <> l.epoch) o ON true
$$;
REVOKE ALL ON FUNCTION tenancy.live_resources() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.live_resources() IS
'Internal: what tenancy.stat_tenants names, as arrays of counters: all that the tenants that shared memory knows have used of the server up to now. The tenant '''' is work without a tenant.';

CREATE VIEW tenancy.stat_tenants AS
SELECT nullif(r.tenant_id, '') AS tenant_id, f.*
FROM tenancy.live_resources() r CROSS JOIN LATERAL tenancy.resource_figures(r.counts, r.latency) f;
COMMENT ON VIEW tenancy.stat_tenants IS
'What each tenant that is or was active has used of the server, up to the last transaction that ended, flushed or not. The row with tenant_id null is work without a tenant, ''(others)'' are tenants for which there was no room. A tenant that has been idle may be missing here: tenancy.resource_totals has all. Needs the library in shared_preload_libraries (55000).';

CREATE VIEW tenancy.resource_totals AS
SELECT nullif(u.tenant_id, '') AS tenant_id, f.*, u.updated_at
FROM (SELECT tenant_id, tenancy.sum_counts(counts) AS counts, tenancy.sum_counts(latency) AS latency,
        max(updated_at) AS updated_at
    FROM tenancy.resource_usage GROUP BY tenant_id) u
CROSS JOIN LATERAL tenancy.resource_figures(u.counts, u.latency) f;
COMMENT ON VIEW tenancy.resource_totals IS
'Resource use of each tenant over all epochs, as last flushed; needs no shared memory.';
REVOKE ALL ON tenancy.stat_tenants, tenancy.resource_totals FROM PUBLIC;
