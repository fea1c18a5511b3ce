-- Event triggers that keep the wall up as tables come and change, and write down when it goes.
-- SPDX-License-Identifier: PostgreSQL

-- pg_dump's scripts set both. A dump brings the policies of its tables, and on a table that has
-- been attached before they come its CREATE POLICY would fail. Who sets them by hand goes without
-- the convenience, not past the wall: the table is a finding of check().
CREATE FUNCTION tenancy.is_restoring()
RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
RETURN current_setting('row_security') = 'off' AND current_setting('check_function_bodies') = 'off';
COMMENT ON FUNCTION tenancy.is_restoring() IS
'Internal: whether this session is restoring a dump.';

CREATE FUNCTION tenancy.attach_new_tables()
RETURNS event_trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    created record;
    child record;
    wanted name;
    problem text;
    problem_detail text;
    problem_hint text;
BEGIN
    IF tenancy.is_restoring() THEN
        RETURN;
    END IF;
    FOR created IN
        SELECT DISTINCT c.oid::regclass AS name, c.relkind
          FROM pg_event_trigger_ddl_commands() d
          JOIN pg_class c ON c.oid = d.objid
         WHERE d.classid = 'pg_class'::regclass
           AND NOT d.in_extension
           AND c.relkind IN ('r', 'p', 'f')
           AND c.relpersistence <> 't'
         ORDER BY 1
    LOOP
        wanted := tenancy.attached_column(created.name);
        IF wanted IS NOT NULL THEN
            -- Whatever stands under an attached table needs the same wall: it can be named itself.
            FOR child IN
                SELECT f.member AS name,
                       tenancy.has_tenant_index(
                           (SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = f.member
                             ORDER BY i.inhseqno LIMIT 1), wanted) AS index
                  FROM tenancy.family(created.name) f
                 WHERE NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = f.member
                                      AND p.polname = 'tenancy_isolation')
                 ORDER BY f.depth, f.member
            LOOP
                PERFORM tenancy.attach(child.name, wanted, child.index);
            END LOOP;
            CONTINUE;
        END IF;

        -- The function first: it loads the library, without which the setting is not there.
        wanted := tenancy.default_tenant_column();
        CONTINUE WHEN created.relkind = 'f'
            OR NOT current_setting('tenancy.auto_attach')::boolean
            OR tenancy.is_shared(created.name)
            -- adopt() attaches last, when the rows have their tenants.
            OR tenancy.is_adopting(created.name)
            -- A table that has deliberately not been attached is left alone, unless this
            -- transaction made or changed (name, type ...) the tenant column. detach() drops its
            -- default, so in one transaction with detach() any ALTER TABLE attaches it again.
            OR NOT EXISTS (SELECT FROM pg_attribute a
                            WHERE a.attrelid = created.name AND a.attname = wanted
                              AND a.attnum > 0 AND NOT a.attisdropped
                              AND age(a.xmin) <= 0);
        BEGIN
            PERFORM tenancy.require_attachable(created.name, wanted);
        EXCEPTION WHEN datatype_mismatch THEN
            GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, problem_detail = PG_EXCEPTION_DETAIL,
                                    problem_hint = PG_EXCEPTION_HINT;
            RAISE WARNING USING ERRCODE = 'datatype_mismatch',
                MESSAGE = format('%s, so it is not attached', problem),
                DETAIL = problem_detail, HINT = problem_hint;
            CONTINUE;
        END;
        PERFORM tenancy.attach(created.name, wanted);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.attach_new_tables() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.attach_new_tables() IS
'Event trigger: attaches new tables that have the column tenancy.tenant_column (while tenancy.auto_attach is on), tables that get it, and always partitions and children of attached tables. A column of a type that cannot hold tenants is a warning. Not for temporary tables, tables of extensions, and while pg_dump''s output is being restored. Errors: those of attach().';

