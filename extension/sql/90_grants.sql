-- ---------------------------------------------------------------------------------------------
-- Who may do what: operators run the registry, quotas and billing; applications need nothing but
-- their own tables, since what they call is granted to everybody.
-- ---------------------------------------------------------------------------------------------

-- Functions that only the extension itself calls: not even operators get them.
CREATE FUNCTION tenancy.is_internal(function regprocedure) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN obj_description(function, 'pg_proc') LIKE 'Internal:%'
    OR (SELECT p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype)
        FROM pg_proc p WHERE p.oid = function);
REVOKE ALL ON FUNCTION tenancy.is_internal(regprocedure) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.is_internal(regprocedure) IS
'Internal: is this a function that users do not call?';

CREATE FUNCTION tenancy.change_operator(action text, role regrole) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    statement text;
    was boolean;
BEGIN
    IF role IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'role must not be null';
    END IF;
    was := has_function_privilege(role, 'tenancy.create_tenants(jsonb, boolean)', 'EXECUTE');
    FOR statement IN
        SELECT format(CASE action WHEN 'grant_operator' THEN 'GRANT EXECUTE ON ROUTINE %s TO %s'
                      ELSE 'REVOKE EXECUTE ON ROUTINE %s FROM %s' END, p.oid::regprocedure, role)
        FROM pg_proc p
        WHERE p.pronamespace = 'tenancy'::regnamespace
          -- for_each_tenant() and prove_isolation() run with the caller's rights, and views' functions do, so the
          -- caller needs their parts; tenancyd takes locks.
          AND (NOT tenancy.is_internal(p.oid) OR p.proname LIKE 'prove\_%'
               OR p.proname = ANY ('{begin_run,collect_run,next_in_run,record_in_run,end_run,live_resources,is_settled,tenant_setting,take_lock,release_lock}'))
          AND p.proname <> ALL ('{grant_operator,revoke_operator}')
        UNION ALL
        SELECT format(CASE action WHEN 'grant_operator' THEN 'GRANT SELECT ON %s TO %s'
                      ELSE 'REVOKE SELECT ON %s FROM %s' END, c.oid::regclass, role)
        FROM pg_class c
        WHERE c.relnamespace = 'tenancy'::regnamespace AND c.relkind IN ('r', 'p', 'v')
          AND c.relname <> ALL ('{token_secrets,webhook_secrets}')
    LOOP
        EXECUTE statement;
    END LOOP;
    IF was = (action = 'grant_operator') THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit(action, role::text, NULL, NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.change_operator(text, regrole) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.change_operator(text, regrole) IS
'Internal: grants or revokes what an operator needs.';

CREATE FUNCTION tenancy.grant_operator(role regrole) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.change_operator('grant_operator', role);
REVOKE ALL ON FUNCTION tenancy.grant_operator(regrole) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.grant_operator(regrole) IS
'Lets a role operate tenancy: all control functions, and reading of its tables; what tenancyd logs in with. It cannot make further operators. Repeat it after an update of the extension. True if the role was no operator before.';

CREATE FUNCTION tenancy.revoke_operator(role regrole) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.change_operator('revoke_operator', role);
REVOKE ALL ON FUNCTION tenancy.revoke_operator(regrole) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.revoke_operator(regrole) IS
'Takes back what grant_operator() gave. True if the role was an operator before.';

CREATE FUNCTION tenancy.grant_application(role regrole) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    statement text;
    was boolean;
BEGIN
    IF role IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'role must not be null';
    END IF;
    IF (SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles r WHERE r.oid = role) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('role %s bypasses row security', role),
            DETAIL = 'Without a tenant it would see the rows of all tenants.',
            HINT = 'Give the application an ordinary role: NOSUPERUSER NOBYPASSRLS.';
    END IF;
    was := EXISTS (SELECT FROM pg_proc p, aclexplode(p.proacl) a
        WHERE p.oid = 'tenancy.consume(text, bigint, text)'::regprocedure AND a.grantee = role);
    FOR statement IN
        SELECT format('GRANT EXECUTE ON ROUTINE %s TO %s', p.oid::regprocedure, role)
        FROM pg_proc p
        WHERE p.pronamespace = 'tenancy'::regnamespace AND p.proname = ANY ('{set_tenant,set_tenant_token,reset_tenant,current_tenant,current_tenant_text,current_tenant_uuid,current_tenant_bigint,current_tenant_int,record_usage,consume,try_consume,check_quota,release,acquire_lease,try_acquire_lease,release_lease}')
    LOOP
        EXECUTE statement;
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA tenancy TO %s', role);
    IF NOT was THEN
        PERFORM tenancy.write_audit('grant_application', role::text, NULL, NULL);
    END IF;
    RETURN NOT was;
END
$$;
REVOKE ALL ON FUNCTION tenancy.grant_application(regrole) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.grant_application(regrole) IS
'Grants a role what an application calls, for databases where that has been revoked from everybody, and refuses roles that bypass row security. True if the role did not have it. Errors: 22023 the role bypasses row security, 22004 null.';

