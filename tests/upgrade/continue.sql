-- Life goes on in the original and in every copy, the same in all of them (continue.expected).
-- SPDX-License-Identifier: PostgreSQL
--
-- With usage_first a transaction writes usage before the first rollup, otherwise the rollup finds the ledger as it came.
\set QUIET on
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
\pset null null
SET timezone = 'UTC';
SET tenancy.clock = '2026-02-10 15:30:00';

SELECT max(stamp) AS last_stamp, max(id) AS last_id FROM tenancy.usage_ledger \gset
SELECT max(id) AS last_audit FROM tenancy.audit_log \gset
SELECT max(id) AS last_price FROM tenancy.prices \gset
SELECT max(id) AS last_invoice FROM tenancy.invoices \gset
SELECT watermark AS last_watermark FROM tenancy.ledger_state \gset
SELECT 'rows to roll up', count(*) FROM tenancy.usage_ledger WHERE stamp >= :last_watermark;

\if :usage_first
\else
SELECT 'rolled up', rows_rolled, 'pending', pending FROM tenancy.rollup();
\endif

-- A key that came before the dump is still known.
SET tenancy.tenant_id = 'acme';
SELECT 'same event', tenancy.record_usage('calls', 5, key => 'import-1');
SELECT 'same event', tenancy.record_usage('calls', 6, key => 'import-2', at => '2026-02-09 08:00 UTC');
SELECT 'other amount', tenancy.record_usage('calls', 7, key => 'import-1');
SELECT 'new event', tenancy.record_usage('calls', 9, key => 'import-3');

-- Limits go on from where they were, to the last call.
SET tenancy.tenant_id = 'Globex';
SELECT 'left', tenancy.consume('calls', 4);
SELECT 'too much', tenancy.consume('calls', 7);
SELECT 'the last', tenancy.consume('calls', 6);
SELECT 'none left', tenancy.try_consume('calls');
RESET tenancy.tenant_id;
SELECT 'new rows', count(*), 'with later stamps', bool_and(stamp > :last_stamp), 'and ids', bool_and(id > :last_id)
FROM tenancy.usage_ledger WHERE id > :last_id;

SELECT 'rolled up', rows_rolled, 'pending', pending, 'from where it was', watermark_from >= :last_watermark,
    'past all', watermark_to > (SELECT max(stamp) FROM tenancy.usage_ledger)
FROM tenancy.rollup();
SELECT 'again', rows_rolled FROM tenancy.rollup();
SELECT 'ledger and hours agree', bool_and(h.quantity = l.amount) AND count(*) > 3
FROM (SELECT tenant_id, metric, sum(quantity) AS quantity FROM tenancy.usage_hourly GROUP BY 1, 2) h
FULL JOIN (SELECT tenant_id, metric, sum(amount) AS amount FROM tenancy.usage_ledger GROUP BY 1, 2) l USING (tenant_id, metric);

-- The books: January's invoices are there already, February's come.
SELECT tenant_id, created, total, currency FROM tenancy.issue_invoices('2026-01-15') ORDER BY tenant_id COLLATE "C";
SET tenancy.clock = '2026-03-02 12:00:00';
SELECT tenant_id, created, total, currency, invoice_id > :last_invoice FROM tenancy.issue_invoices('2026-02-15') ORDER BY tenant_id COLLATE "C";
SELECT 'control', tenancy.set_price('basic', 'calls', 0.02), tenancy.create_tenant('newcomer', plan => 'pro'), tenancy.resume_tenant('late-payer');
SELECT 'new price', bool_and(id > :last_price) FROM tenancy.prices WHERE params = '{"unit": "0.02"}';
SELECT action, object, calling_role FROM tenancy.audit_log
WHERE id > :last_audit AND action IN ('set_price', 'create_tenant', 'resume_tenant') ORDER BY id;

-- New tables and partitions are attached by themselves, old walls stand.
SET ROLE tenancy_upgrade_owner;
CREATE TABLE shop.fresh (tenant_id text, body text);
CREATE TABLE shop.events_2030 PARTITION OF shop.events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
CREATE TABLE shop.letters_2 (LIKE shop.letters);
RESET ROLE;
SELECT relation, tenant_column, forced FROM tenancy.attached_tables
WHERE relation::text IN ('shop.fresh', 'shop.events_2030', 'shop.letters_2') ORDER BY relation::text COLLATE "C";
SELECT action, object FROM tenancy.audit_log WHERE id > :last_audit AND action = 'attach' ORDER BY id;
SET ROLE tenancy_upgrade_app;
SET tenancy.tenant_id = 'newcomer';
INSERT INTO shop.notes (body) VALUES ('first') RETURNING tenant_id, body;
INSERT INTO shop.fresh (body) VALUES ('first') RETURNING *;
INSERT INTO shop.notes (tenant_id, body) VALUES ('acme', 'smuggled');
SELECT count(*) FROM shop.notes;
RESET tenancy.tenant_id;
SELECT 'no tenant', count(*) FROM shop.notes;
RESET ROLE;
SELECT name, level, object FROM tenancy.check() WHERE level = 'ERROR' AND name <> 'server_vulnerable';
