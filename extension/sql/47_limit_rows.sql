-- Limits on rows: tables whose counted rows are what a metric's limits are held to.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.is_metric_of_rows(metric text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN is_metric_of_rows.metric = 'storage.bytes'
    OR EXISTS (SELECT FROM tenancy.counted_tables c WHERE c.metric = is_metric_of_rows.metric);
REVOKE ALL ON FUNCTION tenancy.is_metric_of_rows(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.is_metric_of_rows(text) IS
'Internal: does a metric count the rows of tables, or their bytes?';

-- plpgsql, because the view of storage comes later.
CREATE FUNCTION tenancy.rows_used(tenant text, metric text) RETURNS numeric
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(sum(r.rows), 0) FROM tenancy.counted_tables c
          JOIN (SELECT t.count_id, t.tenant_id, t.rows FROM tenancy.row_totals t
                UNION ALL SELECT d.count_id, d.tenant_id, d.rows FROM tenancy.row_changes d) r ON r.count_id = c.count_id
         -- As registered, or in the one form of a uuid or number.
         WHERE c.metric = rows_used.metric AND r.tenant_id IN (rows_used.tenant, lower(rows_used.tenant)))
    + CASE WHEN metric = 'storage.bytes' THEN
        (SELECT coalesce(sum(s.bytes), 0) FROM tenancy.tenant_storage s WHERE s.tenant_id IN (rows_used.tenant, lower(rows_used.tenant))) ELSE 0 END;
END
$$;
REVOKE ALL ON FUNCTION tenancy.rows_used(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.rows_used(text, text) IS
'Internal: committed rows of a registered tenant in the tables behind a metric, or its bytes.';

CREATE FUNCTION tenancy.limit_rows(relation regclass, metric text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known tenancy.metrics;
    present name;
BEGIN
    SELECT * INTO known FROM tenancy.metrics m WHERE m.name = limit_rows.metric;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('metric "%s" does not exist', metric), HINT = 'Create it with tenancy.create_metric().';
    ELSIF metric = 'storage.bytes' OR known.aggregation <> 'sum' THEN
        RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
            MESSAGE = format('metric "%s" cannot count rows', metric), DETAIL = CASE WHEN metric = 'storage.bytes' THEN 'It counts bytes.' ELSE format('Its aggregation is %s, not sum.', known.aggregation) END;
    ELSIF EXISTS (SELECT FROM tenancy.plan_limits l WHERE l.metric = limit_rows.metric AND l.period <> 'total'
                  UNION ALL SELECT FROM tenancy.tenant_limits l WHERE l.metric = limit_rows.metric AND l.period <> 'total') THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('metric "%s" has limits of other periods than total', metric),
            HINT = 'Remove them with tenancy.remove_limit() and tenancy.remove_override().';
    END IF;
    PERFORM tenancy.track_rows(relation);
    SELECT c.metric INTO present FROM tenancy.counted_tables c WHERE c.relation = limit_rows.relation;
    IF present = metric THEN
        RETURN false;
    ELSIF present IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('rows of table %s are limited by metric "%s"', relation, present),
            HINT = 'End that first with tenancy.unlimit_rows().';
    END IF;
    UPDATE tenancy.counted_tables c SET metric = limit_rows.metric WHERE c.root = limit_rows.relation;
    PERFORM tenancy.lock_limited_tables(metric), tenancy.forget_metric_at_commit(metric);
    PERFORM tenancy.write_audit('limit_rows', relation::text, NULL, jsonb_build_object('metric', metric));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.limit_rows(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.limit_rows(regclass, text) IS
'Holds the rows that a tenant has in an attached table, its partitions and its children to the metric''s total limit (set_limit(plan, metric, amount, ''total'')), together with those of other tables of the same metric. INSERT, COPY, UPDATE of the tenant column and cascades past the limit fail with 53400 at the end of the statement; rows that are deleted make room for others once that has committed. What is there already counts, and is never refused. Keeps writers out of the tables of the metric until the transaction ends, and counts rows as track_rows() does. The metric cannot be used otherwise from then on. False if nothing changes. Errors: 42704 unknown metric, 42809 its aggregation is not sum, 55000 limits of other periods, another metric, or those of track_rows().';

CREATE FUNCTION tenancy.unlimit_rows(relation regclass) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_metric name := (SELECT c.metric FROM tenancy.counted_tables c WHERE c.relation = unlimit_rows.relation AND c.root = c.relation);
BEGIN
    IF old_metric IS NULL THEN
        RETURN false;
    END IF;
    PERFORM tenancy.lock_limited_tables(old_metric), tenancy.forget_metric_at_commit(old_metric);
    UPDATE tenancy.counted_tables c SET metric = NULL WHERE c.root = unlimit_rows.relation;
    PERFORM tenancy.write_audit('unlimit_rows', relation::text, jsonb_build_object('metric', old_metric), NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.unlimit_rows(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.unlimit_rows(regclass) IS
'Ends limit_rows(): the rows of the table no longer count against the metric. They are still counted, until untrack_rows(). Keeps writers out of the tables of the metric until the transaction ends. False if they were not limited.';
