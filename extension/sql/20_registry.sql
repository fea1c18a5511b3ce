-- ---------------------------------------------------------------------------------------------
-- Registry: plans, tenants, their life, and the audit log of all control operations.
-- ---------------------------------------------------------------------------------------------

CREATE TABLE tenancy.plans (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'),
    name text NOT NULL,
    currency text NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    created_at timestamptz NOT NULL DEFAULT tenancy.clock_time()
);
COMMENT ON TABLE tenancy.plans IS 'What tenants subscribe to: limits and prices hang on the plan.';

-- There are no foreign keys between the extension's tables: pg_restore -j loads them in no
-- particular order, and would lose the rows that come too early. The functions check instead.
-- The library reads this table by column number: columns are only ever appended.
CREATE TABLE tenancy.tenants (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._:@+~-]{0,62}$'),
    name text NOT NULL,
    plan text COLLATE "C",
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'closed')),
    time_zone text NOT NULL DEFAULT 'UTC',
    config jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(config) = 'object'),
    created_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    status_changed_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    status_reason text
);
-- Unique without regard to case: poolers compare settings that way, and would take Acme's
-- connection for acme's.
CREATE UNIQUE INDEX tenants_key ON tenancy.tenants (pg_catalog.lower(id));
CREATE INDEX tenants_plan ON tenancy.tenants (plan);
COMMENT ON TABLE tenancy.tenants IS 'All tenants. Change it through the functions: they check and audit.';

CREATE TABLE tenancy.audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    session_role name NOT NULL DEFAULT session_user,
    calling_role name NOT NULL DEFAULT tenancy.calling_role(),
    action text NOT NULL,
    object text NOT NULL,
    before jsonb,
    after jsonb
);
COMMENT ON TABLE tenancy.audit_log IS
'Every control operation: who (session and calling role), what, when, and the state before and after.';

REVOKE ALL ON tenancy.plans, tenancy.tenants, tenancy.audit_log FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.plans', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.tenants', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.audit_log', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.audit_log_id_seq', '');

-- New tenants need no news: unknown ones are never cached.
CREATE FUNCTION tenancy.registry_changed() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'tenancy_registry_changed';
REVOKE ALL ON FUNCTION tenancy.registry_changed() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.registry_changed() IS
'Trigger: tells all sessions, at commit, to read the changed registry again.';
CREATE TRIGGER tell_sessions AFTER UPDATE OR DELETE OR TRUNCATE ON tenancy.tenants
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
ALTER TABLE tenancy.tenants ENABLE ALWAYS TRIGGER tell_sessions;

