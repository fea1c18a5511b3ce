-- Resource counters: each tenant's statements and rows, also failed ones, and their flush.
\set SHOW_CONTEXT never
SELECT tenancy.create_tenant('ms_a'), tenancy.create_tenant('ms_b');
CREATE TABLE ms_notes (tenant_id text, n int);
CREATE ROLE regress_ms_app;
GRANT SELECT, INSERT, UPDATE ON ms_notes TO regress_ms_app;
SET ROLE regress_ms_app;
SET tenancy.tenant_id = 'ms_a';
INSERT INTO ms_notes (n) SELECT generate_series(1, 1000);
SELECT count(*) FROM ms_notes;
SELECT n FROM ms_notes WHERE n <= 3 ORDER BY n;
SELECT 1 / (n - 1) FROM ms_notes;
BEGIN;
SET LOCAL tenancy.tenant_id = 'ms_b';
INSERT INTO ms_notes (n) VALUES (1), (2);
SELECT count(*) FROM ms_notes;
COMMIT;
UPDATE ms_notes SET n = 0 WHERE n <= 2;
RESET tenancy.tenant_id;
RESET ROLE;
SELECT tenant_id, statements, transactions, rows_returned, rows_inserted, rows_updated, blocks_hit > 0 AS hits, wal_bytes > 0 AS wal, exec_ms > 0 AS took_time
FROM tenancy.stat_tenants WHERE tenant_id LIKE 'ms\__' ORDER BY tenant_id;
-- a worker may have come first
SELECT tenancy.flush_counters() >= 0 AS flushed;
SELECT tenant_id, statements, failed, rows_returned, rows_inserted, rows_updated FROM tenancy.resource_totals WHERE tenant_id LIKE 'ms\__' ORDER BY tenant_id;
-- absolute values: flushing again changes nothing
SELECT tenancy.flush_counters() >= 0 AS again;
SELECT tenant_id, statements, failed, rows_returned, rows_inserted, rows_updated FROM tenancy.resource_totals WHERE tenant_id LIKE 'ms\__' ORDER BY tenant_id;
-- an unknown tenant's work is nobody's
SET tenancy.tenant_id = 'ms_typo';
SELECT 1 AS one;
RESET tenancy.tenant_id;
SELECT count(*) FROM tenancy.stat_tenants WHERE tenant_id = 'ms_typo';
DROP TABLE ms_notes;
DROP ROLE regress_ms_app;
DELETE FROM tenancy.tenants WHERE id LIKE 'ms\__';
