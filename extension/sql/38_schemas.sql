-- A schema for each tenant: the template, its copies, and which schema is whose.
-- SPDX-License-Identifier: PostgreSQL

-- The library reads this table by column number, by its primary key, and by its key on tenant.
CREATE TABLE tenancy.tenant_schemas (
    schema_name text COLLATE "C" PRIMARY KEY,
    tenant text COLLATE "C" CONSTRAINT tenant_schemas_tenant_key UNIQUE,
    created_at timestamptz NOT NULL DEFAULT tenancy.clock_time()
);
CREATE UNIQUE INDEX tenant_schemas_template ON tenancy.tenant_schemas ((tenant IS NULL)) WHERE tenant IS NULL;
COMMENT ON TABLE tenancy.tenant_schemas IS
'Schemas of tenants that have one of their own; the row without a tenant is the template. Change it through the functions.';
REVOKE ALL ON tenancy.tenant_schemas FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.tenant_schemas', '');

CREATE TRIGGER tell_sessions AFTER UPDATE OR DELETE OR TRUNCATE ON tenancy.tenant_schemas
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
-- A new tenant needs no news, a template does.
CREATE TRIGGER tell_sessions_template AFTER INSERT ON tenancy.tenant_schemas
    FOR EACH ROW WHEN (NEW.tenant IS NULL) EXECUTE FUNCTION tenancy.registry_changed();
ALTER TABLE tenancy.tenant_schemas ENABLE ALWAYS TRIGGER tell_sessions;
ALTER TABLE tenancy.tenant_schemas ENABLE ALWAYS TRIGGER tell_sessions_template;

