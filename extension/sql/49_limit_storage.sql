-- Limits on storage: a metric whose use is what was measured.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.limit_storage(plan text, bytes bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM tenancy.create_metric('storage.bytes', 'byte', 'what a tenant takes up on disk, as measured');
    RETURN tenancy.set_limit(plan, 'storage.bytes', bytes, 'total');
END
$$;
REVOKE ALL ON FUNCTION tenancy.limit_storage(text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.limit_storage(text, bigint) IS
'Limits what a tenant of the plan may take up on disk, in bytes (null = unlimited), in attached tables and its schema. While a tenant is above it, its INSERT, UPDATE, MERGE, COPY FROM, CREATE TABLE AS and SELECT INTO fail with 53400; it can read and delete. What it takes up is tenancy.tenant_storage: a measurement, so the limit is as exact as that (error_bytes), and a session looks again once a second. The limit is that of the metric storage.bytes: override_limit(), remove_limit() and explain_quota() work with it. False if nothing changes. Errors: 42704 unknown plan, 22023 negative.';

CREATE FUNCTION tenancy.storage_state(tenant text, OUT limit_bytes bigint, OUT used_bytes bigint, OUT error_bytes bigint, OUT as_of timestamptz, OUT until timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    soft boolean;
BEGIN
    SELECT o.amount, o.soft, o.until INTO limit_bytes, soft, until FROM tenancy.tenant_limits o
     WHERE o.tenant_id = tenant AND o.metric = 'storage.bytes' AND o.period = 'total' AND (o.until IS NULL OR o.until > tenancy.clock_time());
    IF NOT FOUND THEN
        SELECT p.amount, p.soft INTO limit_bytes, soft FROM tenancy.plan_limits p JOIN tenancy.tenants t ON t.plan = p.plan
         WHERE t.id = tenant AND p.metric = 'storage.bytes' AND p.period = 'total';
    END IF;
    IF soft THEN
        limit_bytes := NULL;
    ELSIF limit_bytes IS NOT NULL THEN
        SELECT coalesce(sum(s.bytes), 0), coalesce(sum(s.error_bytes), 0), min(s.as_of) INTO used_bytes, error_bytes, as_of
          FROM tenancy.tenant_storage s WHERE s.tenant_id IN (tenant, lower(tenant));
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.storage_state(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.storage_state(text) IS
'Internal: a registered tenant''s hard limit of storage.bytes (null = none), and what it takes up.';
