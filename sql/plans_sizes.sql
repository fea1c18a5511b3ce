-- a kept plan made for a small tenant does not serve a large one, nor the other way round; tenants of like size share it
SELECT tenancy.create_tenant('pz_' || t) FROM unnest('{whale,small,other,new}'::text[]) t;
CREATE ROLE regress_pz_app;
SET tenancy.auto_attach = off;
CREATE TABLE pz_notes (tenant_id text COLLATE "C" NOT NULL, id int NOT NULL, body text NOT NULL);
-- few enough rows for ANALYZE to look at all of them
INSERT INTO pz_notes SELECT 'pz_whale', i, repeat('x', 50) FROM generate_series(1, 20000) i;
INSERT INTO pz_notes SELECT 'pz_small', i, repeat('x', 50) FROM generate_series(1, 100) i;
INSERT INTO pz_notes SELECT 'pz_other', i, repeat('x', 50) FROM generate_series(1, 200) i;
CREATE INDEX ON pz_notes (tenant_id, id);
SELECT tenancy.attach('pz_notes');
GRANT SELECT ON pz_notes TO regress_pz_app;
ANALYZE pz_notes;
-- how many rows the plan was made for, and whether it scans the whole table
CREATE FUNCTION plan_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) EXECUTE ' || statement INTO plan;
    plan := plan->0->'Plan';
    RETURN format('%s rows, %s', plan->'Plan Rows', CASE plan->>'Node Type' WHEN 'Seq Scan' THEN 'whole table' ELSE 'index' END);
END $$;

SET ROLE regress_pz_app;
PREPARE bodies AS SELECT body FROM pz_notes;
SET tenancy.tenant_id = 'pz_small';
SELECT plan_of('bodies');
-- of the same class: the plan stays
SET tenancy.tenant_id = 'pz_other';
SELECT plan_of('bodies');
SET tenancy.tenant_id = 'pz_whale';
SELECT plan_of('bodies');
SET tenancy.tenant_id = 'pz_other';
SELECT plan_of('bodies');
SET tenancy.tenant_id = 'pz_small';
SELECT plan_of('bodies');
-- one that statistics do not know, and leaving the tenant between two
SET tenancy.tenant_id = 'pz_new';
SELECT plan_of('bodies');
RESET tenancy.tenant_id;
SET tenancy.tenant_id = 'pz_small';
SELECT plan_of('bodies');

-- however the tenant is changed
BEGIN;
SET LOCAL tenancy.tenant_id = 'pz_whale';
SELECT plan_of('bodies');
ROLLBACK;
SELECT plan_of('bodies');
SELECT tenancy.set_tenant('pz_whale');
SELECT plan_of('bodies');
CREATE FUNCTION pg_temp.as_small() RETURNS text LANGUAGE plpgsql SET tenancy.tenant_id = 'pz_small' AS
$$ BEGIN RETURN plan_of('bodies'); END $$;
SELECT pg_temp.as_small();
SELECT plan_of('bodies');
-- a plan made without a tenant is no tenant's
RESET tenancy.tenant_id;
DEALLOCATE bodies;
PREPARE bodies AS SELECT body FROM pz_notes;
SELECT plan_of('bodies');
SET tenancy.tenant_id = 'pz_whale';
SELECT plan_of('bodies');

-- roles that bypass row security, too
RESET ROLE;
SET tenancy.tenant_id = 'pz_small';
PREPARE bypassing AS SELECT body FROM pz_notes;
SELECT plan_of('bypassing');
SET tenancy.tenant_id = 'pz_whale';
SELECT plan_of('bypassing');
-- new statistics make it small, and then both share a plan
BEGIN;
DELETE FROM pz_notes WHERE id > 90;
SET LOCAL tenancy.tenant_id = '';
ANALYZE pz_notes;
COMMIT;
SET tenancy.tenant_id = 'pz_small';
SELECT plan_of('bypassing');
SET tenancy.tenant_id = 'pz_whale';
SELECT plan_of('bypassing');

-- the column becomes one of another type, whose statistics the old operator must not see
RESET tenancy.tenant_id;
SELECT tenancy.create_tenant('990001'), tenancy.create_tenant('990002');
CREATE TABLE pz_moved (tenant_id text COLLATE "C" NOT NULL, id int NOT NULL);
INSERT INTO pz_moved SELECT '990001', i FROM generate_series(1, 1000) i;
INSERT INTO pz_moved SELECT '990002', i FROM generate_series(1, 10) i;
SELECT tenancy.attach('pz_moved');
ANALYZE pz_moved;
PREPARE moved AS SELECT count(*) FROM pz_moved;
SET plan_cache_mode = force_generic_plan;
SET tenancy.tenant_id = '990001';
EXECUTE moved;
RESET tenancy.tenant_id;
BEGIN;
SELECT tenancy.detach('pz_moved');
ALTER TABLE pz_moved ALTER tenant_id TYPE bigint USING tenant_id::bigint;
SELECT tenancy.attach('pz_moved');
ANALYZE pz_moved;
COMMIT;
-- at once, before anything is planned anew
SET tenancy.tenant_id = '990002';
EXECUTE moved;
DEALLOCATE moved;
PREPARE moved AS SELECT id FROM pz_moved;
SELECT plan_of('moved');
SET tenancy.tenant_id = '990001';
SELECT plan_of('moved');
RESET tenancy.tenant_id;
DEALLOCATE moved;
DROP TABLE pz_moved;
DELETE FROM tenancy.tenants WHERE id LIKE '99000_';

RESET tenancy.tenant_id;
DROP OWNED BY regress_pz_app;
DROP TABLE pz_notes;
DROP FUNCTION plan_of;
DROP ROLE regress_pz_app;