CREATE FUNCTION tenancy.schema_name(tenant text) RETURNS text
LANGUAGE c STRICT IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tenancy_schema_name';
REVOKE ALL ON FUNCTION tenancy.schema_name(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.schema_name(text) IS
'The name that the schema of a tenant has, or would have: tenant_ and the id in lower case; an id of more than 55 bytes is cut and a hash added. Errors: 22023 not a possible id.';

CREATE FUNCTION tenancy.require_reachable(relation regclass) RETURNS regclass
LANGUAGE c STRICT STABLE PARALLEL SAFE COST 1 AS 'MODULE_PATHNAME', 'tenancy_require_reachable';
COMMENT ON FUNCTION tenancy.require_reachable(regclass) IS
'Internal: an error (42501) if the relation lies in a schema that this session may not reach; around the arguments of nextval() and its like.';

CREATE FUNCTION tenancy.build_schema(schema text, role oid, statement text) RETURNS void
LANGUAGE c STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'tenancy_build_schema';
REVOKE ALL ON FUNCTION tenancy.build_schema(text, oid, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.build_schema(text, oid, text) IS
'Internal: runs a statement as a role, while a schema is being made.';

CREATE FUNCTION tenancy.template_faults(schema text)
RETURNS TABLE(object text, reason text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    WITH space AS (SELECT n.oid, n.nspname FROM pg_namespace n WHERE n.nspname = template_faults.schema),
    member AS (
        SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object
          FROM pg_depend d JOIN space s ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = s.oid)
    SELECT m.object, 'objects of this kind are not copied'
      FROM member m
      LEFT JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
      LEFT JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
     WHERE c.relkind NOT IN ('r', 'p', 'v', 'S', 'i', 'I') OR p.prokind = 'a'
        OR m.classid NOT IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_statistic_ext'::regclass,
                             'pg_default_acl'::regclass, 'pg_extension'::regclass)
    UNION ALL
    SELECT m.object, format('it belongs to extension "%s"', e.extname)
      FROM member m
      JOIN pg_depend d ON d.classid = m.classid AND d.objid = m.objid AND d.deptype = 'e'
      JOIN pg_extension e ON e.oid = d.refobjid
    UNION ALL
    SELECT m.object, 'it is a typed table'
      FROM member m JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid WHERE c.reloftype <> 0
    UNION ALL
    SELECT m.object, CASE WHEN c.relispartition THEN format('it is a partition of %s, which lies outside', i.inhparent::regclass)
                          ELSE format('it inherits from %s', i.inhparent::regclass) END
      FROM member m
      JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind IN ('r', 'p')
      JOIN pg_inherits i ON i.inhrelid = c.oid
      JOIN pg_class up ON up.oid = i.inhparent
     WHERE NOT c.relispartition OR up.relnamespace <> c.relnamespace
    UNION ALL
    SELECT m.object, format('its child or partition %s lies outside', i.inhrelid::regclass)
      FROM member m
      JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind IN ('r', 'p')
      JOIN pg_inherits i ON i.inhparent = c.oid
      JOIN pg_class down ON down.oid = i.inhrelid
     WHERE down.relnamespace <> c.relnamespace
    UNION ALL
    SELECT m.object, format('table %s outside refers to it', k.conrelid::regclass)
      FROM member m
      JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
      JOIN pg_constraint k ON k.contype = 'f' AND k.confrelid = c.oid
      JOIN pg_class other ON other.oid = k.conrelid AND other.relnamespace <> c.relnamespace
    UNION ALL
    -- The server plans a query over both tables of a key, and computes a partition key, as the role that makes the copy's.
    SELECT m.object, format('it depends on table %s of role %I, whose functions would run with the rights of role %I',
                            other.oid::regclass, pg_get_userbyid(other.relowner), pg_get_userbyid(c.relowner))
      FROM member m
      JOIN pg_class c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
      JOIN (SELECT k.conrelid AS oid, k.confrelid AS needs FROM pg_constraint k WHERE k.contype = 'f'
            UNION SELECT i.inhrelid, i.inhparent FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid AND p.relispartition) d ON d.oid = c.oid
      JOIN pg_class other ON other.oid = d.needs AND other.relkind IN ('r', 'p')
     WHERE NOT pg_has_role(other.relowner, c.relowner, 'MEMBER')
    UNION ALL
    SELECT m.object, 'its body names the schema, so a copy would reach into the template'
      FROM member m
      JOIN space s ON true
      JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
     WHERE p.prosqlbody IS NULL AND position(quote_ident(s.nspname) || '.' IN lower(p.prosrc)) > 0
    UNION ALL
    SELECT m.object, 'it has a security label'
      FROM member m JOIN pg_seclabel l ON l.classoid = m.classid AND l.objoid = m.objid
     ORDER BY 1, 2
$$;
REVOKE ALL ON FUNCTION tenancy.template_faults(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.template_faults(text) IS
'Internal: what in a schema cannot be copied, and why.';

CREATE FUNCTION tenancy.require_template(schema text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    faults text := (SELECT string_agg(format('%s: %s', f.object, f.reason), '; ') FROM tenancy.template_faults(schema) f);
BEGIN
    IF to_regnamespace(quote_ident(schema)) IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_schema_name', MESSAGE = format('schema "%s" does not exist', schema);
    END IF;
    IF faults IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
            MESSAGE = format('schema "%s" cannot be copied for tenants', schema), DETAIL = faults || '.',
            HINT = 'Keep such objects in a schema outside of the template, which all tenants share.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.require_template(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.require_template(text) IS 'Internal: an error unless all of a schema can be copied.';

CREATE FUNCTION tenancy.set_template_schema(schema text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_schema text;
BEGIN
    PERFORM tenancy.lock_template(true);
    SELECT t.schema_name INTO old_schema FROM tenancy.tenant_schemas t WHERE t.tenant IS NULL;
    IF old_schema IS NOT DISTINCT FROM schema THEN
        RETURN false;
    END IF;
    IF schema IS NULL THEN
        IF EXISTS (SELECT FROM tenancy.tenant_schemas t WHERE t.tenant IS NOT NULL) THEN
            RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
                MESSAGE = 'there are tenants with a schema of their own',
                HINT = 'Name another template; tenancy.tenant_schemas lists the tenants.';
        END IF;
    ELSIF schema = 'tenancy' OR schema = 'information_schema' OR starts_with(schema, 'pg_')
       OR EXISTS (SELECT FROM tenancy.tenant_schemas t WHERE t.schema_name = schema) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('schema "%s" cannot be the template', schema),
            DETAIL = 'It belongs to the server, to the extension, or to a tenant.';
    ELSIF NOT regexp_split_to_array(concat_ws(',', replace(current_setting('shared_preload_libraries'), '"', ''),
                                              replace(current_setting('session_preload_libraries'), '"', '')), '\s*,\s*')
              && ARRAY['tenancy', '$libdir/tenancy'] THEN
        -- Grants alone would not keep tenants' schemas apart in a session that has not loaded the library.
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'tenants'' schemas need the library in every session',
            HINT = 'Add tenancy to shared_preload_libraries and restart the server.';
    ELSE
        PERFORM tenancy.require_template(schema);
    END IF;
    DELETE FROM tenancy.tenant_schemas t WHERE t.tenant IS NULL;
    IF schema IS NOT NULL THEN
        INSERT INTO tenancy.tenant_schemas (schema_name) VALUES (schema);
    END IF;
    PERFORM tenancy.write_audit('set_template_schema', coalesce(schema, old_schema),
        jsonb_build_object('schema', old_schema), jsonb_build_object('schema', schema));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_template_schema(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_template_schema(text) IS
'Chooses the schema from which new tenants get theirs with create_tenant(..., isolation => ''schema''); null for none. In the search path a tenant''s schema stands in its place. False if it was that already. Errors: 3F000 no such schema, 0A000 it has objects that cannot be copied (all are named), 22023 a schema that cannot be the template, 55000 null while tenants have schemas, or a server that does not preload the library.';

-- Whoever copies the template holds this lock shared, whoever changes it alone: a tenant is either
-- there when a migration begins, or made from the migrated template.
CREATE FUNCTION tenancy.lock_template(alone boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
            MESSAGE = 'the template of tenants'' schemas is only used in transactions READ COMMITTED',
            DETAIL = 'An older snapshot could miss a change of it.';
    END IF;
    IF alone THEN
        PERFORM tenancy.take_lock(29777, 1);
    ELSE
        PERFORM tenancy.take_lock(29777, 1, shared => true);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.lock_template(boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.lock_template(boolean) IS
'Internal: keeps copies and changes of the template apart until the transaction ends.';

-- What of a schema depends on something in another: a copy that is none. Definitions bound by object
-- (a temporary table or an overloaded name in the way) show here, however they came about.
CREATE FUNCTION tenancy.ties_between(schema text, other text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN (
    WITH top AS (
        SELECT d.classid AS class, d.objid AS oid, n.nspname = schema AS is_ours
          FROM pg_namespace n
          JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
         WHERE n.nspname IN (schema, other)),
    inside AS (
        SELECT t.class, t.oid, t.is_ours FROM top t
        UNION ALL
        SELECT 'pg_class'::regclass, i.indexrelid, t.is_ours FROM top t JOIN pg_index i ON i.indrelid = t.oid
         WHERE t.class = 'pg_class'::regclass
        UNION ALL
        SELECT 'pg_type'::regclass, y.type, t.is_ours
          FROM top t
          JOIN pg_class c ON c.oid = t.oid AND t.class = 'pg_class'::regclass
          JOIN pg_type r ON r.oid = c.reltype
         CROSS JOIN LATERAL (VALUES (r.oid), (r.typarray)) AS y(type)),
    ours AS (
        SELECT i.class, i.oid FROM inside i WHERE i.is_ours
        UNION ALL SELECT 'pg_attrdef'::regclass, a.oid FROM inside i JOIN pg_attrdef a ON a.adrelid = i.oid WHERE i.is_ours
        UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM inside i JOIN pg_constraint k ON k.conrelid = i.oid WHERE i.is_ours
        UNION ALL SELECT 'pg_rewrite'::regclass, w.oid FROM inside i JOIN pg_rewrite w ON w.ev_class = i.oid WHERE i.is_ours
        UNION ALL SELECT 'pg_trigger'::regclass, g.oid FROM inside i JOIN pg_trigger g ON g.tgrelid = i.oid WHERE i.is_ours
        UNION ALL SELECT 'pg_policy'::regclass, p.oid FROM inside i JOIN pg_policy p ON p.polrelid = i.oid WHERE i.is_ours)
    SELECT string_agg(DISTINCT format('%s uses %s', pg_describe_object(d.classid, d.objid, 0),
                                      pg_describe_object(d.refclassid, d.refobjid, 0)), '; ')
      FROM ours o
      JOIN pg_depend d ON d.classid = o.class AND d.objid = o.oid
      JOIN inside t ON NOT t.is_ours AND t.class = d.refclassid AND t.oid = d.refobjid);
REVOKE ALL ON FUNCTION tenancy.ties_between(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.ties_between(text, text) IS
'Internal: what in a schema depends on objects of another, as text; null when nothing does.';

-- One statement after another under a path of the new schema alone; nothing else runs there.
CREATE FUNCTION tenancy.run_in_schema(schema text, roles oid[], statements text[]) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
-- Policies come with the definitions, and a function may name what comes later.
SET tenancy.auto_attach = off
SET check_function_bodies = off
AS $$
DECLARE
    nr integer := 0;
    statement text;
BEGIN
    PERFORM set_config('search_path', quote_ident(schema) || ', pg_temp', true);
    FOREACH statement IN ARRAY statements LOOP
        nr := nr OPERATOR(pg_catalog.+) 1;
        PERFORM tenancy.build_schema(schema, roles[nr], statement);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.run_in_schema(text, oid[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.run_in_schema(text, oid[], text[]) IS
'Internal: runs statements, each as a role, with a schema in the path.';

CREATE FUNCTION tenancy.create_schemas(tenants text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    template text;
    template_oid oid;
    roles oid[];
    statements text[];
    grants jsonb;
    builder oid := (SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user);
    tenant_id text;
    schema text;
    ties text;
    grant_statements text[];
    builders oid[];
BEGIN
    IF tenancy.present_tenant_key() <> '' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'a tenant''s schema cannot be made while a tenant is set',
            HINT = 'Leave the tenant first: SELECT tenancy.reset_tenant().';
    END IF;
    PERFORM tenancy.lock_template(false);
    SELECT t.schema_name INTO template FROM tenancy.tenant_schemas t WHERE t.tenant IS NULL;
    PERFORM tenancy.require_template(template);
    template_oid := to_regnamespace(quote_ident(template));

    SELECT array_agg(p.owner ORDER BY p.phase, p.rank, p.kind, p.object),
           array_agg(p.statement ORDER BY p.phase, p.rank, p.kind, p.object)
      INTO roles, statements FROM tenancy.schema_parts(template) p WHERE p.phase IS NOT NULL;
    SELECT jsonb_object_agg(p.object, p.definition) INTO grants FROM tenancy.schema_grants(template) p;

    FOREACH tenant_id IN ARRAY tenants LOOP
        schema := tenancy.schema_name(tenant_id);
        -- First, so that the schema is known to be the tenant's from its first moment.
        INSERT INTO tenancy.tenant_schemas (schema_name, tenant) VALUES (schema, tenant_id);
        EXECUTE format('CREATE SCHEMA %I AUTHORIZATION %I', schema,
            (SELECT r.rolname FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.oid = template_oid));
        IF statements IS NOT NULL THEN
            -- For the time being: the grants are set below.
            EXECUTE (SELECT string_agg(format('GRANT ALL ON SCHEMA %I TO %I', schema, pg_get_userbyid(u.role)), '; ')
                       FROM (SELECT DISTINCT unnest(roles) AS role) u);
            PERFORM tenancy.run_in_schema(schema, roles, statements);
        END IF;
        SELECT array_agg(concat_ws('; ', p.statement, nullif(grants ->> p.object, ''))), array_agg(builder)
          INTO grant_statements, builders
          FROM tenancy.schema_grants(schema) p
         WHERE p.object <> 'SCHEMA' AND p.definition <> grants ->> p.object;
        IF grant_statements IS NOT NULL THEN
            PERFORM tenancy.run_in_schema(schema, builders, grant_statements);
        END IF;
        PERFORM tenancy.copy_schema_grants(template, schema);
        ties := tenancy.ties_between(schema, template);
        IF ties IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
                MESSAGE = format('a copy of schema "%s" would reach into it', template), DETAIL = ties || '.',
                HINT = 'A name in the definition also stands for something else; give it one of its own.';
        END IF;
        PERFORM tenancy.write_audit('create_schema', tenant_id, NULL,
            jsonb_build_object('schema', schema, 'template', template));
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.create_schemas(text[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.create_schemas(text[]) IS
'Internal: makes the schemas of new tenants as copies of the template.';

CREATE FUNCTION tenancy.copy_schema_grants(template text, schema text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('REVOKE ALL ON SCHEMA %I FROM %s', n.nspname,
                      CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END)
          FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) e WHERE n.nspname = copy_schema_grants.schema
        UNION ALL
        SELECT format('GRANT %s ON SCHEMA %I TO %s%s', e.privilege_type, copy_schema_grants.schema,
                      CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                      CASE WHEN e.is_grantable AND e.grantee <> n.nspowner THEN ' WITH GRANT OPTION' ELSE '' END)
          FROM pg_namespace n CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) e
         WHERE n.nspname = copy_schema_grants.template
        UNION ALL
        SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT %s ON %s TO %s%s',
                      pg_get_userbyid(d.defaclrole), copy_schema_grants.schema, e.privilege_type,
                      CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' ELSE 'TYPES' END,
                      CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
                      CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
          FROM pg_default_acl d
          JOIN pg_namespace n ON n.oid = d.defaclnamespace AND n.nspname = copy_schema_grants.template
         CROSS JOIN LATERAL aclexplode(d.defaclacl) e
    LOOP
        EXECUTE statement;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.copy_schema_grants(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.copy_schema_grants(text, text) IS
'Internal: gives a schema the grants and default privileges of another.';

CREATE FUNCTION tenancy.drop_tenant_schema(tenant text, confirm text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_tenant tenancy.tenants;
    schema text;
BEGIN
    SELECT * INTO found_tenant FROM tenancy.tenants t WHERE lower(t.id) = lower(tenant) FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('tenant "%s" does not exist', tenant);
    END IF;
    IF found_tenant.status <> 'closed' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('tenant "%s" is not closed', found_tenant.id),
            DETAIL = 'Only the schema of a closed tenant is dropped, with all that is in it.',
            HINT = 'Run tenancy.close_tenant() first.';
    END IF;
    IF confirm IS DISTINCT FROM found_tenant.id THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'dropping a tenant''s schema is not confirmed',
            HINT = format('Repeat the tenant''s id: tenancy.drop_tenant_schema(%L, confirm => %1$L).', found_tenant.id);
    END IF;
    SELECT t.schema_name INTO schema FROM tenancy.tenant_schemas t WHERE t.tenant = found_tenant.id;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF to_regnamespace(quote_ident(schema)) IS NOT NULL THEN
        EXECUTE format('DROP SCHEMA %I CASCADE', schema);
    END IF;
    DELETE FROM tenancy.tenant_schemas t WHERE t.schema_name = schema;
    PERFORM tenancy.write_audit('drop_tenant_schema', found_tenant.id, jsonb_build_object('schema', schema), NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.drop_tenant_schema(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.drop_tenant_schema(text, text) IS
'Drops the schema of a closed tenant with all that is in it; the tenant, its usage and invoices stay. confirm repeats the tenant''s id. False if it has no schema. Errors: 42704 unknown, 55000 not closed, 22023 not confirmed.';
