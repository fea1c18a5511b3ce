-- Webhooks: where events go, their secrets and signatures; which are due, what became of them.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.webhooks (
    name text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'),
    url text NOT NULL CHECK (url ~* '^https?://[^/?#@[:space:][:cntrl:]]+([/?][^#[:space:][:cntrl:]]*)?$' AND length(url) <= 2000),
    events text[] COLLATE "C" NOT NULL DEFAULT '{*}' CHECK (cardinality(events) > 0),
    tenant_id text COLLATE "C",
    enabled boolean NOT NULL DEFAULT true,
    max_attempts integer NOT NULL DEFAULT 20 CHECK (max_attempts BETWEEN 1 AND 1000),
    retry_delay interval NOT NULL DEFAULT '5 seconds' CHECK (retry_delay BETWEEN '10 milliseconds' AND '1 hour'),
    timeout interval NOT NULL DEFAULT '10 seconds' CHECK (timeout BETWEEN '100 milliseconds' AND '5 minutes'),
    created_at timestamptz NOT NULL DEFAULT tenancy.clock_time()
);
COMMENT ON TABLE tenancy.webhooks IS
'Endpoints that events are sent to: which types (*, or patterns such as invoice.*), of one tenant or (null) all. A delivery is tried max_attempts times, after retry_delay and then twice as long each time, an hour at most; timeout is for one try. While not enabled, deliveries wait.';

