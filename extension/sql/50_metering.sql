-- ---------------------------------------------------------------------------------------------
-- Usage: the ledger that applications write through record_usage and consume, and the resource
-- counters that the server keeps by itself.
-- ---------------------------------------------------------------------------------------------

-- Append-only. `stamp` orders rows as their transactions began to write: see begin_ledger_era().
CREATE TABLE tenancy.usage_ledger (
    id bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id text COLLATE "C" NOT NULL,
    metric text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    at timestamptz NOT NULL,
    stamp bigint NOT NULL,
    key text COLLATE "C",
    attributes jsonb,
    recorded_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
);
CREATE INDEX usage_ledger_stamp ON tenancy.usage_ledger (stamp);
CREATE INDEX usage_ledger_tenant ON tenancy.usage_ledger (tenant_id, metric, at);
COMMENT ON TABLE tenancy.usage_ledger IS
'Every committed use of a metric: one row a transaction, tenant, metric and quarter hour; events with a key, a time or attributes have a row each. Amounts in the metric''s unit.';

CREATE TABLE tenancy.ledger_state (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    system_identifier bigint NOT NULL,
    stamp_offset bigint NOT NULL,
    watermark bigint NOT NULL,
    rolled_at timestamptz
);
COMMENT ON TABLE tenancy.ledger_state IS
'One row: which cluster the ledger''s stamps belong to, and up to which stamp it is rolled up.';

CREATE TABLE tenancy.usage_keys (
    tenant_id text COLLATE "C" NOT NULL,
    metric text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    at timestamptz,
    attributes jsonb,
    PRIMARY KEY (tenant_id, metric, key)
);
COMMENT ON TABLE tenancy.usage_keys IS 'Idempotency keys of usage, with the content that came first.';

REVOKE ALL ON tenancy.usage_ledger, tenancy.ledger_state, tenancy.usage_keys FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.usage_ledger', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.usage_ledger_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.ledger_state', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.usage_keys', '');

CREATE FUNCTION tenancy.record_usage(metric text, amount bigint DEFAULT 1, key text DEFAULT NULL,
    at timestamptz DEFAULT NULL, attributes jsonb DEFAULT NULL) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_record_usage';
COMMENT ON FUNCTION tenancy.record_usage(text, bigint, text, timestamptz, jsonb) IS
'Records use of a metric by the current tenant, whatever its limits; it counts when the transaction commits. The amount is in the metric''s unit, at least 0, default 1. With a key (1 to 255 bytes) it counts once: true the first time, false for an exact repetition. A time in the future counts as now. Errors: 55000 no tenant, 42704 unknown metric, 22023 negative amount, 22003 out of range, 23505 key used with other content, 25006 read-only transaction.';

CREATE FUNCTION tenancy.consume(metric text, amount bigint DEFAULT 1, key text DEFAULT NULL) RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_consume';
COMMENT ON FUNCTION tenancy.consume(text, bigint, text) IS
'Uses an amount of a metric within the limits of the current tenant, or fails with 53400 and used, requested, limit, period and time of reset in the detail. Returns what is left of the tightest limit, null if there is none. Reserved at once, given back when the transaction or savepoint is rolled back; never exceeds a limit at any concurrency. With a key it counts once. Other errors as record_usage().';

CREATE FUNCTION tenancy.try_consume(metric text, amount bigint DEFAULT 1, key text DEFAULT NULL) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_try_consume';
COMMENT ON FUNCTION tenancy.try_consume(text, bigint, text) IS
'As consume(), but returns false where that fails with 53400.';

CREATE FUNCTION tenancy.check_quota(metric text, amount bigint DEFAULT 1,
    OUT allowed boolean, OUT period text, OUT used bigint, OUT limit_amount bigint, OUT remaining bigint,
    OUT resets_at timestamptz, OUT soft boolean, OUT retry_after_seconds double precision) RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_check_quota';
COMMENT ON FUNCTION tenancy.check_quota(text, bigint) IS
'Would this amount be allowed now? One row a limit of the current tenant, or one row without limit; used includes what running transactions have reserved. Consumes nothing: to check and use in one, call consume(). Errors as record_usage().';

-- Resource use ---------------------------------------------------------------------------------

