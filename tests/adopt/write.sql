-- One transaction of the application: inserts, changes, moves or deletes an order, and says so in the journal.
-- SPDX-License-Identifier: PostgreSQL
\set way random(1, 5)
\set group random(0, 2)
\set customer 3 * random(1, 299) + :group
\set other 3 * random(1, 299) + :group
BEGIN;
\if :aware
SET LOCAL tenancy.tenant_id = :tenant:group;
\endif
\if :way <= 2
WITH made AS (INSERT INTO shop.orders (customer_id, note) VALUES (:customer, 'new ' || gen_random_uuid()) RETURNING id, customer_id, note)
INSERT INTO shop.journal SELECT * FROM made;
\elif :way = 3
WITH it AS (SELECT max(id) AS id FROM shop.orders WHERE customer_id = :customer),
     done AS (UPDATE shop.orders o SET note = 'changed ' || gen_random_uuid() FROM it WHERE o.id = it.id RETURNING o.id, o.note)
UPDATE shop.journal j SET note = done.note FROM done WHERE j.id = done.id;
UPDATE shop.customers SET visits = visits + 1 WHERE id = :customer;
\elif :way = 4
WITH it AS (SELECT max(id) AS id FROM shop.orders WHERE customer_id = :customer),
     done AS (UPDATE shop.orders o SET customer_id = :other FROM it WHERE o.id = it.id RETURNING o.id, o.customer_id)
UPDATE shop.journal j SET customer_id = done.customer_id FROM done WHERE j.id = done.id;
\else
WITH it AS (SELECT max(id) AS id FROM shop.orders WHERE customer_id = :customer),
     done AS (DELETE FROM shop.orders o USING it WHERE o.id = it.id RETURNING o.id)
DELETE FROM shop.journal j USING done WHERE j.id = done.id;
INSERT INTO shop.events (day, what) VALUES (random() * 19, 'event ' || gen_random_uuid());
\endif
COMMIT;