-- SECURITY DEFINER, so that it may write the log; event trigger functions cannot be called, so that
-- nobody forges an entry.
CREATE FUNCTION tenancy.audit_policies()
RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    changed record;
BEGIN
    FOR changed IN
        SELECT p.polrelid::regclass AS name, p.polname, d.command_tag,
               jsonb_build_object('policy', p.polname,
                                  'using', pg_get_expr(p.polqual, p.polrelid)) AS after
          FROM pg_event_trigger_ddl_commands() d
          JOIN pg_policy p ON p.oid = d.objid
         WHERE d.classid = 'pg_policy'::regclass
           AND (p.polname = 'tenancy_isolation'
                -- Renamed away, or tenancy_access.
                OR d.command_tag = 'ALTER POLICY'
                   AND EXISTS (SELECT FROM pg_depend w
                                 JOIN pg_proc f ON f.oid = w.refobjid
                                WHERE w.classid = 'pg_policy'::regclass AND w.objid = p.oid
                                  AND w.refclassid = 'pg_proc'::regclass
                                  AND f.pronamespace = 'tenancy'::regnamespace))
         ORDER BY 1
    LOOP
        -- A restored database keeps the log it had.
        CONTINUE WHEN changed.command_tag = 'CREATE POLICY' AND tenancy.is_restoring();
        PERFORM tenancy.write_audit(CASE changed.command_tag WHEN 'CREATE POLICY' THEN 'attach'
                                         ELSE 'alter_policy' END,
                                    changed.name::text, NULL, changed.after);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.audit_policies() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.audit_policies() IS
'Event trigger: writes attach and alter_policy to tenancy.audit_log, whether attach() or somebody''s own command did it.';

CREATE FUNCTION tenancy.audit_drops()
RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    dropped record;
    old_reason text;
BEGIN
    FOR dropped IN
        SELECT d.classid, d.objid, d.object_identity,
               format('%I.%I', d.address_names[1], d.address_names[2]) AS table_name
          FROM pg_event_trigger_dropped_objects() d
         WHERE NOT d.is_temporary
           AND (d.classid = 'pg_policy'::regclass AND d.address_names[3] = 'tenancy_isolation'
                OR d.classid = 'pg_class'::regclass AND d.objsubid = 0)
         ORDER BY d.object_identity COLLATE "C"
    LOOP
        IF dropped.classid = 'pg_policy'::regclass THEN
            PERFORM tenancy.write_audit(CASE WHEN to_regclass(dropped.table_name) IS NULL
                                             THEN 'drop_table' ELSE 'detach' END,
                                        dropped.table_name,
                                        jsonb_build_object('policy', 'tenancy_isolation'), NULL);
            CONTINUE;
        END IF;
        -- Another table may get the OID one day.
        DELETE FROM tenancy.adoption_keys k WHERE dropped.objid IN (k.relation, k.member);
        DELETE FROM tenancy.adoptions a WHERE a.relation = dropped.objid;
        DELETE FROM tenancy.shared_tables s WHERE s.relation = dropped.objid
        RETURNING s.reason INTO old_reason;
        IF FOUND THEN
            PERFORM tenancy.write_audit('unshare', dropped.object_identity,
                                        jsonb_build_object('reason', old_reason), NULL);
        END IF;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.audit_drops() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.audit_drops() IS
'Event trigger: writes detach and drop_table to tenancy.audit_log when a wall goes, by whatever command, and withdraws share() of tables that are dropped.';

CREATE EVENT TRIGGER tenancy_attach_new_tables ON ddl_command_end
    -- CREATE SCHEMA may contain CREATE TABLE, which then has no event of its own.
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE', 'CREATE SCHEMA',
                 'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE')
    EXECUTE FUNCTION tenancy.attach_new_tables();
CREATE EVENT TRIGGER tenancy_audit_policies ON ddl_command_end
    WHEN TAG IN ('CREATE POLICY', 'ALTER POLICY')
    EXECUTE FUNCTION tenancy.audit_policies();
CREATE EVENT TRIGGER tenancy_audit_drops ON sql_drop
    EXECUTE FUNCTION tenancy.audit_drops();
-- Also under session_replication_role = replica, which switches ordinary event triggers off.
ALTER EVENT TRIGGER tenancy_attach_new_tables ENABLE ALWAYS;
ALTER EVENT TRIGGER tenancy_audit_policies ENABLE ALWAYS;
ALTER EVENT TRIGGER tenancy_audit_drops ENABLE ALWAYS;
