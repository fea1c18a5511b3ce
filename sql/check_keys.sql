-- check(): foreign keys and unique keys over attached tables that do not include the tenant column.
\set SHOW_CONTEXT never
CREATE SCHEMA check_keys;
CREATE VIEW check_keys.findings AS
SELECT name, level, object, remediation FROM tenancy.check() WHERE object LIKE '%check\_keys.%';
SET search_path = check_keys;
SELECT tenancy.create_tenant('check-keys-a'), tenancy.create_tenant('check-keys-b');
CREATE TABLE customers (tenant_id text, id int PRIMARY KEY, email text UNIQUE, phone text, gone boolean);
CREATE UNIQUE INDEX customers_phone ON customers (lower(phone) DESC) INCLUDE (id) WHERE NOT gone;
CREATE TABLE orders (
    tenant_id text, id int, customer_id int, referrer int,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (id) DEFERRABLE,
    CONSTRAINT of_customer FOREIGN KEY (customer_id) REFERENCES customers ON UPDATE CASCADE ON DELETE CASCADE,
    FOREIGN KEY (referrer) REFERENCES customers (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE items (
    tenant_id text, order_id int, "No" int,
    PRIMARY KEY (tenant_id, order_id, "No"),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders);
CREATE TABLE bookings (tenant_id text, at int4range, EXCLUDE USING gist (at WITH &&));
CREATE TABLE events (tenant_id text, id int, at date, customer_id int REFERENCES customers, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE events_1 PARTITION OF events DEFAULT;
-- Not ours to judge.
CREATE TABLE countries (code text PRIMARY KEY);
SELECT tenancy.share('countries', 'ISO 3166');
ALTER TABLE customers ADD COLUMN country text REFERENCES countries;
\x
SELECT * FROM findings;
SELECT detail FROM tenancy.check() WHERE object = 'of_customer ON check_keys.orders';
\x
SET client_min_messages = warning;
-- Foreign keys come first, so that the keys they point to can follow.
SELECT remediation FROM findings WHERE object NOT LIKE '%bookings' \gexec
SELECT name, object FROM findings;
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'check_keys'::regnamespace AND contype IN ('f', 'p', 'u') AND conparentid = 0
 ORDER BY conrelid::regclass::text COLLATE "C", conname;
SELECT indexdef FROM pg_indexes WHERE indexname = 'customers_phone';
-- Two tenants with the same values, no reference across, and nothing carried across.
INSERT INTO customers (tenant_id, id, email) VALUES ('check-keys-a', 1, 'x@example.com'), ('check-keys-b', 1, 'x@example.com');
INSERT INTO customers (tenant_id, id) VALUES ('check-keys-a', 2);
INSERT INTO orders VALUES ('check-keys-a', 1, 1, 2), ('check-keys-b', 1, 1, NULL);
INSERT INTO orders VALUES ('check-keys-b', 2, 2, NULL);
DELETE FROM customers WHERE tenant_id = 'check-keys-a' AND id = 2;
TABLE orders ORDER BY 1, 2;
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA check_keys CASCADE;
