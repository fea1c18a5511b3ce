-- Tables of every kind whose rows are counted, and one random step of a transaction on them.
-- SPDX-License-Identifier: PostgreSQL
CREATE EXTENSION tenancy;
SELECT count(*) FROM tenancy.create_tenants((SELECT jsonb_agg(jsonb_build_object('id', 'row_' || n)) FROM generate_series(1, 5) n));
SET tenancy.auto_attach = off;
CREATE TABLE stores (id bigserial PRIMARY KEY, tenant_id text NOT NULL, n int);
-- Goes with its store, by cascade.
CREATE TABLE items (id bigserial PRIMARY KEY, store bigint REFERENCES stores ON DELETE CASCADE, tenant_id text NOT NULL);
-- A trigger before ours moves rows to another tenant, though the statement does not name the column.
CREATE FUNCTION move_some() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.n % 7 = 0 AND coalesce(current_setting('tenancy.tenant_id'), '') = '' THEN
        NEW.tenant_id := 'row_' || 1 + abs(NEW.n) % 5;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER move BEFORE UPDATE ON stores FOR EACH ROW EXECUTE FUNCTION move_some();
CREATE TABLE events (part int NOT NULL, tenant_id text NOT NULL, n int) PARTITION BY LIST (part);
CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
CREATE TABLE events_2 (n int, gone text, tenant_id text NOT NULL, part int NOT NULL);
ALTER TABLE events_2 DROP gone;
ALTER TABLE events ATTACH PARTITION events_2 FOR VALUES IN (2);
CREATE TABLE events_3 PARTITION OF events FOR VALUES IN (3) PARTITION BY RANGE (n);
CREATE TABLE events_3_all PARTITION OF events_3 DEFAULT;
CREATE TABLE notes (tenant_id uuid NOT NULL, n int);
CREATE TABLE old_notes () INHERITS (notes);
INSERT INTO stores (tenant_id, n) SELECT 'row_' || 1 + n % 5, n FROM generate_series(1, 50) n;
SELECT tenancy.attach('stores'), tenancy.attach('items'), tenancy.attach('events'), tenancy.attach('notes');
SELECT tenancy.track_rows('stores'), tenancy.track_rows('items'), tenancy.track_rows('events'), tenancy.track_rows('notes');

CREATE FUNCTION a_tenant() RETURNS text LANGUAGE sql AS $$ SELECT 'row_' || 1 + floor(random() * 5)::int $$;
CREATE FUNCTION a_uuid() RETURNS uuid LANGUAGE sql AS $$ SELECT ('00000000-0000-0000-0000-00000000000' || floor(random() * 5)::int)::uuid $$;

-- Whatever fails (a deadlock, a lock that takes too long) is undone, and counts for nothing.
CREATE FUNCTION step(depth int DEFAULT 0) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    way int := floor(random() * 20);
    few int := floor(random() * 4);
BEGIN
    CASE way
    WHEN 0, 1, 2 THEN
        INSERT INTO stores (tenant_id, n) SELECT coalesce(nullif(current_setting('tenancy.tenant_id'), ''), a_tenant()), random() * 1000
          FROM generate_series(1, few);
    WHEN 3 THEN
        INSERT INTO items (store, tenant_id) SELECT s.id, s.tenant_id FROM stores s ORDER BY random() LIMIT few;
    WHEN 4 THEN
        DELETE FROM stores WHERE id IN (SELECT id FROM stores ORDER BY random() LIMIT few);
    WHEN 5 THEN
        UPDATE stores SET n = n + 1 WHERE id IN (SELECT id FROM stores ORDER BY random() LIMIT few);
    WHEN 6 THEN
        UPDATE items SET tenant_id = a_tenant() WHERE current_setting('tenancy.tenant_id') = '' AND random() < 0.2;
    WHEN 7, 8 THEN
        INSERT INTO events SELECT 1 + floor(random() * 3), coalesce(nullif(current_setting('tenancy.tenant_id'), ''), a_tenant()), n
          FROM generate_series(1, few) n;
    WHEN 9 THEN
        UPDATE events SET part = 1 + floor(random() * 3) WHERE random() < 0.2;
    WHEN 10 THEN
        DELETE FROM events WHERE random() < 0.2;
    WHEN 11 THEN
        INSERT INTO notes SELECT a_uuid(), n FROM generate_series(1, few) n WHERE current_setting('tenancy.tenant_id') = '';
        INSERT INTO old_notes SELECT a_uuid(), n FROM generate_series(1, few) n WHERE current_setting('tenancy.tenant_id') = '';
    WHEN 12 THEN
        INSERT INTO stores (id, tenant_id, n) SELECT s.id, s.tenant_id, 0 FROM stores s LIMIT few ON CONFLICT (id) DO UPDATE SET n = stores.n + 1;
    WHEN 13 THEN
        MERGE INTO stores s USING (SELECT id FROM stores ORDER BY random() LIMIT 3) r ON r.id = s.id
            WHEN MATCHED AND s.n % 2 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET n = s.n + 1;
    WHEN 14 THEN
        IF current_setting('tenancy.tenant_id') = '' AND random() < 0.2 THEN
            TRUNCATE events_2;
        END IF;
    WHEN 15 THEN
        IF current_setting('tenancy.tenant_id') = '' AND random() < 0.1 THEN
            TRUNCATE stores CASCADE;
        END IF;
    WHEN 16 THEN
        IF current_setting('tenancy.tenant_id') = '' THEN
            DELETE FROM notes WHERE random() < 0.2;
        END IF;
    WHEN 17 THEN
        IF random() < 0.3 THEN
            PERFORM tenancy.fold_row_changes();
        END IF;
    ELSE
        -- Several steps in a savepoint, which is rolled back as often as not.
        IF depth < 3 THEN
            BEGIN
                FOR i IN 1 .. 3 LOOP
                    PERFORM step(depth + 1);
                END LOOP;
                IF random() < 0.5 THEN
                    RAISE EXCEPTION USING ERRCODE = 'TN000';
                END IF;
            EXCEPTION WHEN SQLSTATE 'TN000' THEN
                NULL;
            END;
        END IF;
    END CASE;
END $$;

-- Where count and table differ, as of one snapshot, for sessions that see all rows.
CREATE VIEW wrong AS
SELECT * FROM (
    SELECT 'stores'::regclass AS relation, tenant_id, count(*) FROM stores GROUP BY 2
    UNION ALL SELECT 'items'::regclass, tenant_id, count(*) FROM items GROUP BY 2
    UNION ALL SELECT 'events'::regclass, tenant_id, count(*) FROM events GROUP BY 2
    UNION ALL SELECT 'notes'::regclass, tenant_id::text, count(*) FROM notes GROUP BY 2) t
FULL JOIN tenancy.row_counts c USING (relation, tenant_id)
WHERE t.count IS DISTINCT FROM c.rows;