CREATE TABLE tenancy.webhook_secrets (
    webhook text COLLATE "C" NOT NULL,
    inner_key bytea NOT NULL,
    outer_key bytea NOT NULL,
    retires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX webhook_secrets_webhook ON tenancy.webhook_secrets (webhook);
COMMENT ON TABLE tenancy.webhook_secrets IS
'Secrets of webhooks, as the two padded keys of HMAC. Nobody but the owner of the extension reads it, and no dump has it: a copy of the database sends nothing until it has secrets of its own.';

CREATE TABLE tenancy.webhook_deliveries (
    webhook text COLLATE "C" NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    event_id uuid NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    http_status integer,
    error text,
    finished_at timestamptz,
    PRIMARY KEY (webhook, position)
);
CREATE INDEX webhook_deliveries_pending ON tenancy.webhook_deliveries (webhook, tenant_id, position) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_oldest ON tenancy.webhook_deliveries (position) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_dead ON tenancy.webhook_deliveries (webhook, position) WHERE status = 'dead';
CREATE INDEX webhook_deliveries_event ON tenancy.webhook_deliveries (event_id);
COMMENT ON TABLE tenancy.webhook_deliveries IS
'One event for one webhook: pending, delivered, or dead (given up after max_attempts). A webhook gets the events of a tenant ('''': those without one) by position, one after the other. http_status and error are of the last try.';

-- What is due is asked for every second, so it must not depend on how many deliveries wait.
CREATE TABLE tenancy.webhook_queues (
    webhook text COLLATE "C" NOT NULL,
    tenant_id text COLLATE "C" NOT NULL,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_at timestamptz,
    PRIMARY KEY (webhook, tenant_id)
);
CREATE INDEX webhook_queues_due ON tenancy.webhook_queues (webhook, due_at) WHERE claimed_at IS NULL;
CREATE INDEX webhook_queues_claimed ON tenancy.webhook_queues (webhook) WHERE claimed_at IS NOT NULL;
COMMENT ON TABLE tenancy.webhook_queues IS
'A row for each webhook and tenant with pending deliveries: when the first of them is tried (next), or since when it is being tried.';

REVOKE ALL ON tenancy.webhooks, tenancy.webhook_secrets, tenancy.webhook_deliveries, tenancy.webhook_queues FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.webhooks', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.webhook_secrets', 'WHERE false');
SELECT pg_catalog.pg_extension_config_dump('tenancy.webhook_deliveries', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.webhook_deliveries_position_seq', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.webhook_queues', '');

CREATE VIEW tenancy.webhook_status AS
SELECT w.name, w.enabled, w.url,
    EXISTS (SELECT FROM tenancy.webhook_secrets s WHERE s.webhook = w.name) AS has_secret,
    p.pending, p.oldest_pending, d.dead, l.http_status AS last_http_status, l.error AS last_error
FROM tenancy.webhooks w
CROSS JOIN LATERAL (SELECT count(*) AS pending, min(e.created_at) AS oldest_pending FROM tenancy.webhook_deliveries v
    LEFT JOIN tenancy.events_outbox e ON e.id = v.event_id WHERE v.webhook = w.name AND v.status = 'pending') p
CROSS JOIN LATERAL (SELECT count(*) AS dead FROM tenancy.webhook_deliveries v WHERE v.webhook = w.name AND v.status = 'dead') d
LEFT JOIN LATERAL (SELECT v.http_status, v.error FROM tenancy.webhook_deliveries v JOIN tenancy.webhook_queues q
    ON q.webhook = v.webhook AND q.tenant_id = v.tenant_id
    WHERE v.webhook = w.name AND v.status = 'pending' AND v.error IS NOT NULL ORDER BY q.due_at LIMIT 1) l ON true;
COMMENT ON VIEW tenancy.webhook_status IS
'Webhooks with how many deliveries wait, since when the oldest event does, how many were given up (dead), and what the last failed try of a delivery that still waits came to. Without a secret nothing is sent.';
REVOKE ALL ON tenancy.webhook_status FROM PUBLIC;

-- HMAC (RFC 2104) needs the key only padded and masked: kept so, a signature is two calls of sha256().
CREATE FUNCTION tenancy.hmac_key(secret text, mask integer) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT string_agg(set_byte('\x00', 0, CASE WHEN i < length(k.bytes) THEN get_byte(k.bytes, i) ELSE 0 END # mask), ''::bytea ORDER BY i)
    FROM (SELECT CASE WHEN octet_length(secret) > 64 THEN sha256(convert_to(secret, 'UTF8')) ELSE convert_to(secret, 'UTF8') END AS bytes) k,
        generate_series(0, 63) AS i;
END;
REVOKE ALL ON FUNCTION tenancy.hmac_key(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.hmac_key(text, integer) IS 'Internal: a secret as the inner (mask 54) or outer (92) key of HMAC-SHA256.';

CREATE FUNCTION tenancy.save_webhook_secret(webhook text, secret text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF octet_length(secret) < 16 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the secret of a webhook is too short',
            DETAIL = 'It has less than 16 bytes.', HINT = 'Leave it out to have one made.';
    END IF;
    secret := coalesce(secret, 'whsec_' || encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'));
    INSERT INTO tenancy.webhook_secrets (webhook, inner_key, outer_key)
    VALUES (save_webhook_secret.webhook, tenancy.hmac_key(secret, 54), tenancy.hmac_key(secret, 92));
    RETURN secret;
END
$$;
REVOKE ALL ON FUNCTION tenancy.save_webhook_secret(text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.save_webhook_secret(text, text) IS 'Internal: keeps a secret, or makes one, and returns it.';

CREATE FUNCTION tenancy.require_webhook(name text) RETURNS tenancy.webhooks
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result tenancy.webhooks;
BEGIN
    SELECT * INTO result FROM tenancy.webhooks w WHERE w.name = require_webhook.name FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('webhook "%s" does not exist', require_webhook.name),
            HINT = 'Add it with tenancy.add_webhook().';
    END IF;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION tenancy.require_webhook(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.require_webhook(text) IS 'Internal: locks a webhook.';

CREATE FUNCTION tenancy.check_webhook(url text, events text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF url !~* '^https?://[^/?#@[:space:][:cntrl:]]+([/?][^#[:space:][:cntrl:]]*)?$' OR length(url) > 2000 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid URL of a webhook',
            DETAIL = 'It is http:// or https://, a host, and maybe a port, path and query; no user, password or fragment.';
    ELSIF cardinality(events) = 0 OR EXISTS (SELECT FROM unnest(events) e WHERE (e ~ '^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$') IS NOT TRUE) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid event types of a webhook',
            HINT = 'Each is a type such as invoice.issued, all of a kind such as invoice.*, or *.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION tenancy.check_webhook(text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.check_webhook(text, text[]) IS 'Internal: raises the error of a bad URL or event filter.';

CREATE FUNCTION tenancy.add_webhook(name text, url text, events text[] DEFAULT '{*}', tenant text DEFAULT NULL, secret text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made tenancy.webhooks;
    known_id text := (SELECT t.id FROM tenancy.tenants t WHERE lower(t.id) = lower(add_webhook.tenant));
BEGIN
    IF (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$') IS NOT TRUE OR url IS NULL OR events IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid webhook',
            DETAIL = 'It needs a name of 1 to 63 ASCII letters, digits and the characters _ . -, a URL, and event types.';
    ELSIF tenant IS NOT NULL AND known_id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('tenant "%s" does not exist', tenant), HINT = 'Check the spelling.';
    END IF;
    PERFORM tenancy.check_webhook(url, events);
    INSERT INTO tenancy.webhooks (name, url, events, tenant_id) VALUES (add_webhook.name, add_webhook.url, add_webhook.events, known_id)
    ON CONFLICT DO NOTHING RETURNING * INTO made;
    IF made.name IS NULL THEN
        IF EXISTS (SELECT FROM tenancy.webhooks w WHERE w.name = add_webhook.name AND w.url = add_webhook.url
                   AND w.events = add_webhook.events AND w.tenant_id IS NOT DISTINCT FROM known_id) THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('webhook "%s" already exists with other values', add_webhook.name),
            HINT = 'tenancy.change_webhook() changes it.';
    END IF;
    PERFORM tenancy.write_audit('add_webhook', made.name, NULL, to_jsonb(made));
    RETURN tenancy.save_webhook_secret(made.name, secret);
END
$$;
REVOKE ALL ON FUNCTION tenancy.add_webhook(text, text, text[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.add_webhook(text, text, text[], text, text) IS
'Sends events, from now on, to a URL: of the types given (invoice.issued, invoice.*, or *, the default), of one tenant or (default) all. Returns the secret that deliveries are signed with, given (at least 16 bytes) or made; it cannot be read again. Null if the webhook was there with the same values. Errors: 22023 bad name, URL, types or secret, 42704 unknown tenant, 42710 exists with other values.';

CREATE FUNCTION tenancy.change_webhook(name text, url text DEFAULT NULL, events text[] DEFAULT NULL, enabled boolean DEFAULT NULL,
    max_attempts integer DEFAULT NULL, retry_delay interval DEFAULT NULL, timeout interval DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before tenancy.webhooks := tenancy.require_webhook(name);
    after tenancy.webhooks;
BEGIN
    PERFORM tenancy.check_webhook(url, events);
    IF max_attempts NOT BETWEEN 1 AND 1000 OR retry_delay NOT BETWEEN '10 milliseconds' AND '1 hour'
       OR timeout NOT BETWEEN '100 milliseconds' AND '5 minutes' THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid settings of a webhook',
            DETAIL = 'max_attempts is 1 to 1000, retry_delay 10 milliseconds to 1 hour, timeout 100 milliseconds to 5 minutes.';
    END IF;
    UPDATE tenancy.webhooks w SET url = coalesce(change_webhook.url, w.url), events = coalesce(change_webhook.events, w.events),
        enabled = coalesce(change_webhook.enabled, w.enabled), max_attempts = coalesce(change_webhook.max_attempts, w.max_attempts),
        retry_delay = coalesce(change_webhook.retry_delay, w.retry_delay), timeout = coalesce(change_webhook.timeout, w.timeout)
    WHERE w.name = before.name RETURNING * INTO after;
    IF before = after THEN
        RETURN false;
    END IF;
    PERFORM tenancy.write_audit('change_webhook', before.name, to_jsonb(before), to_jsonb(after));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.change_webhook(text, text, text[], boolean, integer, interval, interval) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.change_webhook(text, text, text[], boolean, integer, interval, interval) IS
'Changes a webhook; what is left out stays. With enabled => false its deliveries wait until it is true again. max_attempts (1 to 1000, default 20) is how often a delivery is tried, retry_delay (10 ms to 1 h, default 5 s) the wait before the second try, which then doubles up to an hour, and timeout (100 ms to 5 min, default 10 s) the time for one try. False if nothing changes. Errors: 42704 unknown, 22023 bad URL, types or settings.';

CREATE FUNCTION tenancy.rotate_webhook_secret(name text, secret text DEFAULT NULL, overlap interval DEFAULT '1 day') RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_webhook tenancy.webhooks := tenancy.require_webhook(name);
BEGIN
    DELETE FROM tenancy.webhook_secrets s WHERE s.webhook = found_webhook.name AND s.retires_at <= clock_timestamp();
    UPDATE tenancy.webhook_secrets s SET retires_at = clock_timestamp() + coalesce(overlap, '0')
    WHERE s.webhook = found_webhook.name AND s.retires_at IS NULL;
    secret := tenancy.save_webhook_secret(found_webhook.name, secret);
    PERFORM tenancy.write_audit('rotate_webhook_secret', found_webhook.name, NULL, jsonb_build_object('overlap', overlap));
    RETURN secret;
END
$$;
REVOKE ALL ON FUNCTION tenancy.rotate_webhook_secret(text, text, interval) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.rotate_webhook_secret(text, text, interval) IS
'Gives a webhook another secret, given (at least 16 bytes) or made, and returns it; for overlap (default 1 day) deliveries carry signatures by both. Errors: 42704 unknown, 22023 too short.';

CREATE FUNCTION tenancy.remove_webhook(name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old_row tenancy.webhooks;
BEGIN
    PERFORM tenancy.take_lock(29777, 3);
    DELETE FROM tenancy.webhooks w WHERE w.name = remove_webhook.name RETURNING * INTO old_row;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    DELETE FROM tenancy.webhook_secrets s WHERE s.webhook = old_row.name;
    DELETE FROM tenancy.webhook_queues q WHERE q.webhook = old_row.name;
    DELETE FROM tenancy.webhook_deliveries v WHERE v.webhook = old_row.name;
    PERFORM tenancy.write_audit('remove_webhook', old_row.name, to_jsonb(old_row), NULL);
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION tenancy.remove_webhook(text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.remove_webhook(text) IS
'Removes a webhook with its secrets and all its deliveries, also those that wait. False if there is none.';
