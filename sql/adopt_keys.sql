-- Keys and foreign keys get the tenant, keep what they were otherwise, and stay where they must.
\set SHOW_CONTEXT never
CREATE SCHEMA adopt_keys;
SET search_path = adopt_keys;
SELECT tenancy.create_tenant('adopt-keys');
CREATE TABLE parents (
    id int PRIMARY KEY,
    code text NOT NULL,
    slot int4range,
    rank int CONSTRAINT ranks UNIQUE DEFERRABLE INITIALLY DEFERRED,
    "odd (name" text,
    tag text COLLATE "C",
    CONSTRAINT codes UNIQUE NULLS DISTINCT (code) INCLUDE (tag),
    EXCLUDE USING gist (slot WITH &&));
CREATE UNIQUE INDEX "odd USING (" ON parents ("odd (name" COLLATE "POSIX" text_pattern_ops DESC NULLS LAST, (lower(tag))) WHERE id > 0;
ALTER TABLE parents CLUSTER ON codes, REPLICA IDENTITY USING INDEX codes;
COMMENT ON INDEX "odd USING (" IS 'an odd one';
CREATE TABLE children (
    id int PRIMARY KEY,
    parent int REFERENCES parents ON DELETE SET NULL,
    by_code text REFERENCES parents (code) ON UPDATE CASCADE ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED,
    by_rank int,
    sibling int CONSTRAINT siblings REFERENCES children ON UPDATE SET NULL);
CREATE VIEW grouped AS SELECT c.id, c.parent, count(*) FROM children c GROUP BY c.id;
INSERT INTO parents (id, code) VALUES (1, 'one'), (2, 'two');
INSERT INTO children VALUES (1, 1, 'one', NULL, NULL), (2, 2, NULL, NULL, 1);

CREATE TEMP TABLE before AS
SELECT c.conname, pg_get_constraintdef(c.oid), obj_description(c.oid) FROM pg_constraint c WHERE connamespace = 'adopt_keys'::regnamespace AND contype <> 'n'
UNION ALL
SELECT i.indexrelid::regclass::name, pg_get_indexdef(i.indexrelid) || ' ' || i.indisreplident || ' ' || i.indisclustered, obj_description(i.indexrelid)
  FROM pg_index i JOIN pg_class x ON x.oid = indexrelid WHERE relnamespace = 'adopt_keys'::regnamespace;

-- The children are not adopted: what they refer to stays.
CALL tenancy.adopt('parents', 'adopt-keys', allow_blocking_indexes => true);
\d parents
-- Then they are, and that is done, too. Their parent is behind the wall already.
CALL tenancy.adopt('children', 'adopt-keys', allow_blocking_indexes => true);
CALL tenancy.adopt('parents');
SELECT conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'adopt_keys'::regnamespace AND contype <> 'n' ORDER BY conrelid::regclass::text, conname;
SELECT i.indexrelid::regclass, i.indisreplident, i.indisclustered, obj_description(i.indexrelid) AS comment, pg_get_indexdef(i.indexrelid)
  FROM pg_index i JOIN pg_class x ON x.oid = indexrelid
 WHERE relnamespace = 'adopt_keys'::regnamespace ORDER BY i.indexrelid::regclass::text;
SET tenancy.tenant_id = 'adopt-keys';
DELETE FROM parents WHERE id = 2;
TABLE children ORDER BY id;
RESET tenancy.tenant_id;

-- And back, in an order that is not the best: each call goes as far as it can.
CALL tenancy.rollback_adoption('children', allow_blocking_indexes => true);
CALL tenancy.rollback_adoption('parents', allow_blocking_indexes => true);
CREATE TEMP TABLE after AS
SELECT c.conname, pg_get_constraintdef(c.oid), obj_description(c.oid) FROM pg_constraint c WHERE connamespace = 'adopt_keys'::regnamespace AND contype <> 'n'
UNION ALL
SELECT i.indexrelid::regclass::name, pg_get_indexdef(i.indexrelid) || ' ' || i.indisreplident || ' ' || i.indisclustered, obj_description(i.indexrelid)
  FROM pg_index i JOIN pg_class x ON x.oid = indexrelid WHERE relnamespace = 'adopt_keys'::regnamespace;
SELECT 'lost', * FROM (TABLE before EXCEPT TABLE after) x UNION ALL SELECT 'new', * FROM (TABLE after EXCEPT TABLE before) x;

-- A foreign key whose rows have other tenants than what they refer to is not rebuilt; it says which.
SELECT tenancy.create_tenant('adopt-keys-b');
CALL tenancy.adopt('parents', 'adopt-keys', attach => false, allow_blocking_indexes => true);
CALL tenancy.adopt('children', 'adopt-keys-b', attach => false, allow_blocking_indexes => true);
SELECT step, last_error FROM tenancy.adoption_progress WHERE relation = 'children'::regclass;
SELECT conname FROM pg_constraint WHERE conrelid = 'children'::regclass AND NOT convalidated;
CALL tenancy.rollback_adoption('children', allow_blocking_indexes => true);
CALL tenancy.rollback_adoption('parents', allow_blocking_indexes => true);
-- Keys may stay as they are.
CALL tenancy.adopt('parents', 'adopt-keys', rebuild_keys => false, allow_blocking_indexes => true);
\d parents
SET client_min_messages = warning;
DROP SCHEMA adopt_keys CASCADE;
SELECT tenancy.close_tenant('adopt-keys'), tenancy.close_tenant('adopt-keys-b');
