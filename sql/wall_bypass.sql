-- With a tenant set everybody is isolated: superuser, BYPASSRLS role, views and functions of theirs;
-- without one they see everything.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET tenancy.clock = '2026-03-15 12:00:00';
SELECT tenancy.create_tenant('wb_a'), tenancy.create_tenant('wb_b');
CREATE TABLE wb_notes (tenant_id text, id int, body text, PRIMARY KEY (tenant_id, id));
INSERT INTO wb_notes SELECT t, n, t || n FROM unnest('{wb_a,wb_b}'::text[]) t, generate_series(1, 3) n;
CREATE VIEW wb_view AS SELECT * FROM wb_notes;
CREATE FUNCTION wb_count() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT count(*) FROM wb_notes';
CREATE FUNCTION wb_inlined() RETURNS SETOF wb_notes LANGUAGE sql STABLE AS 'SELECT * FROM wb_notes';
CREATE FUNCTION wb_plpgsql() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM wb_notes); END';
CREATE ROLE regress_wb_app;
CREATE ROLE regress_wb_bypass BYPASSRLS;
GRANT ALL ON wb_notes, wb_view TO regress_wb_app, regress_wb_bypass;
PREPARE q AS SELECT count(*) FROM wb_notes;
SET plan_cache_mode = force_generic_plan;

-- none: everything for the superuser
EXECUTE q;
SELECT (SELECT count(*) FROM wb_view) AS view, wb_count() AS definer, (SELECT count(*) FROM wb_inlined()) AS inlined, wb_plpgsql() AS plpgsql;
SET tenancy.tenant_id = 'wb_a';
EXECUTE q;
SELECT (SELECT count(*) FROM wb_view) AS view, wb_count() AS definer, (SELECT count(*) FROM wb_inlined()) AS inlined, wb_plpgsql() AS plpgsql;
SET tenancy.tenant_id = 'wb_b';
EXECUTE q;
RESET tenancy.tenant_id;
EXECUTE q;
SELECT wb_plpgsql();

SET tenancy.tenant_id = 'wb_a';
EXPLAIN (COSTS OFF) SELECT * FROM wb_notes WHERE id = 1;
-- reads of every kind
SELECT (SELECT count(*) FROM wb_notes n JOIN wb_notes m USING (id)) AS self_join,
    (SELECT count(*) FROM (SELECT body FROM wb_notes UNION ALL SELECT body FROM wb_view) u) AS union_all,
    (WITH w AS (SELECT * FROM wb_notes FOR UPDATE) SELECT count(*) FROM w) AS for_update,
    EXISTS (SELECT FROM wb_notes WHERE tenant_id = 'wb_b') AS other;
-- writes stay inside and cannot leave
UPDATE wb_notes SET body = 'seen' RETURNING tenant_id, id;
UPDATE wb_notes SET tenant_id = 'wb_b', id = 10 WHERE id = 1;
UPDATE wb_notes SET body = 'x' WHERE tenant_id = 'wb_b';
INSERT INTO wb_notes VALUES ('wb_b', 9, 'stolen');
INSERT INTO wb_view VALUES ('wb_b', 9, 'stolen');
INSERT INTO wb_notes (id, body) VALUES (9, 'mine') RETURNING tenant_id;
INSERT INTO wb_notes VALUES ('wb_b', 1, 'x') ON CONFLICT (tenant_id, id) DO UPDATE SET body = 'stolen';
INSERT INTO wb_notes VALUES ('wb_b', 1, 'x') ON CONFLICT DO NOTHING;
INSERT INTO wb_notes VALUES ('wb_a', 1, 'x') ON CONFLICT (tenant_id, id) DO UPDATE SET body = 'upserted' RETURNING body;
MERGE INTO wb_notes n USING (VALUES (1), (2)) v(id) ON n.id = v.id WHEN MATCHED AND n.id = 1 THEN UPDATE SET body = 'merged' WHEN MATCHED THEN DELETE;
MERGE INTO wb_notes n USING (VALUES ('wb_b', 77)) v(t, id) ON n.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.t, v.id, 'stolen');
DELETE FROM wb_notes WHERE id = 9;
WITH gone AS (DELETE FROM wb_notes RETURNING tenant_id) SELECT tenant_id, count(*) FROM gone GROUP BY tenant_id;
RESET tenancy.tenant_id;
SELECT tenant_id, id, body FROM wb_notes ORDER BY 1, 2;

-- a BYPASSRLS role, and an app role through a superuser's view
SET ROLE regress_wb_bypass;
SELECT count(*) FROM wb_notes;
SET tenancy.tenant_id = 'wb_b';
SELECT count(*) FROM wb_notes;
SET tenancy.tenant_id = 'wb_a';
SELECT count(*) FROM wb_notes;
SET ROLE regress_wb_app;
SELECT count(*) FROM wb_view;
SET tenancy.tenant_id = 'wb_b';
SELECT count(*) FROM wb_view;
SELECT wb_count();
RESET ROLE;

-- a suspended tenant is an error for them, too
SELECT tenancy.suspend_tenant('wb_b');
SELECT count(*) FROM wb_notes;
RESET tenancy.tenant_id;
SELECT tenancy.resume_tenant('wb_b');

-- the setting that turns it off is the superuser's
SET tenancy.tenant_id = 'wb_a';
EXECUTE q;
SET tenancy.enforce_bypass = off;
EXECUTE q;
SET tenancy.enforce_bypass = on;
EXECUTE q;
SET ROLE regress_wb_bypass;
SET tenancy.enforce_bypass = off;
RESET ROLE;
RESET tenancy.tenant_id;
DROP TABLE wb_notes CASCADE;
DROP FUNCTION wb_count(), wb_plpgsql();
DROP ROLE regress_wb_app, regress_wb_bypass;
DELETE FROM tenancy.tenants WHERE id LIKE 'wb\_%';
