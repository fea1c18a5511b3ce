-- Tables that belong to all tenants, declared with a reason.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.shared_tables (
    relation regclass PRIMARY KEY,
    reason text NOT NULL CHECK (pg_catalog.btrim(reason) <> ''),
    declared_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    declared_by name NOT NULL DEFAULT tenancy.calling_role()
);
COMMENT ON TABLE tenancy.shared_tables IS
'Tables that belong to all tenants, and why. Change it with tenancy.share() and tenancy.unshare().';
REVOKE ALL ON tenancy.shared_tables FROM PUBLIC;
-- The event trigger asks this for every role that creates a table; the reasons stay private.
GRANT SELECT (relation) ON tenancy.shared_tables TO PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.shared_tables', '');

CREATE FUNCTION tenancy.is_shared(relation regclass)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN EXISTS (SELECT FROM tenancy.shared_tables s WHERE s.relation = is_shared.relation)
        OR EXISTS (SELECT FROM pg_inherits i
                    WHERE i.inhrelid = is_shared.relation AND tenancy.is_shared(i.inhparent));
END
$$;
COMMENT ON FUNCTION tenancy.is_shared(regclass) IS
'Internal: whether a table, or one it is a partition or child of, is declared shared.';
CREATE FUNCTION tenancy.share(relation regclass, reason text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    old_reason text;
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'table must not be null';
    END IF;
    IF coalesce(btrim(reason), '') = '' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'a shared table needs a reason',
            HINT = 'Say why every tenant may see all of its rows.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = share.relation
                      AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't') THEN
        RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
            MESSAGE = format('cannot share %s', relation),
            DETAIL = 'Only permanent tables and partitioned tables are declared.',
            HINT = 'Name a table of the application.';
    END IF;
    IF EXISTS (SELECT FROM tenancy.family(relation) f
                WHERE tenancy.attached_column(f.member) IS NOT NULL) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('table %s is attached', relation),
            DETAIL = 'A table is either shared or attached.',
            HINT = 'Run tenancy.detach() first.';
    END IF;
    INSERT INTO tenancy.shared_tables (relation, reason)
    VALUES (share.relation, share.reason)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        SELECT s.reason FROM tenancy.shared_tables s WHERE s.relation = share.relation
           FOR UPDATE INTO old_reason;
        IF old_reason = reason THEN
            RETURN false;
        END IF;
        UPDATE tenancy.shared_tables s SET reason = share.reason
         WHERE s.relation = share.relation;
    END IF;
    PERFORM tenancy.write_audit('share', relation::text,
                                CASE WHEN old_reason IS NOT NULL
                                     THEN jsonb_build_object('reason', old_reason) END,
                                jsonb_build_object('reason', reason));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.share(regclass, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.share(regclass, text) IS
'Declares that a table (with its partitions and children) belongs to all tenants, and why, so that it is neither attached by itself nor a finding of check(). For operators. Returns whether that changed anything; another reason replaces the old one. Errors: 22023 no reason, 42809 not a permanent table, 55000 the table is attached.';

CREATE FUNCTION tenancy.unshare(relation regclass)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    old_reason text;
BEGIN
    DELETE FROM tenancy.shared_tables s WHERE s.relation = unshare.relation
    RETURNING s.reason INTO old_reason;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('unshare', relation::text,
                                jsonb_build_object('reason', old_reason), NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.unshare(regclass) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.unshare(regclass) IS
'Withdraws share(). For operators. Returns false when the table was not declared shared. The table is not attached by itself then: check() reports it.';
