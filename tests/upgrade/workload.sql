-- A database as it looks after some months of use: every kind of attached table, usage rolled up and not, invoices.
-- SPDX-License-Identifier: PostgreSQL
\set ON_ERROR_STOP on
\set QUIET on
\pset tuples_only on
\o /dev/null
CREATE EXTENSION tenancy;
SELECT tenancy.grant_operator('tenancy_upgrade_operator');

-- Registry, limits, prices.
SET tenancy.clock = '2026-01-05 09:00:00';
SELECT tenancy.create_plan('basic', name => 'Basic', currency => 'EUR');
SELECT tenancy.create_plan('pro', currency => 'USD');
SELECT tenancy.set_plan_terms(p, proration => 'none') FROM unnest('{basic,pro}'::text[]) p;
SELECT tenancy.create_metric('calls', unit => 'call');
SELECT tenancy.create_metric('storage.mb', unit => 'MB', description => 'Stored documents');
SELECT tenancy.set_limit('basic', 'calls', 1000);
SELECT tenancy.set_limit('basic', 'calls', 400, period => 'day');
SELECT tenancy.set_limit('basic', 'storage.mb', 5000, period => 'total');
SELECT tenancy.set_limit('pro', 'calls', NULL);
SELECT tenancy.create_tenant('acme', plan => 'basic', config => '{"colour": "red"}');
SELECT tenancy.create_tenant('Globex', plan => 'basic', name => 'Globex "West" & Söhne', time_zone => 'Europe/Berlin');
SELECT tenancy.create_tenant('5f8e1c1e-6d0c-4b2a-9a65-1d2f3a4b5c6d', plan => 'pro');
SELECT tenancy.create_tenant('7b1d9c52-0c3e-4d55-8f3c-9e8d7c6b5a40', plan => 'pro', time_zone => 'Asia/Kathmandu');
SELECT tenancy.create_tenant('42', plan => 'pro');
SELECT tenancy.create_tenant('4711', plan => 'basic');
SELECT tenancy.create_tenant('late-payer', plan => 'basic');
SELECT tenancy.create_tenant('gone');
SELECT tenancy.override_limit('acme', 'calls', 2000, reason => 'agreed in writing');
SELECT tenancy.suspend_tenant('late-payer', reason => 'unpaid');
SELECT tenancy.close_tenant('gone', reason => 'left');
SELECT tenancy.set_price('basic', 'calls', 0.015);
SELECT tenancy.set_price('pro', 'calls', 0.003333);
SELECT tenancy.set_price('pro', 'storage.mb', 0.1);
SELECT tenancy.set_fee('basic', 'base', 29.90);
SELECT tenancy.set_fee('pro', 'base', 299);

-- Tables of an ordinary owner: every type of tenant column, partitions, children, keys, a name of its own.
CREATE SCHEMA shop AUTHORIZATION tenancy_upgrade_owner;
GRANT USAGE ON SCHEMA shop TO tenancy_upgrade_app;
ALTER DEFAULT PRIVILEGES FOR ROLE tenancy_upgrade_owner IN SCHEMA shop
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tenancy_upgrade_app;
SET ROLE tenancy_upgrade_owner;
CREATE TABLE shop.notes (
    tenant_id text NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, body text, PRIMARY KEY (tenant_id, id));
CREATE TABLE shop.note_tags (
    tenant_id text NOT NULL, note bigint NOT NULL, tag text NOT NULL, PRIMARY KEY (tenant_id, note, tag),
    FOREIGN KEY (tenant_id, note) REFERENCES shop.notes ON DELETE CASCADE);
