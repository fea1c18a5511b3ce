-- Two tables that share a limit of 60 rows a tenant, one partitioned, one filled by a cascade.
-- SPDX-License-Identifier: PostgreSQL
CREATE EXTENSION tenancy;
SELECT tenancy.create_plan('seats'), tenancy.create_metric('seats'), tenancy.create_metric('calls'), tenancy.set_limit('seats', 'seats', 60, 'total'),
    tenancy.create_tenant('seat_1', 'seats'), tenancy.create_tenant('seat_2', 'seats'), tenancy.create_tenant('seat_3', 'seats');
CREATE TABLE rooms (id bigserial PRIMARY KEY, tenant_id text NOT NULL);
CREATE TABLE seats (part int NOT NULL, tenant_id text NOT NULL, room bigint REFERENCES rooms ON DELETE CASCADE) PARTITION BY LIST (part);
CREATE TABLE seats_1 PARTITION OF seats FOR VALUES IN (1);
CREATE TABLE seats_2 PARTITION OF seats FOR VALUES IN (2);
CREATE INDEX ON seats (room);
INSERT INTO rooms (tenant_id) SELECT 'seat_1' FROM generate_series(1, 5);
SELECT tenancy.limit_rows('seats', 'seats'), tenancy.limit_rows('rooms', 'seats');
CREATE VIEW held AS
SELECT tenant_id, count(*) FROM (SELECT tenant_id FROM rooms UNION ALL SELECT tenant_id FROM seats) r GROUP BY 1;
-- Takes rooms and seats, or as many as nothing when there is no place.
CREATE FUNCTION take(few int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    room bigint;
BEGIN
    INSERT INTO rooms DEFAULT VALUES RETURNING id INTO room;
    INSERT INTO seats (part, room) SELECT 1 + n % 2, room FROM generate_series(1, few) n;
    RETURN true;
EXCEPTION WHEN configuration_limit_exceeded THEN
    RETURN false;
END $$;
CREATE FUNCTION leave(few int) RETURNS void LANGUAGE sql AS $$
    DELETE FROM rooms WHERE id IN (SELECT id FROM rooms ORDER BY random() LIMIT few FOR UPDATE SKIP LOCKED);
$$;
