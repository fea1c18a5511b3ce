-- Partitions and children are adopted with their parent, also those that come while it is under way.
\set SHOW_CONTEXT never
CREATE SCHEMA adopt_partitions;
SET search_path = adopt_partitions;
SELECT tenancy.create_tenant('adopt-part'), tenancy.create_tenant('adopt-part-b');
CREATE TABLE events (id int, day int, org text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20) PARTITION BY LIST (id);
CREATE TABLE events_2x (org text, dropped int, day int NOT NULL, id int NOT NULL, CONSTRAINT x PRIMARY KEY (id, day));
ALTER TABLE events_2x DROP dropped;
ALTER TABLE events_2 ATTACH PARTITION events_2x DEFAULT;
CREATE UNIQUE INDEX events_org ON events (org, id, day);
INSERT INTO events SELECT n, n % 20, CASE WHEN n % 2 = 0 THEN 'adopt-part-b' END FROM generate_series(1, 400) n;
CREATE FUNCTION shape() RETURNS TABLE(shape text) LANGUAGE sql AS $$
    SELECT indexrelid::regclass || ': ' || pg_get_indexdef(indexrelid) || ' ' || indisvalid || ' of ' || coalesce((SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = indexrelid), '-')
      FROM pg_index JOIN pg_class x ON x.oid = indexrelid WHERE relnamespace = 'adopt_partitions'::regnamespace
    UNION ALL
    SELECT attrelid::regclass || '.' || attname || ' ' || attnotnull || ' ' || atthasdef FROM pg_attribute JOIN pg_class x ON x.oid = attrelid
     WHERE relnamespace = 'adopt_partitions'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(c.oid) FROM pg_constraint c JOIN pg_class x ON x.oid = conrelid
     WHERE connamespace = 'adopt_partitions'::regnamespace AND contype <> 'n' $$;
CREATE TEMP TABLE before AS SELECT shape() COLLATE "C";

CALL tenancy.adopt('events_1', 'adopt-part');
CALL tenancy.adopt('events', 'adopt-part', tenant_from => 'org', attach => false);
SELECT statement FROM tenancy.adoption_statements('events') WHERE NOT in_transaction;
-- One that comes now has all but what is built aside, and gets its tenants, too.
CREATE TABLE events_3 PARTITION OF events FOR VALUES FROM (20) TO (30);
INSERT INTO events VALUES (1, 25, 'adopt-part-b'), (2, 25, NULL) RETURNING tenant_id;
SELECT statement FROM tenancy.adoption_statements('events') WHERE NOT in_transaction \gexec
CALL tenancy.adopt('events', attach => false);
SELECT statement FROM tenancy.adoption_statements('events') WHERE NOT in_transaction \gexec
CALL tenancy.adopt('events');
SELECT relation, forced FROM tenancy.attached_tables WHERE relation::text LIKE 'events%' ORDER BY relation::text;
SELECT shape() COLLATE "C" ORDER BY 1;
SELECT tenant_id, org, count(*) FROM events GROUP BY 1, 2 ORDER BY 1, 2;
SELECT name, object FROM tenancy.check() WHERE object LIKE '%events%';
DROP TABLE events_3;
CALL tenancy.rollback_adoption('events', allow_blocking_indexes => true);
CREATE TEMP TABLE after AS SELECT shape() COLLATE "C";
SELECT 'lost', * FROM (TABLE before EXCEPT TABLE after) x UNION ALL SELECT 'new', * FROM (TABLE after EXCEPT TABLE before) x;

-- Inheritance: keys are each table's own.
CREATE TABLE parent (id int PRIMARY KEY, note text);
CREATE TABLE child (PRIMARY KEY (id), extra text) INHERITS (parent);
INSERT INTO parent VALUES (1, 'p');
INSERT INTO child VALUES (1, 'c', 'x');
CALL tenancy.adopt('child', 'adopt-part');
CALL tenancy.adopt('parent', 'adopt-part', tenant_from => 'note', attach => false);
UPDATE ONLY parent SET note = 'adopt-part-b';
UPDATE child SET note = '';
CALL tenancy.adopt('parent', allow_blocking_indexes => true);
SELECT tableoid::regclass, id, tenant_id FROM parent ORDER BY 1;
SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid IN ('parent'::regclass, 'child'::regclass) AND contype = 'p' ORDER BY conrelid::regclass::text;
CALL tenancy.rollback_adoption('parent', allow_blocking_indexes => true);
\d child
SET client_min_messages = warning;
DROP SCHEMA adopt_partitions CASCADE;
SELECT tenancy.close_tenant('adopt-part'), tenancy.close_tenant('adopt-part-b');