CREATE TABLE tenancy.resource_usage (
    tenant_id text COLLATE "C" NOT NULL,
    epoch bigint NOT NULL,
    statements bigint NOT NULL,
    rows_returned bigint NOT NULL,
    rows_written bigint NOT NULL,
    blocks_hit bigint NOT NULL,
    blocks_read bigint NOT NULL,
    blocks_dirtied bigint NOT NULL,
    blocks_written bigint NOT NULL,
    temp_blocks bigint NOT NULL,
    wal_records bigint NOT NULL,
    wal_bytes bigint NOT NULL,
    exec_microseconds bigint NOT NULL,
    transactions bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (tenant_id, epoch)
) WITH (fillfactor = 70);
COMMENT ON TABLE tenancy.resource_usage IS
'Resource counters as last flushed: absolute values since the epoch began (a server start after a crash begins one). The tenant '''' is work without a tenant, ''(others)'' are tenants past tenancy.max_tracked_tenants.';
REVOKE ALL ON tenancy.resource_usage FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.resource_usage', '');

CREATE FUNCTION tenancy.stat_counters(OUT tenant_id text, OUT epoch bigint, OUT statements bigint,
    OUT rows_returned bigint, OUT rows_written bigint, OUT blocks_hit bigint, OUT blocks_read bigint,
    OUT blocks_dirtied bigint, OUT blocks_written bigint, OUT temp_blocks bigint,
    OUT wal_records bigint, OUT wal_bytes bigint, OUT exec_microseconds bigint, OUT transactions bigint)
RETURNS SETOF record LANGUAGE c VOLATILE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'tenancy_stat_counters';
REVOKE ALL ON FUNCTION tenancy.stat_counters() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.stat_counters() IS
'The resource counters of this database in shared memory, absolute since their epoch began; tenancy.stat_tenants shows them. Error: 55000 not preloaded.';

CREATE VIEW tenancy.stat_tenants AS
SELECT tenant_id, statements, transactions, rows_returned, rows_written, blocks_hit, blocks_read,
    blocks_dirtied, blocks_written, temp_blocks, wal_records, wal_bytes,
    round(exec_microseconds / 1000.0, 3) AS exec_ms
FROM tenancy.stat_counters();
COMMENT ON VIEW tenancy.stat_tenants IS
'What each tenant has used of the server, live from shared memory, since the counters began (they survive a clean restart). The row with tenant_id null is work without a tenant. Needs the library in shared_preload_libraries (55000).';
REVOKE ALL ON tenancy.stat_tenants FROM PUBLIC;

CREATE FUNCTION tenancy.store_counters(epoch bigint, tenants text[], statements bigint[],
    rows_returned bigint[], rows_written bigint[], blocks_hit bigint[], blocks_read bigint[],
    blocks_dirtied bigint[], blocks_written bigint[], temp_blocks bigint[], wal_records bigint[],
    wal_bytes bigint[], exec_microseconds bigint[], transactions bigint[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    written bigint;
BEGIN
    -- Absolute values: to write them twice, or in another order, does no harm.
    INSERT INTO tenancy.resource_usage AS u (tenant_id, epoch, statements, rows_returned, rows_written,
        blocks_hit, blocks_read, blocks_dirtied, blocks_written, temp_blocks, wal_records, wal_bytes,
        exec_microseconds, transactions)
    SELECT n.tenant_id, store_counters.epoch, n.statements, n.rows_returned, n.rows_written,
        n.blocks_hit, n.blocks_read, n.blocks_dirtied, n.blocks_written, n.temp_blocks, n.wal_records,
        n.wal_bytes, n.exec_microseconds, n.transactions
    FROM unnest(tenants, statements, rows_returned, rows_written, blocks_hit, blocks_read,
        blocks_dirtied, blocks_written, temp_blocks, wal_records, wal_bytes, exec_microseconds,
        transactions) AS n(tenant_id, statements, rows_returned, rows_written, blocks_hit,
        blocks_read, blocks_dirtied, blocks_written, temp_blocks, wal_records, wal_bytes,
        exec_microseconds, transactions)
    ON CONFLICT ON CONSTRAINT resource_usage_pkey DO UPDATE SET
        statements = excluded.statements, rows_returned = excluded.rows_returned,
        rows_written = excluded.rows_written, blocks_hit = excluded.blocks_hit,
        blocks_read = excluded.blocks_read, blocks_dirtied = excluded.blocks_dirtied,
        blocks_written = excluded.blocks_written, temp_blocks = excluded.temp_blocks,
        wal_records = excluded.wal_records, wal_bytes = excluded.wal_bytes,
        exec_microseconds = excluded.exec_microseconds, transactions = excluded.transactions,
        updated_at = clock_timestamp()
    WHERE u.transactions < excluded.transactions OR u.statements < excluded.statements;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END
$$;
REVOKE ALL ON FUNCTION tenancy.store_counters(bigint, text[], bigint[], bigint[], bigint[], bigint[],
    bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.store_counters(bigint, text[], bigint[], bigint[], bigint[], bigint[],
    bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[]) IS
'Internal: writes resource counters to their table.';

CREATE FUNCTION tenancy.flush_counters() RETURNS bigint
LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_flush_counters';
REVOKE ALL ON FUNCTION tenancy.flush_counters() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.flush_counters() IS
'Writes the resource counters of this database to tenancy.resource_usage now, as a worker does every tenancy.flush_interval; returns the number of rows written. Error: 55000 not preloaded.';

CREATE VIEW tenancy.resource_totals AS
SELECT nullif(tenant_id, '') AS tenant_id, sum(statements)::bigint AS statements,
    sum(transactions)::bigint AS transactions, sum(rows_returned)::bigint AS rows_returned,
    sum(rows_written)::bigint AS rows_written, sum(blocks_hit)::bigint AS blocks_hit,
    sum(blocks_read)::bigint AS blocks_read, sum(blocks_dirtied)::bigint AS blocks_dirtied,
    sum(blocks_written)::bigint AS blocks_written, sum(temp_blocks)::bigint AS temp_blocks,
    sum(wal_records)::bigint AS wal_records, sum(wal_bytes)::bigint AS wal_bytes,
    round(sum(exec_microseconds) / 1000.0, 3) AS exec_ms, max(updated_at) AS updated_at
FROM tenancy.resource_usage GROUP BY tenant_id;
COMMENT ON VIEW tenancy.resource_totals IS
'Resource use of each tenant over all epochs, as last flushed; needs no shared memory.';
REVOKE ALL ON tenancy.resource_totals FROM PUBLIC;

