-- What tenants take up on disk: measured by sample or in full, with an error bar, and carried on by counted rows.
-- SPDX-License-Identifier: PostgreSQL
--
-- Rows of several tenants share pages, indexes and free space. A tenant's bytes are its part of all that: in
-- proportion to the widths of its rows (with what is stored out of line), so that the parts add up to the
-- size of the table on disk.

CREATE TABLE tenancy.storage_tables (
    relation regclass PRIMARY KEY,
    root regclass NOT NULL,
    as_of timestamptz NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    exact boolean NOT NULL
);
COMMENT ON TABLE tenancy.storage_tables IS
'The last measurement of each attached table, partition and child: when, rows, size on disk with indexes and out-of-line storage, and whether every row was read.';

CREATE TABLE tenancy.storage_sizes (
    relation regclass NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    rows bigint NOT NULL,
    bytes bigint NOT NULL,
    error_bytes bigint NOT NULL,
    PRIMARY KEY (relation, tenant_id)
);
CREATE INDEX storage_sizes_tenant ON tenancy.storage_sizes (tenant_id);
COMMENT ON TABLE tenancy.storage_sizes IS
'Each tenant''s part of tenancy.storage_tables; error_bytes is half the width of a 95 % confidence interval, 0 where every row was read.';

CREATE TABLE tenancy.storage_history (
    tenant_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    as_of timestamptz NOT NULL,
    bytes bigint NOT NULL,
    error_bytes bigint NOT NULL,
    PRIMARY KEY (tenant_id, day)
);
COMMENT ON TABLE tenancy.storage_history IS
'What each tenant took up in all, by day (UTC): the last measurement of all tables on that day.';

REVOKE ALL ON tenancy.storage_tables, tenancy.storage_sizes, tenancy.storage_history FROM PUBLIC;
-- The other two are of this server's files, and measured again.
SELECT pg_catalog.pg_extension_config_dump('tenancy.storage_history', '');

CREATE TRIGGER tell_sessions AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenancy.storage_tables
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
ALTER TABLE tenancy.storage_tables ENABLE ALWAYS TRIGGER tell_sessions;

CREATE VIEW tenancy.tenant_storage AS
WITH tables AS (
    SELECT t.root, min(t.as_of) AS as_of, bool_and(t.exact) AS exact, sum(t.bytes) / greatest(sum(t.rows), 1) AS row_bytes,
           bool_or(c.relation IS NOT NULL) AS is_counted
      FROM tenancy.storage_tables t LEFT JOIN tenancy.counted_tables c ON c.relation = t.root
     WHERE EXISTS (SELECT FROM pg_catalog.pg_class k WHERE k.oid = t.relation)
     GROUP BY t.root
)
SELECT p.tenant_id, p.root AS relation, NULL::text AS schema, n.rows::bigint AS rows,
       greatest(0, p.bytes + (n.rows - p.rows_then) * n.width)::bigint AS bytes,
       (p.error_bytes + abs(n.rows - p.rows_then) * n.width)::bigint AS error_bytes,
       t.as_of, t.exact AND n.rows = p.rows_then AS exact
  FROM (
    -- No join, and not under WITH, where the function of what is pending would keep it: so a condition on the tenant reaches both.
    SELECT u.root, u.tenant_id, sum(u.bytes) AS bytes, sum(u.error_bytes) AS error_bytes, sum(u.rows_then) AS rows_then, sum(u.rows_now) AS rows_now
      FROM (SELECT t.root, s.tenant_id, s.bytes, s.error_bytes, s.rows AS rows_then, 0::bigint AS rows_now
              FROM tenancy.storage_tables t JOIN tenancy.storage_sizes s ON s.relation = t.relation
             WHERE EXISTS (SELECT FROM pg_catalog.pg_class k WHERE k.oid = t.relation)
            UNION ALL
            SELECT r.relation, r.tenant_id, 0, 0, 0, r.rows FROM tenancy.row_counts r) u
     GROUP BY u.root, u.tenant_id) p
  JOIN tables t ON t.root = p.root
 CROSS JOIN LATERAL (
    -- Of rows that have come since, nobody knows the width.
    SELECT CASE WHEN t.is_counted THEN p.rows_now ELSE p.rows_then END AS rows,
           CASE WHEN p.rows_then > 0 THEN p.bytes / p.rows_then ELSE t.row_bytes END AS width) n
 WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = p.root)
