-- A ledger that came from another cluster goes on: its stamps grow, nothing is skipped or counted again.
\set SHOW_CONTEXT never
SELECT tenancy.create_metric('re.calls'), tenancy.create_tenant('re_acme');
SELECT watermark_to >= watermark_from AS rolled FROM tenancy.rollup();
-- all is rolled back, for the state is the whole database's
BEGIN;
SELECT tenancy.begin_ledger_era();
SELECT system_identifier = (SELECT system_identifier FROM pg_control_system()) AS ours FROM tenancy.ledger_state;
-- from a cluster far ahead of this one: a row there that is rolled up, and one that is not
UPDATE tenancy.ledger_state SET system_identifier = 42, stamp_offset = 7, watermark = 1000000000000;
INSERT INTO tenancy.usage_ledger (tenant_id, metric, amount, at, stamp)
VALUES ('re_acme', 're.calls', 1, '2026-03-15 12:00+00', 999999999999), ('re_acme', 're.calls', 20, '2026-03-15 12:00+00', 1000000000005);
SELECT tenancy.begin_ledger_era();
SELECT system_identifier = (SELECT system_identifier FROM pg_control_system()) AS ours, watermark,
    stamp_offset + pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= 1000000000006 AS goes_on FROM tenancy.ledger_state;
-- the oldest transaction that can still write gets a stamp that is not rolled up yet
INSERT INTO tenancy.usage_ledger (tenant_id, metric, amount, at, stamp)
SELECT 're_acme', 're.calls', 300, '2026-03-15 12:00+00', pg_current_xact_id()::text::bigint + stamp_offset FROM tenancy.ledger_state;
SELECT rows_rolled, tenants, watermark_from, pending >= 1 AS own_row_waits FROM tenancy.rollup();
SELECT quantity FROM tenancy.usage_hourly WHERE tenant_id = 're_acme';
SELECT tenancy.used('re_acme', 're.calls');
-- from a cluster behind this one
UPDATE tenancy.ledger_state SET system_identifier = 42, stamp_offset = 7, watermark = 3;
DELETE FROM tenancy.usage_ledger;
SELECT tenancy.begin_ledger_era();
SELECT stamp_offset + pg_snapshot_xmin(pg_current_snapshot())::text::bigint BETWEEN 3 AND 1000000000 AS goes_on FROM tenancy.ledger_state;
-- never used before
DELETE FROM tenancy.ledger_state;
SELECT rows_rolled, watermark_from, pending FROM tenancy.rollup();
SELECT stamp_offset FROM tenancy.ledger_state;
ROLLBACK;
DELETE FROM tenancy.tenants WHERE id = 're_acme';
