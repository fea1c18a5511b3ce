-- Events are written in the transaction that they tell of: tenants' lives, invoices, credit notes.
-- SPDX-License-Identifier: PostgreSQL
\set SHOW_CONTEXT never
SET timezone = 'UTC';
\pset format unaligned
\pset tuples_only on
CREATE VIEW told AS SELECT coalesce(tenant_id, '-'), type, payload FROM tenancy.events_outbox WHERE tenant_id LIKE 'eo\_%' ORDER BY seq;
SET tenancy.clock = '2026-01-01 00:00:00+00';
SELECT tenancy.create_plan('eo_basic', currency => 'EUR'), tenancy.create_plan('eo_big', currency => 'EUR');
SELECT tenancy.set_fee('eo_big', 'base', 29.90);

-- A life.
SELECT tenancy.create_tenant('eo_acme', 'eo_basic', 'Acme', config => '{"token": "of the application"}');
SELECT tenancy.create_tenant('eo_acme', 'eo_basic', 'Acme');
SELECT tenancy.suspend_tenant('eo_acme', 'unpaid'), tenancy.suspend_tenant('eo_acme', 'unpaid');
SELECT tenancy.resume_tenant('eo_acme');
SELECT tenancy.set_plan('eo_acme', 'eo_big');
SELECT tenancy.set_plan('eo_acme', 'eo_basic');
SELECT count(*) FROM tenancy.create_tenants('[{"id": "eo_one"}, {"id": "eo_two"}, {"id": "eo_acme"}, {"id": "no good"}]', keep_going => true);
SELECT tenancy.close_tenant('eo_two', 'moved');
SELECT * FROM told;

-- What is rolled back has no event, and a savepoint takes its own.
BEGIN;
SELECT tenancy.suspend_tenant('eo_one');
ROLLBACK;
BEGIN;
SELECT tenancy.suspend_tenant('eo_one', 'kept');
SAVEPOINT s;
SELECT tenancy.resume_tenant('eo_one');
ROLLBACK TO s;
COMMIT;
SELECT * FROM told OFFSET 8;

-- Planned changes tell when they take effect.
SELECT tenancy.change_plan('eo_acme', 'eo_big', '2026-01-10');
SELECT count(*) FROM told WHERE type = 'tenant.plan_changed';
SET tenancy.clock = '2026-01-10 00:00:00+00';
SELECT tenancy.apply_planned_changes();
SELECT * FROM told OFFSET 9;

-- Invoices: drafts tell nothing.
SET tenancy.clock = '2026-02-01 00:00:00+00';
SELECT tenancy.draft_invoice('eo_acme', '2026-01-01') AS id \gset
SELECT count(*) FROM told WHERE type LIKE 'invoice%';
SELECT tenancy.issue_invoice('eo_acme', '2026-01-01') = :id;
SELECT tenancy.issue_credit_note(:id, '[{"line": 1, "amount": "1.50"}]', 'goodwill') > 0;
SELECT tenancy.write_off_invoice(:id, 'bankrupt'), tenancy.pay_invoice(:id, 'wire 17');
SELECT type, payload - '{invoice,corrects,number}'::text[] FROM tenancy.events_outbox WHERE tenant_id = 'eo_acme' AND type ~ '^(invoice|credit_note)' ORDER BY seq;

-- Alerts of limits, with the usage that reached them.
RESET tenancy.clock;
SELECT tenancy.create_metric('eo.calls'), tenancy.set_limit('eo_basic', 'eo.calls', 10), tenancy.create_tenant('eo_limited', 'eo_basic');
SET tenancy.tenant_id = 'eo_limited';
BEGIN;
SELECT tenancy.consume('eo.calls', 9) IS NOT NULL;
ROLLBACK;
SELECT count(*) FROM told WHERE type = 'quota.alert';
SELECT tenancy.consume('eo.calls', 9) IS NOT NULL;
RESET tenancy.tenant_id;
SELECT type, payload - '{window_start,window_end}'::text[] FROM told WHERE type = 'quota.alert';
-- (nothing when a dump is restored; but a tenant whose session looks like that is told of)
SET check_function_bodies = off;
SET row_security = off;
SELECT tenancy.is_restoring();
INSERT INTO tenancy.quota_alerts SELECT tenant_id, metric, period, window_start, window_end, 99, threshold, used, soft FROM tenancy.quota_alerts WHERE tenant_id = 'eo_limited';
SELECT count(*) FROM told WHERE type = 'quota.alert';
SET tenancy.tenant_id = 'eo_limited';
SELECT tenancy.consume('eo.calls', 1) IS NOT NULL;
RESET tenancy.tenant_id;
RESET check_function_bodies;
RESET row_security;
SELECT payload ->> 'threshold' AS threshold FROM told WHERE type = 'quota.alert';

-- Types are words.
\set VERBOSITY sqlstate
SELECT tenancy.emit_event('eo_acme', 'Quota Alert');
SELECT tenancy.emit_event('eo_acme', 'quota.alert', '[]');
SELECT tenancy.emit_event(NULL, 'quota.alert', '{"a": 1}') IS NOT NULL;

-- A dump brings the events, and restoring tells nothing anew.
SELECT count(*) > 1 FROM pg_extension e, unnest(e.extconfig) t WHERE extname = 'tenancy' AND t::regclass::text LIKE 'tenancy.events_outbox%';
DROP VIEW told;