CREATE FUNCTION tenancy.write_audit(action text, object text, before jsonb, after jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO tenancy.audit_log (action, object, before, after)
    VALUES (write_audit.action, write_audit.object, write_audit.before, write_audit.after);
END;
REVOKE ALL ON FUNCTION tenancy.write_audit(text, text, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.write_audit(text, text, jsonb, jsonb) IS
'Internal: adds a row to the audit log.';

-- RAISE takes no null detail or hint, and prints empty ones.
CREATE FUNCTION tenancy.raise_error(sqlstate text, message text, detail text, hint text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF detail <> '' AND hint <> '' THEN
        RAISE EXCEPTION USING ERRCODE = raise_error.sqlstate, MESSAGE = raise_error.message,
            DETAIL = raise_error.detail, HINT = raise_error.hint;
    ELSIF detail <> '' THEN
        RAISE EXCEPTION USING ERRCODE = raise_error.sqlstate, MESSAGE = raise_error.message,
            DETAIL = raise_error.detail;
    ELSIF hint <> '' THEN
        RAISE EXCEPTION USING ERRCODE = raise_error.sqlstate, MESSAGE = raise_error.message,
            HINT = raise_error.hint;
    END IF;
    RAISE EXCEPTION USING ERRCODE = raise_error.sqlstate, MESSAGE = raise_error.message;
END
$$;
COMMENT ON FUNCTION tenancy.raise_error(text, text, text, text) IS
'Internal: raises an error of which detail and hint may be missing.';

-- ISO 4217 with its codes for tests and for no currency, without metals and bond market units.
CREATE FUNCTION tenancy.is_currency(code text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN code = ANY ('{AED,AFN,ALL,AMD,ANG,AOA,ARS,AUD,AWG,AZN,BAM,BBD,BDT,BGN,BHD,BIF,BMD,BND,BOB,BOV,BRL,BSD,BTN,BWP,BYN,BZD,CAD,CDF,CHE,CHF,CHW,CLF,CLP,CNY,COP,COU,CRC,CUC,CUP,CVE,CZK,DJF,DKK,DOP,DZD,EGP,ERN,ETB,EUR,FJD,FKP,GBP,GEL,GHS,GIP,GMD,GNF,GTQ,GYD,HKD,HNL,HRK,HTG,HUF,IDR,ILS,INR,IQD,IRR,ISK,JMD,JOD,JPY,KES,KGS,KHR,KMF,KPW,KRW,KWD,KYD,KZT,LAK,LBP,LKR,LRD,LSL,LYD,MAD,MDL,MGA,MKD,MMK,MNT,MOP,MRU,MUR,MVR,MWK,MXN,MXV,MYR,MZN,NAD,NGN,NIO,NOK,NPR,NZD,OMR,PAB,PEN,PGK,PHP,PKR,PLN,PYG,QAR,RON,RSD,RUB,RWF,SAR,SBD,SCR,SDG,SEK,SGD,SHP,SLE,SLL,SOS,SRD,SSP,STN,SVC,SYP,SZL,THB,TJS,TMT,TND,TOP,TRY,TTD,TWD,TZS,UAH,UGX,USD,USN,UYI,UYU,UYW,UZS,VED,VES,VND,VUV,WST,XAF,XCD,XCG,XDR,XOF,XPF,XSU,XTS,XUA,XXX,YER,ZAR,ZMW,ZWG,ZWL}'::text[]);
REVOKE ALL ON FUNCTION tenancy.is_currency(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.is_currency(text) IS 'Internal: is this the code of a currency?';

CREATE FUNCTION tenancy.create_plan(id text, name text DEFAULT NULL, currency text DEFAULT 'USD')
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made tenancy.plans;
    found_plan tenancy.plans;
BEGIN
    IF create_plan.id IS NULL OR create_plan.id !~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid plan id',
            DETAIL = 'A plan id has 1 to 63 ASCII letters, digits and the characters _ . -, and starts with a letter or digit.';
    END IF;
    IF tenancy.is_currency(create_plan.currency) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('invalid currency "%s"', create_plan.currency),
            DETAIL = 'A currency is written as its three-letter ISO 4217 code, such as USD or EUR.';
    END IF;
    INSERT INTO tenancy.plans (id, name, currency)
    VALUES (create_plan.id, coalesce(create_plan.name, create_plan.id), create_plan.currency)
    ON CONFLICT ON CONSTRAINT plans_pkey DO NOTHING RETURNING * INTO made;
    IF made.id IS NOT NULL THEN
        PERFORM tenancy.write_audit('create_plan', made.id, NULL, to_jsonb(made));
        RETURN true;
    END IF;
    SELECT * INTO found_plan FROM tenancy.plans p WHERE p.id = create_plan.id;
    IF found_plan.currency <> create_plan.currency
       OR found_plan.name <> coalesce(create_plan.name, found_plan.name) THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
            MESSAGE = format('plan "%s" already exists with other values', create_plan.id),
            DETAIL = format('It is named "%s" and billed in %s.', found_plan.name, found_plan.currency);
    END IF;
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION tenancy.create_plan(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.create_plan(text, text, text) IS
'Makes a plan; true if it is new, false if it was there with the same values. The name defaults to the id, the currency (ISO 4217 code) to USD. Errors: 22023 bad id or currency, 42710 exists with other values.';

CREATE FUNCTION tenancy.is_time_zone(name text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM clock_timestamp() AT TIME ZONE is_time_zone.name;
    RETURN octet_length(is_time_zone.name) <= 63;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION tenancy.is_time_zone(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.is_time_zone(text) IS 'Internal: does the server know this time zone?';

CREATE FUNCTION tenancy.tenant_fault(id text, plan text, config jsonb, isolation text,
    OUT sqlstate text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF tenant_fault.id IS NULL OR tenant_fault.id !~ '^[A-Za-z0-9][A-Za-z0-9._:@+~-]{0,62}$' THEN
        sqlstate := '22023';
        message := 'invalid tenant id';
        detail := CASE
            WHEN coalesce(tenant_fault.id, '') = '' THEN 'A tenant id has at least 1 byte.'
            WHEN octet_length(tenant_fault.id) > 63 THEN
                format('A tenant id has at most 63 bytes; this one has %s.', octet_length(tenant_fault.id))
            ELSE 'A tenant id starts with an ASCII letter or digit and consists of those and the characters - . _ : @ + ~.'
        END;
    ELSIF tenant_fault.plan IS NOT NULL
       AND NOT EXISTS (SELECT FROM tenancy.plans p WHERE p.id = tenant_fault.plan) THEN
        sqlstate := '42704';
        message := format('plan "%s" does not exist', tenant_fault.plan);
        hint := 'Create it with tenancy.create_plan().';
    ELSIF tenant_fault.config IS NOT NULL AND jsonb_typeof(tenant_fault.config) <> 'object' THEN
        sqlstate := '22023';
        message := 'tenant config must be a JSON object';
        detail := format('It is of type %s.', jsonb_typeof(tenant_fault.config));
    ELSIF tenant_fault.isolation NOT IN ('rows', 'schema') THEN
        sqlstate := '22023';
        message := format('unknown isolation "%s"', tenant_fault.isolation);
        detail := 'It is rows, or schema for a schema of its own.';
    ELSIF tenant_fault.isolation = 'schema'
       AND NOT EXISTS (SELECT FROM tenancy.tenant_schemas s WHERE s.tenant IS NULL) THEN
        sqlstate := '55000';
        message := 'there is no template for tenants'' schemas';
        hint := 'Choose one with tenancy.set_template_schema().';
    ELSIF tenant_fault.isolation = 'schema'
       AND to_regnamespace(quote_ident(tenancy.schema_name(tenant_fault.id))) IS NOT NULL
       AND NOT EXISTS (SELECT FROM tenancy.tenants t WHERE lower(t.id) = lower(tenant_fault.id)) THEN
        sqlstate := '42P06';
        message := format('schema "%s" already exists', tenancy.schema_name(tenant_fault.id));
        detail := 'It is the one that the tenant would get.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.tenant_fault(text, text, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.tenant_fault(text, text, jsonb, text) IS
'Internal: what is wrong with the values of a new tenant; nulls when nothing is.';

-- What an existing tenant has that differs from the values given; values left out do not count.
CREATE FUNCTION tenancy.tenant_difference(present tenancy.tenants, id text, plan text, name text,
    time_zone text, config jsonb, isolation text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_in_schema boolean := EXISTS (SELECT FROM tenancy.tenant_schemas s WHERE s.tenant = (present).id);
BEGIN
    RETURN nullif(concat_ws(', ',
    CASE WHEN (present).id <> id THEN format('id "%s"', (present).id) END,
    CASE WHEN (present).plan IS DISTINCT FROM coalesce(plan, (present).plan)
         THEN format('plan %s', coalesce(quote_ident((present).plan), 'none')) END,
    CASE WHEN (present).name <> name THEN format('name "%s"', (present).name) END,
    CASE WHEN (present).time_zone <> time_zone THEN format('time zone "%s"', (present).time_zone) END,
    CASE WHEN (present).config <> config THEN format('config %s', (present).config) END,
    CASE WHEN is_in_schema <> (isolation = 'schema')
         THEN format('isolation "%s"', CASE WHEN is_in_schema THEN 'schema' ELSE 'rows' END) END), '');
END
$$;
REVOKE ALL ON FUNCTION tenancy.tenant_difference(tenancy.tenants, text, text, text, text, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.tenant_difference(tenancy.tenants, text, text, text, text, jsonb, text) IS
'Internal: the values of an existing tenant that differ from those given, as text; null when none does.';

CREATE FUNCTION tenancy.create_tenants(tenants jsonb, keep_going boolean DEFAULT false)
RETURNS TABLE ("position" integer, id text, result text, sqlstate text, message text, hint text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    unknown_zones text[];
    made text[];
    made_schemas text[];
    outcome record;
BEGIN
    IF tenants IS NULL OR jsonb_typeof(tenants) <> 'array'
       OR EXISTS (SELECT FROM jsonb_array_elements(tenants) e WHERE jsonb_typeof(e) <> 'object') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'tenants must be a JSON array of objects',
            HINT = 'For example [{"id": "acme", "plan": "basic"}].';
    END IF;
    SELECT array_agg(z.name) INTO unknown_zones
    FROM (SELECT DISTINCT e ->> 'time_zone' AS name FROM jsonb_array_elements(tenants) e) z
    WHERE z.name IS NOT NULL AND NOT tenancy.is_time_zone(z.name);

    WITH created AS (
        INSERT INTO tenancy.tenants (id, name, plan, time_zone, config)
        SELECT n.id, coalesce(n.name, n.id), n.plan, coalesce(n.time_zone, 'UTC'), coalesce(n.config, '{}')
        FROM jsonb_to_recordset(create_tenants.tenants)
            AS n(id text, plan text, name text, time_zone text, config jsonb, isolation text)
        -- The same conditions as in tenant_fault(), which is too slow for each of many good rows.
        WHERE n.id ~ '^[A-Za-z0-9][A-Za-z0-9._:@+~-]{0,62}$'
          AND (n.plan IS NULL OR n.plan IN (SELECT p.id FROM tenancy.plans p))
          AND (n.config IS NULL OR jsonb_typeof(n.config) = 'object')
          AND (n.time_zone IS NULL OR n.time_zone <> ALL (coalesce(unknown_zones, '{}')))
          AND (coalesce(n.isolation, 'rows') = 'rows'
               OR n.isolation = 'schema' AND EXISTS (SELECT FROM tenancy.tenant_schemas s WHERE s.tenant IS NULL)
                  AND to_regnamespace(quote_ident(tenancy.schema_name(n.id))) IS NULL)
        ON CONFLICT DO NOTHING RETURNING *
    ), audited AS (
        INSERT INTO tenancy.audit_log (action, object, after)
        SELECT 'create_tenant', c.id, to_jsonb(c) FROM created c
    ), told AS (
        INSERT INTO tenancy.events_outbox (tenant_id, type, payload)
        SELECT c.id, 'tenant.created', jsonb_build_object('name', c.name, 'plan', c.plan, 'status', c.status) FROM created c
    )
    SELECT array_agg(lower(c.id)) INTO made FROM created c;
    PERFORM tenancy.begin_subscriptions(made);

    -- Of entries for the same tenant the first is the one that was made.
    SELECT array_agg(n.id ORDER BY n.id) INTO made_schemas
    FROM (SELECT DISTINCT ON (lower(e ->> 'id')) e ->> 'id' AS id, e ->> 'isolation' AS isolation
            FROM jsonb_array_elements(tenants) WITH ORDINALITY AS a(e, pos)
           WHERE jsonb_path_exists(tenants, '$[*].isolation ? (@ == "schema")')
           ORDER BY lower(e ->> 'id'), pos) n
    WHERE n.isolation = 'schema' AND lower(n.id) = ANY (made);
    IF made_schemas IS NOT NULL THEN
        PERFORM tenancy.create_schemas(made_schemas);
    END IF;

    -- A second statement, whose snapshot sees what others created meanwhile.
    FOR outcome IN
        WITH input AS (
            SELECT e.pos, n.*, row_number() OVER (PARTITION BY lower(n.id) ORDER BY e.pos) AS nth
            FROM jsonb_array_elements(create_tenants.tenants) WITH ORDINALITY AS e(value, pos),
                jsonb_to_record(e.value) AS n(id text, plan text, name text, time_zone text, config jsonb, isolation text)
        )
        SELECT i.pos::integer AS pos, i.id AS tenant_id, m.key IS NOT NULL AS is_new,
            i.plan, i.config, i.isolation, i.time_zone, i.time_zone = ANY (unknown_zones) AS bad_zone,
            CASE WHEN t.id IS NOT NULL THEN
                tenancy.tenant_difference(t, i.id, i.plan, i.name, i.time_zone, i.config, i.isolation) END AS difference
        FROM input i
        LEFT JOIN unnest(made) AS m(key) ON m.key = lower(i.id) AND i.nth = 1
        -- Laterally, so that it looks up few by index and never reads all tenants for each batch.
        LEFT JOIN LATERAL (SELECT * FROM tenancy.tenants x
            WHERE m.key IS NULL AND lower(x.id) = lower(i.id) LIMIT 1) t ON true
        ORDER BY i.pos
    LOOP
        "position" := outcome.pos;
        id := outcome.tenant_id;
        result := 'created';
        sqlstate := NULL;
        message := NULL;
        hint := NULL;
        IF NOT outcome.is_new THEN
            SELECT f.sqlstate, nullif(concat_ws(': ', f.message, f.detail), ''), f.hint
            INTO sqlstate, message, hint
            FROM tenancy.tenant_fault(outcome.tenant_id, outcome.plan, outcome.config, outcome.isolation) f;
            IF sqlstate IS NULL AND outcome.bad_zone THEN
                sqlstate := '22023';
                message := format('time zone "%s" not recognized', outcome.time_zone);
                hint := 'Use a name from pg_timezone_names, such as UTC or Europe/Berlin.';
            ELSIF sqlstate IS NULL AND outcome.difference IS NOT NULL THEN
                sqlstate := '42710';
                message := format('tenant "%s" already exists with other values: It has %s.',
                    outcome.tenant_id, outcome.difference);
                hint := 'Ids are unique without regard to case. tenancy.set_plan() changes the plan.';
            END IF;
            IF sqlstate IS NOT NULL AND NOT keep_going THEN
                PERFORM tenancy.raise_error(sqlstate, message,
                    format('Entry %s of the array; nothing was created.', outcome.pos), hint);
            END IF;
            result := CASE WHEN sqlstate IS NULL THEN 'unchanged' ELSE 'failed' END;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tenancy.create_tenants(jsonb, boolean) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.create_tenants(jsonb, boolean) IS
'Makes many tenants from a JSON array of objects with id, plan, name, time_zone, config and isolation (as in create_tenant). Returns one row an entry: its position from 1, and created, unchanged or failed with sqlstate, message and hint. All or nothing, unless keep_going: then good entries are made beside failed ones.';

CREATE FUNCTION tenancy.create_tenant(id text, plan text DEFAULT NULL, name text DEFAULT NULL,
    time_zone text DEFAULT NULL, config jsonb DEFAULT NULL, isolation text DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    outcome record;
BEGIN
    SELECT * INTO outcome FROM tenancy.create_tenants(
        jsonb_build_array(jsonb_build_object('id', create_tenant.id, 'plan', create_tenant.plan,
            'name', create_tenant.name, 'time_zone', create_tenant.time_zone,
            'config', create_tenant.config, 'isolation', create_tenant.isolation)), keep_going => true);
    IF outcome.result = 'failed' THEN
        PERFORM tenancy.raise_error(outcome.sqlstate, split_part(outcome.message, ': ', 1),
            substr(outcome.message, length(split_part(outcome.message, ': ', 1)) + 3), outcome.hint);
    END IF;
    RETURN outcome.result = 'created';
END
$$;
REVOKE ALL ON FUNCTION tenancy.create_tenant(text, text, text, text, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.create_tenant(text, text, text, text, jsonb, text) IS
'Makes a tenant; true if it is new, false if it was there with the same values (values left out are not compared). Ids have 1 to 63 bytes (ASCII letters, digits, - . _ : @ + ~) and are unique without regard to case. The name defaults to the id, the time zone to UTC, the config to {}. Its rows stand among those of others (isolation rows, the default), or it gets a schema of its own (isolation schema), made from the template. Errors: 22023 bad id, time zone, config or isolation, 42704 unknown plan, 42710 exists with other values; for a schema 55000 no template, 42P06 its schema exists, 0A000 the template cannot be copied.';

CREATE FUNCTION tenancy.change_tenant(action text, tenant text, new_status text, new_plan text, reason text)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row tenancy.tenants;
    new_row tenancy.tenants;
BEGIN
    SELECT * INTO old_row FROM tenancy.tenants t WHERE lower(t.id) = lower(tenant) FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('tenant "%s" does not exist', tenant),
            HINT = 'Check the spelling, or create it with tenancy.create_tenant().';
    END IF;
    IF old_row.status = coalesce(new_status, old_row.status)
       AND old_row.plan IS NOT DISTINCT FROM coalesce(new_plan, old_row.plan) THEN
        RETURN false;
    END IF;
    IF old_row.status = 'closed' THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = format('tenant "%s" is closed', old_row.id),
            DETAIL = format('Since %s.', old_row.status_changed_at),
            HINT = 'A closed tenant stays closed.';
    END IF;
    UPDATE tenancy.tenants t SET
        status = coalesce(new_status, t.status),
        plan = coalesce(new_plan, t.plan),
        status_changed_at = CASE WHEN new_status IS NULL THEN t.status_changed_at ELSE tenancy.clock_time() END,
        status_reason = CASE WHEN new_status IS NULL THEN t.status_reason ELSE reason END
    WHERE t.id = old_row.id RETURNING * INTO new_row;
    PERFORM tenancy.write_audit(action, old_row.id, to_jsonb(old_row), to_jsonb(new_row));
    PERFORM tenancy.follow_plan(old_row.id);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.change_tenant(text, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.change_tenant(text, text, text, text, text) IS
'Internal: changes status or plan of a tenant, with audit; false if nothing changes.';

CREATE FUNCTION tenancy.suspend_tenant(id text, reason text DEFAULT NULL) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.change_tenant('suspend_tenant', id, 'suspended', NULL, reason);
REVOKE ALL ON FUNCTION tenancy.suspend_tenant(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.suspend_tenant(text, text) IS
'Suspends a tenant: its sessions fail at their next statement over tenants'' tables. The reason appears in their error. False if it was suspended already. Errors: 42704 unknown, 55000 closed.';

CREATE FUNCTION tenancy.resume_tenant(id text) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.change_tenant('resume_tenant', id, 'active', NULL, NULL);
REVOKE ALL ON FUNCTION tenancy.resume_tenant(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.resume_tenant(text) IS
'Lifts a suspension. False if the tenant was active already. Errors: 42704 unknown, 55000 closed.';

CREATE FUNCTION tenancy.close_tenant(id text, reason text DEFAULT NULL) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN tenancy.change_tenant('close_tenant', id, 'closed', NULL, reason);
REVOKE ALL ON FUNCTION tenancy.close_tenant(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.close_tenant(text, text) IS
'Closes a tenant for good; its rows, usage and invoices stay. False if it was closed already. Errors: 42704 unknown.';

CREATE FUNCTION tenancy.set_plan(tenant text, plan text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.plans p WHERE p.id = set_plan.plan) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('plan "%s" does not exist', set_plan.plan),
            HINT = 'Create it with tenancy.create_plan().';
    END IF;
    RETURN tenancy.change_tenant('set_plan', tenant, NULL, set_plan.plan, NULL);
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_plan(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_plan(text, text) IS
'Moves a tenant to another plan; its limits apply from the next statement on. False if it has that plan already. Errors: 42704 unknown tenant or plan, 55000 closed, or another currency (see change_plan()).';

