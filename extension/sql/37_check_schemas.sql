-- check(), continued: tenants' schemas that are not what the template is.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.schema_drift(tenant text DEFAULT NULL)
RETURNS TABLE(tenant_id text, kind text, object text, difference text, expected text, found text, repair text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    template text;
    own record;
    parts jsonb;
BEGIN
    IF current_setting('tenancy.tenant_id') <> '' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'schemas cannot be compared while a tenant is set',
            HINT = 'Leave the tenant first: SELECT tenancy.reset_tenant().';
    END IF;
    SELECT s.schema_name INTO template FROM tenancy.tenant_schemas s WHERE s.tenant IS NULL;
    SELECT jsonb_agg(jsonb_build_object('kind', p.kind, 'object', p.object, 'owner', pg_get_userbyid(p.owner),
                                        'definition', p.definition, 'statement', p.statement, 'phase', p.phase))
      INTO parts FROM tenancy.schema_parts(template) p;
    FOR own IN SELECT s.tenant, s.schema_name FROM tenancy.tenant_schemas s
                WHERE s.tenant IS NOT NULL
                  AND (schema_drift.tenant IS NULL OR lower(s.tenant) = lower(schema_drift.tenant))
                  AND to_regnamespace(quote_ident(s.schema_name)) IS NOT NULL
                ORDER BY s.tenant
    LOOP
        RETURN QUERY
        WITH t AS MATERIALIZED (
            SELECT x.* FROM jsonb_to_recordset(parts)
                AS x(kind text, object text, owner text, definition text, statement text, phase integer)),
        s AS MATERIALIZED (
            SELECT p.kind, p.object, pg_get_userbyid(p.owner)::text AS owner, p.definition
              FROM tenancy.schema_parts(own.schema_name) p)
        SELECT own.tenant, coalesce(t.kind, s.kind), coalesce(t.object, s.object), d.difference,
               CASE d.difference WHEN 'owner' THEN t.owner ELSE t.definition END,
               CASE d.difference WHEN 'owner' THEN s.owner ELSE s.definition END,
               CASE WHEN d.difference = 'missing' AND t.kind NOT IN ('grants', 'default privileges')
                    THEN format('SET LOCAL search_path = %I, pg_temp; %s', own.schema_name, t.statement) END
          FROM t FULL JOIN s ON s.kind = t.kind AND s.object = t.object
         CROSS JOIN LATERAL (SELECT CASE WHEN s.kind IS NULL THEN 'missing' WHEN t.kind IS NULL THEN 'extra'
                                         WHEN t.definition <> s.definition THEN 'different'
                                         WHEN t.owner <> s.owner THEN 'owner' END) d(difference)
         WHERE d.difference IS NOT NULL
           -- The columns of a missing table are told with it.
           AND NOT (coalesce(t.kind, s.kind) = 'column' AND d.difference IN ('missing', 'extra')
                    AND NOT EXISTS (SELECT FROM t t2 JOIN s s2 ON s2.kind = t2.kind AND s2.object = t2.object
                                     WHERE t2.kind = 'table' AND starts_with(coalesce(t.object, s.object), t2.object || '.')))
         ORDER BY 2, 3;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.schema_drift(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.schema_drift(text) IS
'In what the schema of a tenant (default: of all) is not what the template is: kind and name of the part, whether it is missing, extra, different, or of another owner, what was expected and what was found, and for what is missing the statement that makes it. Errors: 55000 a tenant is set.';

-- Compares everything with everything, so it says for each tenant how much differs and where to look.
CREATE FUNCTION tenancy.check_schemas()
RETURNS TABLE(name text, level text, object text, detail text, remediation text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT 'tenant_schema_missing', 'ERROR', s.schema_name,
           format('It is the schema of tenant "%s", and is not there.', s.tenant),
           format('DELETE FROM tenancy.tenant_schemas WHERE schema_name = %L -- or restore it', s.schema_name)
      FROM tenancy.tenant_schemas s
     WHERE to_regnamespace(quote_ident(s.schema_name)) IS NULL
    UNION ALL
    SELECT 'schema_without_tenant', 'WARN', s.schema_name,
           format('It is the schema of tenant "%s", who does not exist.', s.tenant),
           format('DROP SCHEMA %I CASCADE; DELETE FROM tenancy.tenant_schemas WHERE schema_name = %L', s.schema_name, s.schema_name)
      FROM tenancy.tenant_schemas s
     WHERE s.tenant IS NOT NULL AND NOT EXISTS (SELECT FROM tenancy.tenants t WHERE t.id = s.tenant)
    UNION ALL
    SELECT 'template_creatable', 'WARN', s.schema_name,
           format('%s may make objects in it, and so in tenants'' schemas, which stand before public in the search path.',
                  CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END),
           format('REVOKE CREATE ON SCHEMA %I FROM %s', s.schema_name,
                  CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
      FROM tenancy.tenant_schemas s
      JOIN pg_namespace n ON n.nspname = s.schema_name
     CROSS JOIN LATERAL aclexplode(n.nspacl) a
     WHERE s.tenant IS NULL AND a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner;
    -- Names are resolved otherwise while a tenant is set.
    IF current_setting('tenancy.tenant_id') <> '' THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT 'schema_drift', 'WARN', d.tenant_id,
           format('%s parts of its schema are not as in the template: %s%s.', count(*),
                  string_agg(format('%s %s %s', d.kind, d.object, d.difference), ', ' ORDER BY d.kind, d.object) FILTER (WHERE d.nth <= 5),
                  CASE WHEN count(*) > 5 THEN ', ...' ELSE '' END),
           format('SELECT * FROM tenancy.schema_drift(%L)', d.tenant_id)
      FROM (SELECT x.*, row_number() OVER (PARTITION BY x.tenant_id ORDER BY x.kind, x.object) AS nth
              FROM tenancy.schema_drift() x) d
     GROUP BY d.tenant_id;
END
$$;
REVOKE ALL ON FUNCTION tenancy.check_schemas() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_schemas() IS
'Internal: the part of check() with tenant_schema_missing, schema_without_tenant, template_creatable, schema_drift.';