UNION ALL
SELECT s.tenant, NULL, s.schema_name, NULL, sum(pg_catalog.pg_total_relation_size(c.oid))::bigint, 0, tenancy.clock_time(), true
  FROM tenancy.tenant_schemas s
  JOIN pg_catalog.pg_namespace n ON n.nspname = s.schema_name
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'm', 'S')
 WHERE s.tenant IS NOT NULL
 GROUP BY s.tenant, s.schema_name;
REVOKE ALL ON tenancy.tenant_storage FROM PUBLIC;
COMMENT ON VIEW tenancy.tenant_storage IS
'What each tenant takes up now in each attached table that has been measured, with indexes and out-of-line storage: the last measurement (as_of), carried on by the rows that have come and gone since where they are counted (track_rows()). error_bytes: how far off it may be, either way. Schemas of tenants are measured as one looks, exactly.';

CREATE FUNCTION tenancy.sample_rows(member regclass, tenant_column name, part double precision, OUT tenant text, OUT page bigint, OUT width bigint)
RETURNS SETOF record LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE ROWS 100000 AS 'MODULE_PATHNAME', 'tenancy_sample_rows';
REVOKE ALL ON FUNCTION tenancy.sample_rows(regclass, name, double precision) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.sample_rows(regclass, name, double precision) IS
'Internal: the rows in a part (0 to 1) of a table''s pages, or all of them: tenant, page, and bytes. Past the planner, which runs code of the table''s owner. Error: 42804 a column that cannot hold tenants.';

