-- Twin tables of orders: the first tenant has half of the rows, 999 tenants share the other half, three rows a customer.
-- SPDX-License-Identifier: PostgreSQL
CREATE TABLE bare.orders (
    tenant_id uuid NOT NULL,
    id bigint NOT NULL,
    customer_id integer NOT NULL,
    amount integer NOT NULL,
    note text NOT NULL
);
CREATE TABLE wall.orders (LIKE bare.orders);
INSERT INTO bare.orders
SELECT format('00000000-0000-4000-8000-%s',
        lpad((CASE WHEN i % 2 = 1 THEN 1 ELSE 2 + i / 2 % 999 END)::text, 12, '0'))::uuid,
    i, CASE WHEN i % 2 = 1 THEN i / 6 ELSE i / 2 / 999 % (:rows / 6000) END, i % 1000,
    'an order of forty characters or nearly so'
FROM generate_series(1, :rows) i;
INSERT INTO wall.orders TABLE bare.orders;
CREATE INDEX ON bare.orders (tenant_id, customer_id);
CREATE INDEX ON wall.orders (tenant_id, customer_id);
SELECT tenancy.attach('wall.orders') \g /dev/null
GRANT SELECT ON bare.orders, wall.orders TO bench_app;
VACUUM (FREEZE, ANALYZE) bare.orders;
VACUUM (FREEZE, ANALYZE) wall.orders;
CHECKPOINT;
