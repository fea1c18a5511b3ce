-- ---------------------------------------------------------------------------------------------
-- Trust: bindings of roles to tenants, and the keys that tokens are signed with.
-- ---------------------------------------------------------------------------------------------

CREATE FUNCTION tenancy.present_tenant_key() RETURNS text
LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'tenancy_present_tenant_key';
-- Granted to PUBLIC: what runs with the caller's rights asks it.
COMMENT ON FUNCTION tenancy.present_tenant_key() IS
'Internal: the id that is set, in lower case, whether it can be used or not; empty when none is.';

CREATE FUNCTION tenancy.tenant_setting() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN coalesce(current_setting('tenancy.setting_name', true), 'tenancy.tenant_id');
REVOKE ALL ON FUNCTION tenancy.tenant_setting() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.tenant_setting() IS
'Internal: what the setting is called that names the tenant.';

-- A regrole follows when the role is renamed, and is dumped by name. The library reads this table by
-- column number.
CREATE TABLE tenancy.role_tenants (
    role regrole NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    bound_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    PRIMARY KEY (role, tenant_id)
);
REVOKE ALL ON tenancy.role_tenants FROM PUBLIC;
COMMENT ON TABLE tenancy.role_tenants IS 'Roles that can act for no tenants but these. Change it through bind_role() and unbind_role().';
-- A dropped role would be dumped as a number, which elsewhere may be another role's.
SELECT pg_catalog.pg_extension_config_dump('tenancy.role_tenants', 'WHERE role IN (SELECT oid FROM pg_catalog.pg_roles)');
CREATE TRIGGER tell_sessions AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenancy.role_tenants
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
ALTER TABLE tenancy.role_tenants ENABLE ALWAYS TRIGGER tell_sessions;

CREATE FUNCTION tenancy.login_tenant(role regrole) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN (SELECT substr(c.entry, strpos(c.entry, '=') + 1)
    FROM pg_db_role_setting s, unnest(s.setconfig) AS c(entry)
    WHERE s.setrole = role AND s.setdatabase = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND split_part(c.entry, '=', 1) = tenancy.tenant_setting());
REVOKE ALL ON FUNCTION tenancy.login_tenant(regrole) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.login_tenant(regrole) IS
'Internal: the tenant that sessions of a role have when they begin; null without one.';

CREATE VIEW tenancy.role_bindings AS
SELECT b.role, b.tenant_id, b.bound_at, coalesce(lower(tenancy.login_tenant(b.role)) = lower(b.tenant_id), false) AS at_login
FROM tenancy.role_tenants b;
REVOKE ALL ON tenancy.role_bindings FROM PUBLIC;
COMMENT ON VIEW tenancy.role_bindings IS 'Which tenants bound roles can act for, and which they act for when they log in.';