CREATE FUNCTION tenancy.measure_member(member regclass, root regclass, exact boolean, sample_pages integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenants name := tenancy.attached_column(member);
    pages bigint := pg_relation_size(member) / current_setting('block_size')::bigint;
    percent real := CASE WHEN exact OR pages <= sample_pages THEN 100 ELSE 100.0 * sample_pages / pages END;
    part double precision := percent / 100.0;
    number bigint := (SELECT c.count_id FROM tenancy.counted_tables c WHERE c.relation = member);
    disk bigint := pg_total_relation_size(member);
BEGIN
    IF tenants IS NULL THEN
        RETURN;
    END IF;
    DELETE FROM tenancy.storage_sizes s WHERE s.relation = member;
    -- A sample is of whole pages, so a page is what is drawn: the error comes from how pages differ, not rows.
    EXECUTE $q$
        WITH sample AS MATERIALIZED (
            SELECT r.tenant, r.page, r.width FROM tenancy.sample_rows($4, $6, $1) r
        ), pages AS MATERIALIZED (
            SELECT s.tenant, s.page, count(*)::float8 AS n, sum(s.width)::float8 AS y, sum(sum(s.width)) OVER (PARTITION BY s.page)::float8 AS of_page
              FROM sample s GROUP BY s.tenant, s.page
        ), whole AS (
            SELECT count(DISTINCT p.page)::float8 AS pages, sum(p.n) AS n, sum(p.y) AS y,
                   (SELECT sum(q.y * q.y) FROM (SELECT sum(r.y) AS y FROM pages r GROUP BY r.page) q) AS yy,
                   (SELECT coalesce(stddev_samp(s.width), 0)::float8 FROM sample s) AS row_deviation
              FROM pages p
        ), tenants AS (
            SELECT p.tenant, sum(p.n) AS n, sum(p.y) AS y, sum(p.y * p.y) AS yy, sum(p.y * p.n) AS yn, sum(p.n * p.n) AS nn, sum(p.y * p.of_page) AS yt
              FROM pages p GROUP BY p.tenant
        ), counts AS (
            SELECT c.tenant_id, sum(c.rows)::float8 AS rows
              FROM (SELECT t.count_id, t.tenant_id, t.rows FROM tenancy.row_totals t UNION ALL SELECT d.count_id, d.tenant_id, d.rows FROM tenancy.row_changes d) c
             WHERE c.count_id = $2 GROUP BY c.tenant_id HAVING sum(c.rows) <> 0
        ), parts AS (
            SELECT coalesce(t.tenant, c.tenant_id) AS tenant, coalesce(c.rows, t.n / $1) AS rows,
                   coalesce(c.rows, t.n / $1) * coalesce(t.y / t.n, w.y / w.n, 1) AS width,
                   CASE WHEN $1 >= 1 THEN 0
                        -- Of so many rows, only the width is unknown; for few of them, what all rows say of it is safer.
                        WHEN $2 IS NOT NULL THEN c.rows * greatest(
                            coalesce(sqrt((1 - $1) * w.pages / greatest(w.pages - 1, 1) * greatest(t.yy - 2 * t.y / t.n * t.yn + (t.y / t.n) ^ 2 * t.nn, 0)) / t.n, 0),
                            w.row_deviation / sqrt(greatest(t.n, 1)))
                        ELSE w.y / $1 * sqrt((1 - $1) * w.pages / greatest(w.pages - 1, 1)
                                             * greatest(t.yy - 2 * t.y / w.y * t.yt + (t.y / w.y) ^ 2 * w.yy, 0)) / w.y END AS deviation
              FROM tenants t
              -- Both in the same snapshot. Without counts, who is not in the sample is not known.
              FULL JOIN counts c ON c.tenant_id = t.tenant
             CROSS JOIN whole w
             WHERE $2 IS NULL OR c.tenant_id IS NOT NULL
        ), scale AS (
            SELECT $3 / greatest(sum(p.width), 1) AS factor, coalesce(sum(p.rows), 0)::bigint AS rows FROM parts p
        ), written AS (
            INSERT INTO tenancy.storage_sizes (relation, tenant_id, rows, bytes, error_bytes)
            SELECT $4, p.tenant, round(p.rows), round(p.width * s.factor), ceil(1.96 * coalesce(p.deviation, 0) * s.factor)
              FROM parts p CROSS JOIN scale s)
        INSERT INTO tenancy.storage_tables (relation, root, as_of, rows, bytes, exact)
        SELECT $4, $5, tenancy.clock_time(), s.rows, $3, $1 >= 1 FROM scale s
        ON CONFLICT ON CONSTRAINT storage_tables_pkey
        DO UPDATE SET root = excluded.root, as_of = excluded.as_of, rows = excluded.rows, bytes = excluded.bytes, exact = excluded.exact $q$
    USING part, number, disk::double precision, member, root, tenants;
END
$$;
REVOKE ALL ON FUNCTION tenancy.measure_member(regclass, regclass, boolean, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.measure_member(regclass, regclass, boolean, integer) IS
'Internal: measures one table, partition or child.';

-- Without jit, here and below: for queries such as these it takes seconds to compile, and saves next to nothing.
CREATE FUNCTION tenancy.measure_members(members regclass[], exact boolean, sample_pages integer, skip_failures boolean) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    member regclass;
    root regclass;
    measured bigint := 0;
BEGIN
    IF tenancy.present_tenant_key() <> '' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'storage cannot be measured while a tenant is set',
            HINT = 'Leave the tenant first: SELECT tenancy.reset_tenant().';
    END IF;
    -- Two at a time would delete and write the same rows.
    LOCK TABLE tenancy.storage_tables IN SHARE ROW EXCLUSIVE MODE;
    FOREACH member IN ARRAY members LOOP
        CONTINUE WHEN tenancy.attached_column(member) IS NULL; -- its policy is not attach()'s
        BEGIN
            WITH RECURSIVE up AS (
                SELECT member::oid AS oid
                UNION
                SELECT i.inhparent FROM pg_inherits i JOIN up ON i.inhrelid = up.oid)
            SELECT min(up.oid) INTO root FROM up WHERE NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = up.oid);
            PERFORM tenancy.measure_member(member, root, exact, sample_pages);
            measured := measured + 1;
        EXCEPTION WHEN OTHERS THEN
            -- One table must not keep all others from being measured; one that is dropped meanwhile is nobody's loss.
            IF NOT skip_failures THEN
                RAISE;
            ELSIF EXISTS (SELECT FROM pg_class c WHERE c.oid = member) THEN
                RAISE WARNING USING ERRCODE = SQLSTATE, MESSAGE = format('storage of table %s could not be measured', member), DETAIL = SQLERRM;
            END IF;
        END;
    END LOOP;
    PERFORM tenancy.forget_metric_at_commit('storage.bytes');
    RETURN measured;
END
$$;
REVOKE ALL ON FUNCTION tenancy.measure_members(regclass[], boolean, integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.measure_members(regclass[], boolean, integer, boolean) IS
'Internal: measures tables, partitions and children; returns how many.';

-- Of a limit's window there is but one, so each threshold of it is told once.
CREATE FUNCTION tenancy.write_storage_alerts() RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    written bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.metrics m WHERE m.name = 'storage.bytes') THEN
        RETURN 0;
    END IF;
    WITH told AS (
        INSERT INTO tenancy.quota_alerts (tenant_id, metric, period, window_start, window_end, limit_amount, threshold, used, soft)
        SELECT l.id, 'storage.bytes', 'total', '-infinity', 'infinity', l.amount, h.threshold, l.used, l.soft
          FROM (SELECT t.id, w.amount, w.soft, sum(u.bytes) AS used
                  FROM tenancy.tenants t
                  LEFT JOIN tenancy.tenant_limits o ON o.tenant_id = t.id AND o.metric = 'storage.bytes' AND o.period = 'total'
                        AND (o.until IS NULL OR o.until > tenancy.clock_time())
                  LEFT JOIN tenancy.plan_limits p ON p.plan = t.plan AND p.metric = 'storage.bytes' AND p.period = 'total'
                 CROSS JOIN LATERAL (SELECT CASE WHEN o.tenant_id IS NULL THEN p.amount ELSE o.amount END AS amount, coalesce(o.soft, p.soft) AS soft) w
                  JOIN tenancy.tenant_storage u ON lower(u.tenant_id) = lower(t.id) AND u.tenant_id IN (t.id, lower(t.id))
                 WHERE t.status <> 'closed' AND w.amount IS NOT NULL
                 GROUP BY t.id, w.amount, w.soft) l
         CROSS JOIN LATERAL (
            SELECT p.percent::integer AS threshold FROM string_to_table(current_setting('tenancy.alert_thresholds'), ',') AS p(percent)
            UNION
            SELECT 100 WHERE l.soft) h
         WHERE l.used >= greatest(1, l.amount * h.threshold / 100.0)
        ON CONFLICT DO NOTHING RETURNING *)
    SELECT count(a.event) INTO written
      FROM (SELECT pg_notify('tenancy_alerts', 'quota'), tenancy.emit_event(t.tenant_id, 'quota.alert', jsonb_build_object('metric', t.metric,
                'period', t.period, 'threshold', t.threshold, 'used', t.used, 'limit', t.limit_amount, 'soft', t.soft,
                'window_start', t.window_start, 'window_end', t.window_end)) AS event
              FROM told t) a;
    RETURN written;
END
$$;
REVOKE ALL ON FUNCTION tenancy.write_storage_alerts() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.write_storage_alerts() IS
'Internal: writes alerts of limits on storage that measurements have reached; returns how many.';

CREATE FUNCTION tenancy.write_storage_history() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
    DELETE FROM tenancy.storage_tables t
     WHERE NOT EXISTS (SELECT FROM tenancy.attached_tables a WHERE a.relation = t.relation);
    DELETE FROM tenancy.storage_sizes s
     WHERE NOT EXISTS (SELECT FROM tenancy.storage_tables t WHERE t.relation = s.relation);
    INSERT INTO tenancy.storage_history AS h (tenant_id, day, as_of, bytes, error_bytes)
    SELECT s.tenant_id, (tenancy.clock_time() AT TIME ZONE 'UTC')::date, tenancy.clock_time(), sum(s.bytes), sum(s.error_bytes)
      FROM tenancy.tenant_storage s GROUP BY s.tenant_id
    ON CONFLICT ON CONSTRAINT storage_history_pkey
    DO UPDATE SET as_of = excluded.as_of, bytes = excluded.bytes, error_bytes = excluded.error_bytes;
END
$$;
REVOKE ALL ON FUNCTION tenancy.write_storage_history() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.write_storage_history() IS
'Internal: forgets tables that are gone, and writes the day''s row of each tenant.';

CREATE FUNCTION tenancy.measure_storage(relation regclass DEFAULT NULL, exact boolean DEFAULT false, sample_pages integer DEFAULT 1000)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    measured bigint;
BEGIN
    IF relation IS NOT NULL AND tenancy.attached_column(relation) IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('table %s is not attached', relation), HINT = 'Attach it with tenancy.attach() first.';
    ELSIF coalesce(sample_pages, 0) < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a sample needs at least one page', HINT = 'Use exact => true to read all rows.';
    END IF;
    measured := tenancy.measure_members(
        ARRAY(SELECT a.relation FROM tenancy.attached_tables a JOIN pg_class c ON c.oid = a.relation
               WHERE c.relkind = 'r' AND (measure_storage.relation IS NULL OR a.relation IN (SELECT f.member FROM tenancy.family(measure_storage.relation) f))
               ORDER BY a.relation::oid),
        coalesce(exact, false), sample_pages, relation IS NULL);
    IF relation IS NULL THEN
        PERFORM tenancy.write_storage_history();
    END IF;
    PERFORM tenancy.write_storage_alerts();
    RETURN measured;
END
$$;
REVOKE ALL ON FUNCTION tenancy.measure_storage(regclass, boolean, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.measure_storage(regclass, boolean, integer) IS
'Measures what tenants take up in an attached table with its partitions and children, or in all of them (default), for tenancy.tenant_storage: from a sample of so many pages of each (default 1000), or exactly from all rows. All of them also make the day''s row of tenancy.storage_history; a table that cannot be read is a warning then, and keeps what it had. Writes alerts of limits that are reached. Takes no lock that a writer would wait for, but it is one transaction: tenancyd''s job does it step by step. Returns the number of tables measured. Errors: 55000 while a tenant is set or the table is not attached, 22023 no page.';

CREATE FUNCTION tenancy.prune_storage_history(older_than interval DEFAULT '400 days') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pruned bigint;
BEGIN
    DELETE FROM tenancy.storage_history h WHERE h.day < ((tenancy.clock_time() - older_than) AT TIME ZONE 'UTC')::date;
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END
$$;
REVOKE ALL ON FUNCTION tenancy.prune_storage_history(interval) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.prune_storage_history(interval) IS
'Deletes days of tenancy.storage_history that are older (default 400 days); returns how many rows.';

-- A step measures some tables, so that none is kept open for long: the transaction's snapshot holds up vacuum and rollup.
-- A table that is locked for longer is left for the next run.
CREATE FUNCTION tenancy.job_measure_storage(batch integer) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    -- Measured before is measured in an earlier step of this run.
    since timestamptz := tenancy.clock_time() - (SELECT greatest('5 minutes', coalesce(j.every, '1 day') / 2) FROM tenancy.jobs j WHERE j.name = 'measure_storage');
    -- Where the step before stopped: the next goes on behind it, whatever could not be measured.
    last oid := (SELECT (r.details ->> 'last')::oid FROM tenancy.job_runs r WHERE r.job = 'measure_storage' AND r.outcome = 'running');
    members regclass[] := ARRAY(
        SELECT a.relation FROM tenancy.attached_tables a JOIN pg_class c ON c.oid = a.relation
          LEFT JOIN tenancy.storage_tables t ON t.relation = a.relation
         WHERE c.relkind = 'r' AND (t.as_of IS NULL OR t.as_of <= since) AND a.relation::oid > coalesce(last, 0)
         ORDER BY a.relation::oid LIMIT batch);
    measured bigint := tenancy.measure_members(members, false, 1000, true);
BEGIN
    IF cardinality(members) = batch THEN
        RETURN jsonb_build_object('tables', measured, 'last', members[batch]::oid::text, 'more', true);
    END IF;
    PERFORM tenancy.write_storage_history();
    RETURN jsonb_build_object('tables', measured, 'alerts', tenancy.write_storage_alerts(), 'pruned', tenancy.prune_storage_history());
END
$$;
REVOKE ALL ON FUNCTION tenancy.job_measure_storage(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.job_measure_storage(integer) IS 'Internal: a step of the job measure_storage.';
