-- ---------------------------------------------------------------------------------------------
-- Usage: the ledger that applications write through record_usage and consume.
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
    claimed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    PRIMARY KEY (tenant_id, metric, key)
);
CREATE INDEX usage_keys_claimed ON tenancy.usage_keys USING brin (claimed_at);
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
