-- A database to attack: tenant tables of three kinds, their twins without a wall, and rows of another tenant to find.
-- SPDX-License-Identifier: PostgreSQL
--
-- Variables: type of the tenant column, own and other tenant. All that is planted for the other tenant
-- carries LEAK or 666666, so whatever shows one of these has leaked.
CREATE EXTENSION tenancy;
CREATE EXTENSION dblink;
CREATE EXTENSION pg_trgm;
SELECT tenancy.create_tenant(:'own'), tenancy.create_tenant(:'other');

CREATE SCHEMA data;
CREATE SCHEMA scratch; -- whatever cases make
GRANT USAGE ON SCHEMA data TO PUBLIC;
GRANT USAGE, CREATE ON SCHEMA data TO attacks_owner;
SELECT set_config('attacks.type', :'type', false), set_config('attacks.own', :'own', false),
    set_config('attacks.other', :'other', false);

CREATE FUNCTION data.build(kind text, suffix text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    type text := current_setting('attacks.type');
    own text := current_setting('attacks.own');
    other text := current_setting('attacks.other');
    name text := kind || suffix;
    columns text := format('(tenant_id %s NOT NULL, id int, amount int, body text, PRIMARY KEY (tenant_id, id))',
        CASE type WHEN 'text' THEN 'text COLLATE "C"' ELSE type END);
    part text;
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS data.%I CASCADE', name);
    PERFORM set_config('tenancy.auto_attach', CASE suffix WHEN '' THEN 'on' ELSE 'off' END, true);
    PERFORM set_config('client_min_messages', 'warning', true);
    EXECUTE format('CREATE TABLE data.%I %s %s', name, columns,
        CASE kind WHEN 'partitioned' THEN 'PARTITION BY LIST (tenant_id)' END);
    FOREACH part IN ARRAY CASE kind WHEN 'plain' THEN '{}'::text[] ELSE '{own,other}' END LOOP
        EXECUTE CASE kind
            WHEN 'partitioned' THEN format('CREATE TABLE data.%I PARTITION OF data.%I FOR VALUES IN (%L)',
                name || '_' || part, name, CASE part WHEN 'own' THEN own ELSE other END)
            ELSE format('CREATE TABLE data.%I (PRIMARY KEY (tenant_id, id)) INHERITS (data.%I)', name || '_' || part, name) END;
        EXECUTE format('GRANT ALL ON data.%I TO attacks_app, attacks_bypass', name || '_' || part);
        EXECUTE format('ALTER TABLE data.%I OWNER TO attacks_owner', name || '_' || part);
    END LOOP;
    EXECUTE format('GRANT ALL ON data.%I TO attacks_app, attacks_bypass', name);
    EXECUTE format('ALTER TABLE data.%I OWNER TO attacks_owner', name);
    PERFORM data.fill(kind, suffix);
END $$;

CREATE FUNCTION data.fill(kind text, suffix text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    own text := current_setting('attacks.own');
    other text := current_setting('attacks.other');
    part text;
BEGIN
    EXECUTE format('DELETE FROM data.%I', kind || suffix);
    FOREACH part IN ARRAY '{own,other}'::text[] LOOP
        EXECUTE format('INSERT INTO data.%I SELECT %L, n, %s, %L || n FROM generate_series(1, 3) n',
            kind || suffix || CASE kind WHEN 'inherited' THEN '_' || part ELSE '' END,
            CASE part WHEN 'own' THEN own ELSE other END,
            CASE part WHEN 'own' THEN 1 ELSE 666666 END, CASE part WHEN 'own' THEN 'mine ' ELSE 'LEAK ' END);
    END LOOP;
END $$;

-- What an attack must not change: the other tenant's rows, and the wall.
CREATE FUNCTION data.state(kind text, suffix text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    rows text;
    walls text;
BEGIN
    IF to_regclass('data.' || kind || suffix) IS NULL THEN
        RETURN 'gone';
    END IF;
    EXECUTE format('SELECT string_agg(r::text, '','' ORDER BY r::text) FROM data.%I r WHERE tenant_id = %L',
        kind || suffix, current_setting('attacks.other')) INTO rows;
    SELECT string_agg(concat_ws(' ', c.relname, c.relrowsecurity, c.relforcerowsecurity, c.reltype, d.adbin IS NULL, a.attnotnull,
            (SELECT string_agg(p.polname || pg_get_expr(p.polqual, p.polrelid), ' ' ORDER BY p.polname) FROM pg_policy p
             WHERE p.polrelid = c.oid),
            (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)), ',' ORDER BY c.relname)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'data'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname ~ ('^' || kind || suffix || '(_o[a-z]+)?$')
    INTO walls;
    RETURN md5(concat_ws('|', rows, walls));
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;

-- One value, as the superuser sees it without a tenant: whether an attack had an effect.
CREATE FUNCTION data.peek(query text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET tenancy.tenant_id = '' AS $$
DECLARE
    value text;
BEGIN
    EXECUTE query INTO value;
    RETURN value;
END $$;

-- Before a case: as it was made, and nothing left of the case before.
CREATE FUNCTION data.restore(kind text, suffix text, pristine text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_class WHERE relnamespace = 'scratch'::regnamespace
        UNION ALL SELECT FROM pg_proc WHERE pronamespace = 'scratch'::regnamespace
        UNION ALL SELECT FROM pg_type WHERE typnamespace = 'scratch'::regnamespace) THEN
        PERFORM set_config('client_min_messages', 'warning', true);
        DROP SCHEMA scratch CASCADE;
        CREATE SCHEMA scratch;
        GRANT USAGE, CREATE ON SCHEMA scratch TO attacks_app, attacks_owner, attacks_bypass;
    END IF;
    IF data.state(kind, suffix) = pristine THEN
        PERFORM data.fill(kind, suffix);
    ELSE
        PERFORM data.build(kind, suffix);
    END IF;
    RETURN data.state(kind, suffix);
END $$;

GRANT USAGE, CREATE ON SCHEMA scratch TO attacks_app, attacks_owner, attacks_bypass;
SET client_min_messages = warning;
SELECT data.build(kind, suffix) FROM unnest('{plain,partitioned,inherited}'::text[]) kind, unnest('{"",_open}'::text[]) suffix;
