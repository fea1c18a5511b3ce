-- Sending webhooks: what tenancyd calls to publish events, take deliveries and say what became of them.
-- SPDX-License-Identifier: PostgreSQL

CREATE FUNCTION tenancy.matches_event(patterns text[], type text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM unnest(patterns) p WHERE p = '*' OR p = type OR (right(p, 2) = '.*' AND starts_with(type, left(p, -1))));
REVOKE ALL ON FUNCTION tenancy.matches_event(text[], text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.matches_event(text[], text) IS 'Internal: does a webhook want events of this type?';

-- Committed events get their places here, one publisher after the other. So whoever reacted to a committed event and
-- wrote another has the later place, whichever transaction took its number from a sequence first.
CREATE FUNCTION tenancy.queue_deliveries(events uuid[], only_webhook text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result bigint;
BEGIN
    WITH made AS (
        INSERT INTO tenancy.webhook_deliveries (webhook, event_id, tenant_id)
        SELECT w.name, e.id, coalesce(e.tenant_id, '')
        FROM tenancy.events_outbox e JOIN tenancy.webhooks w
            ON tenancy.matches_event(w.events, e.type) AND (w.tenant_id IS NULL OR w.tenant_id = e.tenant_id)
        WHERE e.id = ANY (queue_deliveries.events) AND (only_webhook IS NULL OR w.name = only_webhook)
        ORDER BY e.seq, w.name RETURNING webhook, tenant_id
    ), queued AS (
        -- The update is for its lock: finish_delivery() must not find the queue empty meanwhile, and delete it.
        INSERT INTO tenancy.webhook_queues AS q (webhook, tenant_id)
        SELECT DISTINCT m.webhook, m.tenant_id FROM made m ORDER BY 1, 2
        ON CONFLICT ON CONSTRAINT webhook_queues_pkey DO UPDATE SET due_at = q.due_at
    )
    SELECT count(*) INTO result FROM made;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION tenancy.queue_deliveries(uuid[], text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.queue_deliveries(uuid[], text) IS 'Internal: makes the deliveries of events, in order.';

CREATE FUNCTION tenancy.publish_events(max_count integer DEFAULT 1000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids uuid[];
BEGIN
    IF NOT EXISTS (SELECT FROM tenancy.events_outbox e WHERE e.published_at IS NULL) THEN
        RETURN 0;
    END IF;
    PERFORM tenancy.take_lock(29777, 3);
    ids := ARRAY(SELECT e.id FROM tenancy.events_outbox e WHERE e.published_at IS NULL ORDER BY e.seq LIMIT max_count);
    PERFORM tenancy.queue_deliveries(ids);
    UPDATE tenancy.events_outbox e SET published_at = clock_timestamp() WHERE e.id = ANY (ids);
    RETURN cardinality(ids);
END
$$;
REVOKE ALL ON FUNCTION tenancy.publish_events(integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.publish_events(integer) IS
'Hands the oldest new events, at most max_count (default 1000), to the webhooks that want them; returns how many events. tenancyd serve calls it.';

CREATE FUNCTION tenancy.claim_deliveries(max_count integer DEFAULT 32, max_per_webhook integer DEFAULT 8)
RETURNS TABLE (webhook text, "position" bigint, event_id uuid, type text, attempt integer, url text, timeout_ms integer, signature text, body text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    now timestamptz := clock_timestamp();
    seconds text := floor(extract(epoch FROM now))::bigint::text;
BEGIN
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT q.webhook, q.tenant_id FROM tenancy.webhooks w
        CROSS JOIN LATERAL (SELECT claim_deliveries.max_per_webhook - count(*) AS free FROM tenancy.webhook_queues c
            WHERE c.webhook = w.name AND c.claimed_at IS NOT NULL) f
        CROSS JOIN LATERAL (SELECT u.* FROM (
                (SELECT c.webhook, c.tenant_id, c.due_at FROM tenancy.webhook_queues c
                 WHERE c.webhook = w.name AND c.claimed_at IS NULL AND c.due_at <= now ORDER BY c.due_at LIMIT greatest(f.free, 0))
                UNION ALL
                -- No wait is longer: the clock was ahead when this one was written down.
                (SELECT c.webhook, c.tenant_id, c.due_at FROM tenancy.webhook_queues c
                 WHERE c.webhook = w.name AND c.claimed_at IS NULL AND c.due_at > now + interval '1 hour' ORDER BY c.due_at LIMIT greatest(f.free, 0))) u
            ORDER BY u.due_at LIMIT greatest(f.free, 0)) q
        WHERE w.enabled AND EXISTS (SELECT FROM tenancy.webhook_secrets s WHERE s.webhook = w.name)
        ORDER BY q.due_at LIMIT claim_deliveries.max_count
    ), claimed AS (
        UPDATE tenancy.webhook_queues q SET claimed_at = now FROM due d
        WHERE q.webhook = d.webhook AND q.tenant_id = d.tenant_id AND q.claimed_at IS NULL RETURNING q.webhook, q.tenant_id
    ), firsts AS MATERIALIZED (
        SELECT c.webhook, (SELECT min(v.position) FROM tenancy.webhook_deliveries v
            WHERE v.webhook = c.webhook AND v.tenant_id = c.tenant_id AND v.status = 'pending') AS position FROM claimed c
    ), taken AS (
        -- Counted before it is sent: what kills the sender each time is given up in the end, too.
        UPDATE tenancy.webhook_deliveries v SET attempts = v.attempts + 1 FROM firsts f
        WHERE v.webhook = f.webhook AND v.position = f.position RETURNING v.*
    ), messages AS (
        SELECT k.webhook, k.position, k.attempts, e.id, e.type, json_build_object('id', e.id, 'type', e.type, 'tenant', e.tenant_id, 'created_at',
            to_char(e.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'data', e.payload)::text AS body
        FROM taken k JOIN tenancy.events_outbox e ON e.id = k.event_id
    )
    SELECT m.webhook, m.position, m.id, m.type, m.attempts, w.url, (extract(epoch FROM w.timeout) * 1000)::integer,
        (SELECT 't=' || seconds || string_agg(',v1=' || encode(sha256(s.outer_key || sha256(s.inner_key
            || convert_to(seconds || '.' || m.body, 'UTF8'))), 'hex'), '' ORDER BY s.retires_at DESC)
         FROM tenancy.webhook_secrets s WHERE s.webhook = m.webhook AND (s.retires_at IS NULL OR s.retires_at > now)), m.body
    FROM messages m JOIN tenancy.webhooks w ON w.name = m.webhook ORDER BY m.position;
END
$$;
REVOKE ALL ON FUNCTION tenancy.claim_deliveries(integer, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.claim_deliveries(integer, integer) IS
'Takes deliveries that are due, of each webhook and tenant the first that waits: at most max_count (default 32), and max_per_webhook (default 8) with those that were taken before; with URL, body and signature to send. What is taken is not given again before finish_delivery() or release_deliveries(). tenancyd serve calls it.';

CREATE FUNCTION tenancy.finish_delivery(webhook text, "position" bigint, http_status integer DEFAULT NULL, error text DEFAULT NULL)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now timestamptz := clock_timestamp();
    sent tenancy.webhook_deliveries;
    target tenancy.webhooks;
    result text;
BEGIN
    SELECT * INTO sent FROM tenancy.webhook_deliveries v
    WHERE v.webhook = finish_delivery.webhook AND v.position = finish_delivery.position AND v.status = 'pending';
    SELECT * INTO target FROM tenancy.webhooks w WHERE w.name = sent.webhook;
    -- Before the next statement looks whether more waits: see queue_deliveries().
    PERFORM FROM tenancy.webhook_queues q WHERE q.webhook = sent.webhook AND q.tenant_id = sent.tenant_id FOR UPDATE;
    IF sent.webhook IS NULL OR target.name IS NULL THEN
        RETURN 'gone';
    END IF;
    result := CASE WHEN error IS NULL THEN 'delivered' WHEN sent.attempts >= target.max_attempts THEN 'dead' ELSE 'retry' END;
    UPDATE tenancy.webhook_deliveries v SET status = CASE result WHEN 'retry' THEN 'pending' ELSE result END,
        http_status = finish_delivery.http_status, error = finish_delivery.error, finished_at = CASE WHEN result <> 'retry' THEN now END
    WHERE v.webhook = sent.webhook AND v.position = sent.position;
    IF result = 'retry' OR EXISTS (SELECT FROM tenancy.webhook_deliveries v
                                   WHERE v.webhook = sent.webhook AND v.tenant_id = sent.tenant_id AND v.status = 'pending') THEN
        UPDATE tenancy.webhook_queues q SET claimed_at = NULL, due_at = now + CASE WHEN result = 'retry'
            THEN least('1 hour', target.retry_delay * 2 ^ least(sent.attempts - 1, 20)) * (0.5 + random() / 2) ELSE '0' END
        WHERE q.webhook = sent.webhook AND q.tenant_id = sent.tenant_id;
    ELSE
        DELETE FROM tenancy.webhook_queues q WHERE q.webhook = sent.webhook AND q.tenant_id = sent.tenant_id;
    END IF;
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION tenancy.finish_delivery(text, bigint, integer, text) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.finish_delivery(text, bigint, integer, text) IS
'Says what became of a delivery that was taken: delivered (no error), else retry, after retry_delay that doubles with each try up to an hour, less up to half of it at random, or dead, once it was tried max_attempts times; the next of its tenant follows. Returns which, or gone where there is no such delivery that waits. tenancyd serve calls it.';

CREATE FUNCTION tenancy.release_deliveries() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH released AS (
        UPDATE tenancy.webhook_queues q SET claimed_at = NULL, due_at = clock_timestamp() WHERE q.claimed_at IS NOT NULL RETURNING 1
    )
    SELECT count(*) FROM released;
END;
REVOKE ALL ON FUNCTION tenancy.release_deliveries() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.release_deliveries() IS
'Makes deliveries that were taken by a sender that died due again, and returns how many. tenancyd serve calls it when it takes over; while another sends, events may arrive twice.';

CREATE FUNCTION tenancy.replay_events(webhook text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    target tenancy.webhooks := tenancy.require_webhook(webhook);
    ids uuid[];
    result bigint;
BEGIN
    PERFORM tenancy.take_lock(29777, 3);
    IF since IS NULL AND until IS NULL THEN
        WITH taken AS (
            DELETE FROM tenancy.webhook_deliveries v WHERE v.webhook = target.name AND v.status = 'dead' RETURNING v.event_id
        )
        SELECT array_agg(DISTINCT t.event_id) INTO ids FROM taken t;
    ELSE
        ids := ARRAY(SELECT e.id FROM tenancy.events_outbox e
            WHERE e.created_at >= coalesce(since, '-infinity') AND e.created_at < coalesce(until, 'infinity') AND e.published_at IS NOT NULL
              AND NOT EXISTS (SELECT FROM tenancy.webhook_deliveries v
                              WHERE v.event_id = e.id AND v.webhook = target.name AND v.status = 'pending'));
    END IF;
    result := tenancy.queue_deliveries(ids, target.name);
    PERFORM tenancy.write_audit('replay_events', target.name, NULL, jsonb_build_object('since', since, 'until', until, 'events', result));
    RETURN result;
END
$$;
REVOKE ALL ON FUNCTION tenancy.replay_events(text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.replay_events(text, timestamptz, timestamptz) IS
'Sends events to a webhook again, behind what waits, and returns how many: what was given up (dead), or, with since or until (exclusive), all that it wants of that time, delivered or not. They keep their ids. Error: 42704 unknown.';

CREATE FUNCTION tenancy.purge_events(older_than interval DEFAULT '30 days', max_count integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids uuid[];
BEGIN
    IF older_than IS NULL OR older_than < '0' OR (max_count > 0) IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'invalid age or number of events to delete';
    END IF;
    ids := ARRAY(SELECT e.id FROM tenancy.events_outbox e
        WHERE e.created_at < tenancy.clock_time() - older_than AND e.published_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM tenancy.webhook_deliveries v WHERE v.event_id = e.id AND v.status = 'pending')
        ORDER BY e.created_at LIMIT max_count);
    DELETE FROM tenancy.webhook_deliveries v WHERE v.event_id = ANY (ids);
    DELETE FROM tenancy.events_outbox e WHERE e.id = ANY (ids);
    RETURN cardinality(ids);
END
$$;
REVOKE ALL ON FUNCTION tenancy.purge_events(interval, integer) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.purge_events(interval, integer) IS
'Deletes published events older than older_than (default 30 days) of which no delivery waits, dead ones included, at most max_count (default 10000), and returns how many. The job retention does. Error: 22023 negative age, or no number.';