-- What a session of the role begins with: its tenant, if it has exactly one. Another's setting is left alone unless it
-- names a tenant that has been taken away.
CREATE FUNCTION tenancy.set_login_tenant(role regrole, former text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bound text[] := (SELECT array_agg(b.tenant_id) FROM tenancy.role_tenants b WHERE b.role = set_login_tenant.role);
    present text := tenancy.login_tenant(role);
    setting text := (SELECT string_agg(quote_ident(w.word), '.' ORDER BY w.n)
        FROM string_to_table(tenancy.tenant_setting(), '.')
            WITH ORDINALITY AS w(word, n));
BEGIN
    IF cardinality(bound) = 1 THEN
        IF bound[1] IS DISTINCT FROM present THEN
            EXECUTE format('ALTER ROLE %s IN DATABASE %I SET %s = %L', role, current_database(), setting, bound[1]);
        END IF;
    ELSIF lower(present) = ANY (SELECT lower(t.id) FROM unnest(former || bound) AS t(id)) THEN
        EXECUTE format('ALTER ROLE %s IN DATABASE %I RESET %s', role, current_database(), setting);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.set_login_tenant(regrole, text[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.set_login_tenant(regrole, text[]) IS
'Internal: makes the tenant that a role''s sessions begin with agree with its bindings.';

CREATE FUNCTION tenancy.bind_role(role regrole, VARIADIC tenants text[]) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    unknown text;
    was text[];
    now_bound text[];
BEGIN
    IF role IS NULL OR tenants IS NULL OR array_position(tenants, NULL) IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'role and tenants must not be null';
    END IF;
    IF cardinality(tenants) = 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'no tenant to bind the role to',
            HINT = 'To keep a role from all tenants, revoke its privileges.';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = role) THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('role "%s" does not exist', role::oid);
    END IF;
    IF (SELECT r.rolsuper OR r.rolbypassrls FROM pg_roles r WHERE r.oid = role) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('role %s bypasses row security', role),
            DETAIL = 'Without a tenant it would see the rows of all tenants, so binding it would bind nothing.',
            HINT = 'Bind an ordinary role: NOSUPERUSER NOBYPASSRLS.';
    END IF;
    SELECT n.id INTO unknown FROM unnest(tenants) AS n(id)
    WHERE NOT EXISTS (SELECT FROM tenancy.tenants t WHERE lower(t.id) = lower(n.id)) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('tenant "%s" does not exist', unknown),
            HINT = 'Check the spelling, or create it with tenancy.create_tenant().';
    END IF;

    -- One change at a time, so that what is set at login agrees with what is bound.
    LOCK TABLE tenancy.role_tenants IN SHARE ROW EXCLUSIVE MODE;
    was := ARRAY(SELECT b.tenant_id FROM tenancy.role_tenants b WHERE b.role = bind_role.role ORDER BY 1);
    INSERT INTO tenancy.role_tenants (role, tenant_id)
    SELECT bind_role.role, t.id FROM tenancy.tenants t
    WHERE lower(t.id) IN (SELECT lower(n.id) FROM unnest(tenants) AS n(id))
    ON CONFLICT DO NOTHING;
    PERFORM tenancy.set_login_tenant(role, '{}');
    now_bound := ARRAY(SELECT b.tenant_id FROM tenancy.role_tenants b WHERE b.role = bind_role.role ORDER BY 1);
    IF was = now_bound THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('bind_role', role::text, to_jsonb(was), to_jsonb(now_bound));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.bind_role(regrole, text[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.bind_role(regrole, text[]) IS
'Binds a role to tenants: its sessions, and those that SET ROLE to it, can act for no other, from their next statement on. Repeated calls add tenants. A role with exactly one begins its sessions with it. False if nothing changed. Errors: 42704 unknown tenant or role, 22023 no tenant, or a role that bypasses row security, 22004 null.';

CREATE FUNCTION tenancy.unbind_role(role regrole, VARIADIC tenants text[] DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was text[];
    now_bound text[];
BEGIN
    IF role IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'role must not be null';
    END IF;
    LOCK TABLE tenancy.role_tenants IN SHARE ROW EXCLUSIVE MODE;
    was := ARRAY(SELECT b.tenant_id FROM tenancy.role_tenants b WHERE b.role = unbind_role.role ORDER BY 1);
    DELETE FROM tenancy.role_tenants b
    WHERE b.role = unbind_role.role
      AND (tenants IS NULL OR lower(b.tenant_id) IN (SELECT lower(n.id) FROM unnest(tenants) AS n(id)));
    now_bound := ARRAY(SELECT b.tenant_id FROM tenancy.role_tenants b WHERE b.role = unbind_role.role ORDER BY 1);
    IF was = now_bound THEN
        RETURN false;
    END IF;
    -- Of a role that has been dropped only the binding is left.
    IF EXISTS (SELECT FROM pg_roles r WHERE r.oid = role) THEN
        PERFORM tenancy.set_login_tenant(role, was);
    END IF;
    PERFORM tenancy.write_audit('unbind_role', role::text, to_jsonb(was), to_jsonb(now_bound));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.unbind_role(regrole, text[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.unbind_role(regrole, text[]) IS
'Takes back bindings of a role to the tenants named, or all without any; a role without bindings can act for every tenant again. False if there were none. Errors: 22004 null.';

-- ---- Keys ------------------------------------------------------------------------------------

-- The library reads this table by column number: columns are only ever appended.
CREATE TABLE tenancy.token_secrets (
    kid text COLLATE "C" PRIMARY KEY CHECK (kid ~ '^[!-~]{1,128}$'),
    algorithm text NOT NULL CHECK (algorithm IN ('HS256', 'EdDSA', 'RS256')),
    key bytea NOT NULL,
    retires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT tenancy.clock_time()
);
REVOKE ALL ON tenancy.token_secrets FROM PUBLIC;
COMMENT ON TABLE tenancy.token_secrets IS 'Keys of tokens. Nobody but the owner of the extension reads it; tenancy.token_keys is for all else.';
-- Whoever reads a backup must not be able to sign: secrets are not dumped, public keys are.
SELECT pg_catalog.pg_extension_config_dump('tenancy.token_secrets', $$WHERE algorithm <> 'HS256'$$);
CREATE TRIGGER tell_sessions AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tenancy.token_secrets
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.registry_changed();
ALTER TABLE tenancy.token_secrets ENABLE ALWAYS TRIGGER tell_sessions;

CREATE VIEW tenancy.token_keys AS
SELECT s.kid, s.algorithm, CASE WHEN s.algorithm <> 'HS256' THEN s.key END AS public_key, s.created_at, s.retires_at,
    s.retires_at <= tenancy.clock_time() IS NOT TRUE AS in_use
FROM tenancy.token_secrets s;
REVOKE ALL ON tenancy.token_keys FROM PUBLIC;
COMMENT ON VIEW tenancy.token_keys IS 'The keys that tokens are verified with, without secrets.';

CREATE FUNCTION tenancy.token_key(algorithm text, key bytea) RETURNS bytea
LANGUAGE c STRICT IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tenancy_token_key';
REVOKE ALL ON FUNCTION tenancy.token_key(text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.token_key(text, bytea) IS
'Internal: a key as it is kept (public keys as DER), or an error (22023) if the algorithm cannot use it.';

CREATE FUNCTION tenancy.sign_hmac(secret bytea, signed_text text) RETURNS bytea
LANGUAGE c STRICT IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'tenancy_sign_hmac';
REVOKE ALL ON FUNCTION tenancy.sign_hmac(bytea, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.sign_hmac(bytea, text) IS 'Internal: HMAC-SHA256.';

CREATE FUNCTION tenancy.add_token_key(kid text, algorithm text, key bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept bytea;
    present tenancy.token_secrets;
BEGIN
    IF kid IS NULL OR algorithm IS NULL OR key IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'kid, algorithm and key must not be null';
    END IF;
    IF kid !~ '^[!-~]{1,128}$' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid key id',
            DETAIL = 'A key id (kid) has 1 to 128 printable ASCII characters without blanks.';
    END IF;
    kept := tenancy.token_key(algorithm, key);
    INSERT INTO tenancy.token_secrets (kid, algorithm, key)
    VALUES (add_token_key.kid, add_token_key.algorithm, kept)
    ON CONFLICT ON CONSTRAINT token_secrets_pkey DO NOTHING;
    IF FOUND THEN
        PERFORM tenancy.write_audit('add_token_key', add_token_key.kid, NULL, jsonb_build_object('algorithm', algorithm));
        RETURN true;
    END IF;
    SELECT * INTO present FROM tenancy.token_secrets s WHERE s.kid = add_token_key.kid;
    IF present.algorithm <> add_token_key.algorithm OR present.key <> kept THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
            MESSAGE = format('token key "%s" already exists with other values', add_token_key.kid),
            HINT = 'Give the new key an id of its own, and retire the old one with tenancy.retire_token_key().';
    END IF;
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION tenancy.add_token_key(text, text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.add_token_key(text, text, bytea) IS
'Adds a key that tokens are verified with: HS256 with a secret of 32 to 1024 bytes; EdDSA with an Ed25519 public key (32 bytes, or DER or PEM); RS256 with an RSA public key of 2048 bits or more (DER or PEM). Several may be in use. True if it is new, false if it was there. Errors: 22023 bad key id, algorithm or key, 42710 the key id has another key, 22004 null.';

CREATE FUNCTION tenancy.retire_token_key(kid text, at timestamptz DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was timestamptz;
    wanted timestamptz := coalesce(at, tenancy.clock_time());
BEGIN
    SELECT s.retires_at INTO was FROM tenancy.token_secrets s WHERE s.kid = retire_token_key.kid FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('token key "%s" does not exist', kid),
            HINT = 'tenancy.token_keys has those there are.';
    END IF;
    -- What has ended does not come back, and repeating changes nothing.
    IF was = wanted OR was <= tenancy.clock_time() THEN
        RETURN false;
    END IF;
    UPDATE tenancy.token_secrets s SET retires_at = wanted WHERE s.kid = retire_token_key.kid;
    PERFORM tenancy.write_audit('retire_token_key', kid, jsonb_build_object('retires_at', was),
        jsonb_build_object('retires_at', wanted));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.retire_token_key(text, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.retire_token_key(text, timestamptz) IS
'Ends the use of a key now, or at a time: its tokens are good until then at the longest, in running sessions as well. A time that has not come yet can be changed. False if the key is retired already. Errors: 42704 unknown key.';

CREATE FUNCTION tenancy.base64url(bytes bytea) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN rtrim(translate(encode(bytes, 'base64'), E'+/\n', '-_'), '=');
REVOKE ALL ON FUNCTION tenancy.base64url(bytea) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.base64url(bytea) IS 'Internal: bytes as base64url without padding.';

CREATE FUNCTION tenancy.make_token(tenant text, valid_for interval DEFAULT '5 minutes', kid text DEFAULT NULL,
    role name DEFAULT NULL, database name DEFAULT current_database())
RETURNS text LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    secret tenancy.token_secrets;
    known text := (SELECT t.id FROM tenancy.tenants t WHERE lower(t.id) = lower(make_token.tenant));
    made_at timestamptz := tenancy.clock_time();
    unsigned text;
BEGIN
    IF known IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('tenant "%s" does not exist', tenant),
            HINT = 'Check the spelling, or create it with tenancy.create_tenant().';
    END IF;
    IF valid_for IS NULL OR valid_for <= interval '0' OR valid_for > interval '10 years' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('invalid time for a token: %s', coalesce(valid_for::text, 'null')),
            DETAIL = 'It is more than nothing and at most 10 years.';
    END IF;
    SELECT * INTO secret FROM tenancy.token_secrets s
    WHERE s.algorithm = 'HS256' AND (s.retires_at > made_at) IS NOT FALSE
      AND s.kid = coalesce(make_token.kid, s.kid)
    ORDER BY s.created_at DESC, s.kid DESC LIMIT 1;
    IF secret.kid IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = 'no secret in use to sign the token with',
            HINT = 'Add one for HS256 with tenancy.add_token_key(). Of other algorithms the server has the public key only.';
    END IF;
    unsigned := concat_ws('.', 'v1', tenancy.base64url(convert_to(secret.kid, 'UTF8')),
        tenancy.base64url(convert_to(known, 'UTF8')), floor(extract(epoch FROM made_at))::bigint,
        ceil(extract(epoch FROM made_at + valid_for))::bigint, '',
        coalesce(tenancy.base64url(convert_to(database, getdatabaseencoding())), ''),
        coalesce(tenancy.base64url(convert_to(role, getdatabaseencoding())), ''),
        tenancy.base64url(convert_to(replace(gen_random_uuid()::text, '-', ''), 'UTF8')));
    RETURN unsigned || '.' || tenancy.base64url(tenancy.sign_hmac(secret.key, unsigned));
END
$$;
REVOKE ALL ON FUNCTION tenancy.make_token(text, interval, text, name, name) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.make_token(text, interval, text, name, name) IS
'Signs a token for a tenant, good for a time (default 5 minutes, at most 10 years), with the newest HS256 key or the one named; for one role if that is given, and for this database, another, or with null for all. Errors: 42704 unknown tenant, or no such key in use, 22023 bad time.';
