-- Retention: what is old goes, but not what is not rolled up or may still be billed; keys outlive late usage.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-01-01 00:00:00';
SELECT tenancy.create_plan('rn_plan'), tenancy.create_metric('rn.calls'), tenancy.create_metric('rn.level', aggregation => 'time_weighted'), tenancy.set_price('rn_plan', 'rn.calls', 1),
    tenancy.set_price('rn_plan', 'rn.level', 0.01), tenancy.create_tenant('rn_paid', 'rn_plan'), tenancy.create_tenant('rn_free');
SELECT tenancy.keep_ledger(0);
SELECT tenancy.keep_ledger(1, '1 day');
\echo :LAST_ERROR_SQLSTATE
-- a use in the middle of every month
CREATE FUNCTION pg_temp.use(tenant text, at timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('tenancy.tenant_id', tenant, false), set_config('tenancy.clock', to_char(at, 'YYYY-MM-DD HH24:MI:SS'), false);
    PERFORM tenancy.record_usage('rn.level', 3);
    RETURN tenancy.record_usage('rn.calls', 1, 'key ' || at::date);
END
$$;
SELECT count(pg_temp.use(t, at)) FROM generate_series(timestamptz '2026-01-15', '2026-08-15', '1 month') at, unnest('{rn_paid,rn_free}'::text[]) t;
RESET tenancy.tenant_id;
CREATE TEMPORARY VIEW kept AS SELECT tenant_id, metric, min(at)::date AS since, count(*) FROM tenancy.usage_ledger WHERE tenant_id LIKE 'rn\_%' GROUP BY 1, 2 ORDER BY 1, 2;
CREATE TEMPORARY VIEW differences AS SELECT r.* FROM tenancy.reconcile('2025-01-01', '2027-01-01') r WHERE r.tenant_id LIKE 'rn\_%';
SET tenancy.clock = '2026-08-20 00:00:00';
SELECT tenancy.keep_ledger(4), tenancy.keep_ledger(4) AS again;
\echo not rolled up: nothing goes
SELECT tenancy.purge_ledger() >= 0 AS ran;
SELECT * FROM kept;
\echo rolled up, but not invoiced: what is not billed loses what is old, the last level stays
SELECT pending FROM tenancy.rollup('5 s');
SELECT tenancy.purge_ledger() > 0 AS purged, tenancy.purge_ledger() AS again;
SELECT * FROM kept;
\echo invoiced: what the next invoice may need stays, with its late days and the period they reach into
SELECT count(*) FROM tenancy.issue_due_invoices() WHERE tenant_id = 'rn_paid';
SELECT tenancy.purge_ledger(1) AS one, tenancy.purge_ledger() > 0 AS purged, tenancy.purge_ledger() AS again;
SELECT * FROM kept;
SELECT * FROM differences;
SELECT sum(quantity) FROM tenancy.usage_hourly WHERE metric = 'rn.calls';
SELECT id AS old FROM tenancy.invoices WHERE tenant_id = 'rn_paid' AND period_start = '2026-03-01' \gset
SELECT id AS recent FROM tenancy.invoices WHERE tenant_id = 'rn_paid' AND period_start = '2026-07-01' \gset
SELECT count(*) FILTER (WHERE NOT ok) AS wrong FROM tenancy.verify_invoice(:recent);
\set VERBOSITY sqlstate
SELECT count(*) FROM tenancy.verify_invoice(:old);
\echo :LAST_ERROR_SQLSTATE
-- it would be due again, and could not be made again
SELECT tenancy.void_invoice(:old, 'test');
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
\echo billing goes on: late usage of July, and levels that began long ago
SET tenancy.tenant_id = 'rn_paid';
SELECT tenancy.record_usage('rn.calls', 10, at => '2026-07-20 00:00+00');
RESET tenancy.tenant_id;
SET tenancy.clock = '2026-09-02 00:00:00';
SELECT pending FROM tenancy.rollup('30 s');
SELECT total, error FROM tenancy.issue_due_invoices() WHERE tenant_id = 'rn_paid';
SELECT l.kind, l.component, l.quantity, l.amount FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id WHERE i.tenant_id = 'rn_paid' AND i.period_start = '2026-08-01' ORDER BY l.line_no;
SELECT * FROM differences;
\echo keys are forgotten after their window, and not before
SELECT tenancy.keep_ledger(NULL, '40 days');
SELECT tenancy.purge_ledger() AS none;
UPDATE tenancy.usage_keys SET claimed_at = claimed_at - interval '41 days' WHERE key < 'key 2026-05' AND tenant_id LIKE 'rn\_%';
UPDATE tenancy.usage_ledger SET recorded_at = recorded_at - interval '41 days' WHERE key < 'key 2026-05' AND tenant_id LIKE 'rn\_%';
SELECT tenancy.purge_ledger() >= 0 AS ran;
SELECT count(*), min(key) FROM tenancy.usage_keys WHERE tenant_id LIKE 'rn\_%';
SELECT * FROM differences;
SELECT tenancy.job_ledger(100), tenancy.keep_ledger(NULL);
DELETE FROM tenancy.ledger_horizons WHERE tenant_id LIKE 'rn\_%';
DELETE FROM tenancy.tenants WHERE id LIKE 'rn\_%';
DELETE FROM tenancy.ledger_retention;
RESET tenancy.clock;
