-- Which tables are counted: the triggers, their partitions, and counting what is there already.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.count_row() RETURNS trigger
LANGUAGE c VOLATILE AS 'MODULE_PATHNAME', 'tenancy_count_row';
-- Granted to PUBLIC: partitions get their triggers from whoever makes them. A trigger counts nothing
-- unless its table stands in counted_tables.
COMMENT ON FUNCTION tenancy.count_row() IS
'Trigger: counts a row of a table in tenancy.counted_tables. Errors: 39P01 not a trigger of track_rows(), 55000 the trigger that names the tenant column is missing.';

CREATE FUNCTION tenancy.begin_count(member regclass, tenant_column name, OUT tenant_id text, OUT rows bigint) RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_begin_count';
REVOKE ALL ON FUNCTION tenancy.begin_count(regclass, name) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.begin_count(regclass, name) IS
'Internal: the rows of a locked table by tenant as they are now, the transaction''s own included, which are then no longer pending. Errors: 55000 while a tenant is set.';

-- Names can be given to something else while LOCK TABLE waits.
CREATE FUNCTION tenancy.lock_writers_out(relation regclass, family boolean) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_lock_writers_out';
REVOKE ALL ON FUNCTION tenancy.lock_writers_out(regclass, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.lock_writers_out(regclass, boolean) IS
'Internal: locks a table, and its partitions and children with family, in SHARE ROW EXCLUSIVE MODE. Error: 42P01 it is gone.';

CREATE FUNCTION tenancy.forget_row_changes(member regclass) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_forget_row_changes';
REVOKE ALL ON FUNCTION tenancy.forget_row_changes(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.forget_row_changes(regclass) IS
'Internal: drops what the running transaction has changed in a table from what it will count.';

CREATE FUNCTION tenancy.forget_metric_at_commit(metric name) RETURNS void
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_forget_metric_at_commit';
REVOKE ALL ON FUNCTION tenancy.forget_metric_at_commit(name) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.forget_metric_at_commit(name) IS
'Internal: what is known of the use of a metric of rows is read again once the transaction has committed.';

-- Not a count of what goes: with a million tenants that would take longer than the rest of TRUNCATE.
CREATE FUNCTION tenancy.count_truncation() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    metric name;
BEGIN
    IF TG_OP <> 'TRUNCATE' THEN
        RAISE EXCEPTION USING ERRCODE = 'trigger_protocol_violated',
            MESSAGE = format('trigger "%s" is not one of tenancy.track_rows()', TG_NAME);
    END IF;
    UPDATE tenancy.counted_tables c SET count_id = DEFAULT, since = tenancy.clock_time()
     WHERE c.relation = TG_RELID RETURNING c.metric INTO metric;
    IF FOUND THEN
        PERFORM tenancy.forget_row_changes(TG_RELID), tenancy.forget_metric_at_commit(metric);
    END IF;
    RETURN NULL;
END
$$;
-- Granted to PUBLIC, because the triggers are made as the table's owner. It says only what TRUNCATE has done.
COMMENT ON FUNCTION tenancy.count_truncation() IS
'Trigger: a table in tenancy.counted_tables was emptied. Error: 39P01 not a trigger of TRUNCATE.';

-- Nobody has rows of these tables reserved then, so what is known of their use can be read again.
CREATE FUNCTION tenancy.lock_limited_tables(metric name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    root regclass;
BEGIN
    FOR root IN SELECT DISTINCT c.root FROM tenancy.counted_tables c
                 WHERE c.metric = lock_limited_tables.metric ORDER BY c.root LOOP
        PERFORM tenancy.lock_writers_out(root, true);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.lock_limited_tables(name) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.lock_limited_tables(name) IS
'Internal: keeps writers out of the tables behind a metric.';

-- The two settings are those of a restore: event triggers leave alone what is altered here. Triggers are made as
-- the table's owner: to make one of a partitioned table, the server calls functions in the partition key.
CREATE FUNCTION tenancy.count_member(member regclass, root regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET row_security = off SET check_function_bodies = off AS $$
DECLARE
    tenants name;
    owner name;
    wanted record;
    number bigint;
    limited name := (SELECT c.metric FROM tenancy.counted_tables c WHERE c.relation = count_member.root);
BEGIN
    -- Writers wait; those that came before have ended, so all that they have written is counted here.
    PERFORM tenancy.lock_writers_out(member, false);
    tenants := tenancy.attached_column(member); -- stays what it is from here on
    owner := (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = member);
    FOR wanted IN
        SELECT t.name, t.definition
          FROM (VALUES
            -- The second sees also what another trigger does to the column; the first names it, also for the
            -- second, and keeps it from being dropped.
            ('tenancy_count_rows', 'AFTER INSERT OR DELETE OR UPDATE OF %2$I ON %3$s FOR EACH ROW EXECUTE FUNCTION tenancy.count_row()'),
            ('tenancy_count_moves', 'AFTER UPDATE ON %3$s FOR EACH ROW WHEN (OLD.%2$I IS DISTINCT FROM NEW.%2$I) EXECUTE FUNCTION tenancy.count_row()'),
            ('tenancy_count_truncation', 'AFTER TRUNCATE ON %3$s FOR EACH STATEMENT EXECUTE FUNCTION tenancy.count_truncation()')
          ) AS t(name, definition)
         -- Others may have made triggers of these names. A partition's are its parent's.
         WHERE NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = member AND g.tgname = t.name AND g.tgparentid <> 0)
    LOOP
        PERFORM tenancy.run_as(owner, format('CREATE OR REPLACE TRIGGER %1$I ' || wanted.definition, wanted.name, tenants, member));
    END LOOP;
    -- Also under session_replication_role = replica, and where a subscription writes.
    FOR wanted IN
        SELECT g.tgname AS name FROM pg_trigger g
         WHERE g.tgrelid = member AND g.tgname IN ('tenancy_count_rows', 'tenancy_count_moves', 'tenancy_count_truncation') AND g.tgenabled <> 'A'
    LOOP
        PERFORM tenancy.run_as(owner, format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', member, wanted.name));
    END LOOP;
    INSERT INTO tenancy.counted_tables (relation, root, metric) VALUES (member, count_member.root, limited)
    ON CONFLICT ON CONSTRAINT counted_tables_pkey
    DO UPDATE SET root = excluded.root, count_id = DEFAULT, since = tenancy.clock_time(), metric = excluded.metric
    RETURNING count_id INTO number;
    INSERT INTO tenancy.row_totals (count_id, tenant_id, rows)
    SELECT number, b.tenant_id, b.rows FROM tenancy.begin_count(member, tenants) b;
    IF FOUND AND limited IS NOT NULL THEN
        PERFORM tenancy.lock_limited_tables(limited), tenancy.forget_metric_at_commit(limited);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.count_member(regclass, regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.count_member(regclass, regclass) IS
'Internal: makes the triggers of one counted table, where they are missing, and counts its rows anew.';

CREATE FUNCTION tenancy.drop_count_triggers(member regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name name;
BEGIN
    FOR name IN SELECT g.tgname FROM pg_trigger g
                 WHERE g.tgrelid = member AND g.tgname LIKE 'tenancy\_count\_%' AND g.tgparentid = 0 LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', name, member);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.drop_count_triggers(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.drop_count_triggers(regclass) IS
'Internal: drops what count_member() made, and with it the triggers of partitions.';

-- A member's triggers as they should be, after changes to the family or by somebody's hand.
CREATE FUNCTION tenancy.is_counting(member regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN (SELECT count(*) = 3 FROM pg_trigger g
         WHERE g.tgrelid = member AND g.tgname IN ('tenancy_count_rows', 'tenancy_count_moves', 'tenancy_count_truncation')
           AND g.tgenabled = 'A');
REVOKE ALL ON FUNCTION tenancy.is_counting(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.is_counting(regclass) IS
'Internal: has a table all the triggers that count its rows, and are they enabled?';

CREATE FUNCTION tenancy.require_logged(root regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    member regclass := (SELECT f.member FROM tenancy.family(root) f JOIN pg_class c ON c.oid = f.member WHERE c.relpersistence = 'u' LIMIT 1);
BEGIN
    IF member IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('cannot count the rows of unlogged table %s', member),
            DETAIL = 'A crash of the server empties it, and its count would stay.', HINT = 'Make it a logged table: ALTER TABLE … SET LOGGED.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.require_logged(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.require_logged(regclass) IS
'Internal: an error if a table, partition or child is unlogged.';

CREATE FUNCTION tenancy.track_rows(relation regclass) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    member regclass;
    changed boolean := false;
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'table must not be null';
    ELSIF tenancy.attached_column(relation) IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('table %s is not attached', relation), HINT = 'Attach it with tenancy.attach() first.';
    ELSIF EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = track_rows.relation) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('cannot count the rows of %s, which is a partition or child', relation),
            HINT = 'Name its parent: partitions and children are counted with it.';
    END IF;
    PERFORM tenancy.require_logged(relation);
    FOR member IN SELECT f.member FROM tenancy.family(relation) f LOOP
        CONTINUE WHEN tenancy.is_counting(member)
            AND EXISTS (SELECT FROM tenancy.counted_tables c WHERE c.relation = member AND c.root = track_rows.relation);
        PERFORM tenancy.count_member(member, relation);
        changed := true;
    END LOOP;
    IF changed THEN
        PERFORM tenancy.write_audit('track_rows', relation::text, NULL, NULL);
    END IF;
    RETURN changed;
END
$$;
REVOKE ALL ON FUNCTION tenancy.track_rows(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.track_rows(regclass) IS
'Counts the rows of an attached table, its partitions and its children by tenant, from now on and exactly: tenancy.row_counts. It makes triggers, reads the table once and keeps writers out of it until the transaction ends. True if something had to be done, so it also mends what was damaged. Errors: 55000 the table is not attached, it is a partition or child, it or one of those is unlogged, or a tenant is set; 22004 null.';

CREATE FUNCTION tenancy.recount_rows(relation regclass) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    member regclass;
    wrong bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.counted_tables c WHERE c.root = recount_rows.relation) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('rows of table %s are not counted', relation),
            HINT = 'Begin with tenancy.track_rows(), and name the parent of partitions.';
    END IF;
    PERFORM tenancy.lock_writers_out(relation, true);
    CREATE TEMPORARY TABLE tenancy_counts_before ON COMMIT DROP AS
        SELECT r.tenant_id, r.rows FROM tenancy.row_counts r WHERE r.relation = recount_rows.relation;
    FOR member IN SELECT f.member FROM tenancy.family(relation) f LOOP
        PERFORM tenancy.count_member(member, relation);
    END LOOP;
    SELECT count(*) INTO wrong
      FROM pg_temp.tenancy_counts_before b
      FULL JOIN (SELECT r.tenant_id, r.rows FROM tenancy.row_counts r WHERE r.relation = recount_rows.relation) a
        ON a.tenant_id = b.tenant_id
     WHERE a.rows IS DISTINCT FROM b.rows;
    DROP TABLE pg_temp.tenancy_counts_before;
    PERFORM tenancy.write_audit('recount_rows', relation::text, NULL, jsonb_build_object('wrong', wrong));
    RETURN wrong;
END
$$;
REVOKE ALL ON FUNCTION tenancy.recount_rows(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.recount_rows(regclass) IS
'Counts the rows of a counted table again, as after its triggers were disabled; reads the table once and keeps writers out until the transaction ends. Returns for how many tenants the count was wrong: 0 unless somebody has meddled. Errors: 55000 the table is not counted, or a tenant is set.';

CREATE FUNCTION tenancy.untrack_rows(relation regclass) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    member regclass;
    metric name := (SELECT c.metric FROM tenancy.counted_tables c WHERE c.relation = untrack_rows.relation);
    found_any boolean := false;
BEGIN
    IF metric IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('rows of table %s are limited by metric "%s"', relation, metric),
            HINT = 'End that first with tenancy.unlimit_rows().';
    END IF;
    FOR member IN DELETE FROM tenancy.counted_tables c WHERE c.root = untrack_rows.relation RETURNING c.relation LOOP
        PERFORM tenancy.drop_count_triggers(member);
        found_any := true;
    END LOOP;
    IF found_any THEN
        PERFORM tenancy.write_audit('untrack_rows', relation::text, NULL, NULL);
    END IF;
    RETURN found_any;
END
$$;
REVOKE ALL ON FUNCTION tenancy.untrack_rows(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.untrack_rows(regclass) IS
'Ends track_rows(): drops the triggers and the counts. False if the table was not counted. Errors: 55000 its rows are limited.';

-- The family of a counted table has changed, or somebody has dropped a trigger, which is made again:
-- counting is the operator's business, not that of the table's owner.
CREATE FUNCTION tenancy.follow_family(root regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    member regclass;
    metric name;
BEGIN
    FOR member, metric IN
        DELETE FROM tenancy.counted_tables c
         WHERE c.root = follow_family.root
           AND NOT (EXISTS (SELECT FROM tenancy.family(follow_family.root) f WHERE f.member = c.relation)
                    AND tenancy.attached_column(c.relation) IS NOT NULL)
        RETURNING c.relation, c.metric
    LOOP
        PERFORM tenancy.forget_metric_at_commit(metric);
        IF EXISTS (SELECT FROM pg_class c WHERE c.oid = member) THEN
            PERFORM tenancy.drop_count_triggers(member);
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM tenancy.counted_tables c WHERE c.root = follow_family.root) THEN
        PERFORM tenancy.require_logged(root);
    END IF;
    -- The parent first, whose triggers its partitions get from the server.
    FOR member IN
        SELECT f.member FROM tenancy.family(root) f
         WHERE EXISTS (SELECT FROM tenancy.counted_tables c WHERE c.root = follow_family.root)
           AND NOT EXISTS (SELECT FROM tenancy.counted_tables c
                            WHERE c.relation = f.member
                              AND (SELECT count(*) = 3 FROM pg_trigger g WHERE g.tgrelid = f.member
                                    AND g.tgname IN ('tenancy_count_rows', 'tenancy_count_moves', 'tenancy_count_truncation')))
         ORDER BY f.depth
    LOOP
        PERFORM tenancy.count_member(member, root);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.follow_family(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.follow_family(regclass) IS
'Internal: begins to count the new partitions and children of a counted table, and those that have lost a trigger, and no longer counts those that are gone.';

CREATE FUNCTION tenancy.follow_counted_tables() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    root regclass;
BEGIN
    IF tenancy.is_restoring() OR NOT EXISTS (SELECT FROM tenancy.counted_tables) THEN
        RETURN;
    END IF;
    FOR root IN
        WITH RECURSIVE up AS (
            SELECT d.objid AS oid FROM pg_event_trigger_ddl_commands() d
             WHERE d.classid = 'pg_class'::regclass AND NOT d.in_extension
            UNION
            SELECT i.inhparent FROM pg_inherits i JOIN up ON i.inhrelid = up.oid)
        SELECT DISTINCT c.root FROM up JOIN tenancy.counted_tables c ON c.relation = up.oid ORDER BY 1
    LOOP
        PERFORM tenancy.follow_family(root);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.follow_counted_tables() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.follow_counted_tables() IS
'Event trigger: counts new partitions and children of counted tables, and stops counting those that are detached. Not while pg_dump''s output is being restored, which brings the counts. Errors: 55000 while a tenant is set.';

CREATE FUNCTION tenancy.forget_dropped_counts() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    root regclass;
BEGIN
    -- A dropped table's root is dropped, too, or its family must be looked at; its name is gone.
    FOR root IN
        SELECT DISTINCT c.root
          FROM pg_event_trigger_dropped_objects() d
          JOIN tenancy.counted_tables c
            ON d.classid = 'pg_class'::regclass AND d.objsubid = 0 AND c.relation = d.objid
            OR d.classid = 'pg_trigger'::regclass AND d.address_names[3] LIKE 'tenancy\_count\_%'
               AND c.relation = to_regclass(format('%I.%I', d.address_names[1], d.address_names[2]))
         ORDER BY 1
    LOOP
        PERFORM tenancy.follow_family(root);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.forget_dropped_counts() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.forget_dropped_counts() IS
'Event trigger: ends the counts of tables that are dropped, and makes triggers again that count.';

-- With the caller's rights: the privilege TRIGGER is enough to put a trigger in another's place, and so to end a count.
CREATE FUNCTION tenancy.check_new_triggers() RETURNS event_trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made record;
BEGIN
    FOR made IN
        SELECT g.tgname AS name, g.tgrelid::regclass AS relation
          FROM pg_event_trigger_ddl_commands() d
          JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid
          JOIN pg_class c ON c.oid = g.tgrelid
         WHERE g.tgname IN ('tenancy_count_rows', 'tenancy_count_moves', 'tenancy_count_truncation')
           AND NOT pg_has_role(c.relowner, 'USAGE')
    LOOP
        RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
            MESSAGE = format('must be owner of table %s to make trigger "%s"', made.relation, made.name),
            DETAIL = 'Triggers of this name count rows.', HINT = 'Choose another name.';
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.check_new_triggers() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_new_triggers() IS
'Event trigger: triggers with the names of those that count rows are made by a table''s owner only. Errors: 42501 another role makes one.';

CREATE EVENT TRIGGER tenancy_check_new_triggers ON ddl_command_end
    WHEN TAG IN ('CREATE TRIGGER') EXECUTE FUNCTION tenancy.check_new_triggers();
CREATE EVENT TRIGGER tenancy_follow_counted_tables ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'CREATE SCHEMA', 'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE')
    EXECUTE FUNCTION tenancy.follow_counted_tables();
CREATE EVENT TRIGGER tenancy_forget_dropped_counts ON sql_drop
    EXECUTE FUNCTION tenancy.forget_dropped_counts();
ALTER EVENT TRIGGER tenancy_check_new_triggers ENABLE ALWAYS;
ALTER EVENT TRIGGER tenancy_follow_counted_tables ENABLE ALWAYS;
ALTER EVENT TRIGGER tenancy_forget_dropped_counts ENABLE ALWAYS;