CREATE TABLE shop.events (tenant_id uuid, at timestamptz NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE shop.events_january PARTITION OF shop.events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE shop.events_later PARTITION OF shop.events FOR VALUES FROM ('2026-02-01') TO ('2030-01-01')
    PARTITION BY HASH (what);
CREATE TABLE shop.events_later_0 PARTITION OF shop.events_later FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE shop.events_later_1 PARTITION OF shop.events_later FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE shop.orders (tenant_id bigint, id int, total numeric, PRIMARY KEY (tenant_id, id));
CREATE TABLE shop.seats (tenant_id integer, id int, holder text);
CREATE DOMAIN shop.organisation AS varchar(63) CHECK (VALUE <> '');
CREATE TABLE shop."Members" (id int PRIMARY KEY, "orgId" shop.organisation, name text);
SELECT tenancy.attach('shop."Members"', 'orgId');
CREATE TABLE shop.places (tenant_id text, name text);
CREATE TABLE shop.shops (opened date) INHERITS (shop.places);
-- A permissive policy of the owner's own stands in for tenancy_access.
CREATE TABLE shop.letters (tenant_id text, secret boolean, body text);
SELECT tenancy.detach('shop.letters');
CREATE POLICY open_letters ON shop.letters USING (NOT secret);
SELECT tenancy.attach('shop.letters');
CREATE TABLE shop.countries (code text PRIMARY KEY, name text);
CREATE VIEW shop.long_notes WITH (security_invoker = true) AS SELECT * FROM shop.notes WHERE length(body) > 10;
RESET ROLE;
SELECT tenancy.share('shop.countries', 'reference data, read by all');
INSERT INTO shop.countries VALUES ('DE', 'Germany'), ('IN', 'India');

-- Rows, each through its tenant's own session.
SET ROLE tenancy_upgrade_app;
SET tenancy.tenant_id = 'acme';
INSERT INTO shop.notes (body) SELECT 'note of acme ' || n FROM generate_series(1, 20) n;
INSERT INTO shop.note_tags (note, tag) SELECT id, 'red' FROM shop.notes;
INSERT INTO shop."Members" (id, name) VALUES (1, 'Ann'), (2, 'Bob');
INSERT INTO shop.places (name) VALUES ('yard');
INSERT INTO shop.shops (name, opened) VALUES ('corner shop', '2026-01-02');
INSERT INTO shop.letters (secret, body) VALUES (false, 'hello');
SET tenancy.tenant_id = 'Globex';
INSERT INTO shop.notes (body) SELECT 'G' || n FROM generate_series(1, 7) n;
INSERT INTO shop."Members" (id, name) VALUES (3, 'Cy');
INSERT INTO shop.letters (secret, body) VALUES (false, 'greetings');
SET tenancy.tenant_id = '5f8e1c1e-6d0c-4b2a-9a65-1d2f3a4b5c6d';
INSERT INTO shop.events (at, what) SELECT timestamptz '2026-01-01 00:00 UTC' + n * interval '1 day', 'e' || n FROM generate_series(1, 90) n;
SET tenancy.tenant_id = '7b1d9c52-0c3e-4d55-8f3c-9e8d7c6b5a40';
INSERT INTO shop.events (at, what) VALUES ('2026-01-20 00:00 UTC', 'x'), ('2026-03-03 00:00 UTC', 'y');
SET tenancy.tenant_id = '42';
INSERT INTO shop.orders (id, total) VALUES (1, 10.50), (2, 99);
INSERT INTO shop.seats (id, holder) VALUES (1, 'Dee');
SET tenancy.tenant_id = '4711';
INSERT INTO shop.orders (id, total) VALUES (1, 7);
RESET ROLE;
RESET tenancy.tenant_id;

-- January: used, rolled up, invoiced.
SET tenancy.tenant_id = 'acme';
SELECT tenancy.consume('calls', 123);
SELECT tenancy.record_usage('storage.mb', 250, key => 'upload-1', attributes => '{"file": "a.pdf"}');
SET tenancy.tenant_id = 'Globex';
SELECT tenancy.consume('calls', 77);
-- Already February where Globex is.
SELECT tenancy.record_usage('calls', 3, at => '2026-01-05 08:59:59 UTC');
SET tenancy.tenant_id = '42';
SELECT tenancy.record_usage('calls', 100000);
SELECT tenancy.record_usage('storage.mb', 15);
SET tenancy.clock = '2026-01-31 23:30:00';
SET tenancy.tenant_id = 'Globex';
SELECT tenancy.consume('calls', 11);
RESET tenancy.tenant_id;
SET tenancy.clock = '2026-02-03 10:00:00';
SELECT * FROM tenancy.rollup();
SELECT * FROM tenancy.issue_invoices('2026-01-01');

-- February: some rolled up, some not, with and without keys.
SET tenancy.tenant_id = 'acme';
SELECT tenancy.consume('calls', 150);
SELECT tenancy.record_usage('calls', 5, key => 'import-1');
RESET tenancy.tenant_id;
SELECT * FROM tenancy.rollup();
SET tenancy.clock = '2026-02-10 15:20:00';
SET tenancy.tenant_id = 'acme';
SELECT tenancy.consume('calls', 40);
SELECT tenancy.record_usage('calls', 6, key => 'import-2', at => '2026-02-09 08:00 UTC');
SELECT tenancy.record_usage('storage.mb', 30);
SET tenancy.tenant_id = 'Globex';
SELECT tenancy.consume('calls', 390);
SET tenancy.tenant_id = '5f8e1c1e-6d0c-4b2a-9a65-1d2f3a4b5c6d';
SELECT tenancy.record_usage('calls', 123456789);
RESET tenancy.tenant_id;
SELECT tenancy.flush_counters();
