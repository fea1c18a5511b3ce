-- The outbox: events are written in the transaction that they tell of, and wait here for webhooks.
-- SPDX-License-Identifier: PostgreSQL

-- uuid: a receiver must never take a new event for an old one, as numbers given again after a restore would make it.
CREATE TABLE tenancy.events_outbox (
    id uuid PRIMARY KEY DEFAULT pg_catalog.gen_random_uuid(),
    seq bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id text COLLATE "C",
    type text COLLATE "C" NOT NULL CHECK (type ~ '^[a-z][a-z_]*(\.[a-z][a-z_]*)+$'),
    payload jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(payload) = 'object'),
    created_at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    published_at timestamptz
);
CREATE INDEX events_unpublished ON tenancy.events_outbox (seq) WHERE published_at IS NULL;
CREATE INDEX events_created ON tenancy.events_outbox (created_at);
COMMENT ON TABLE tenancy.events_outbox IS
'Events: what happened to a tenant (null: to none in particular), written in the transaction that did it, so there is an event if and only if that committed. seq is the order of writing; published_at says when it was handed to the webhooks. The job retention deletes published events that are old.';
REVOKE ALL ON tenancy.events_outbox FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.events_outbox', '');
SELECT pg_catalog.pg_extension_config_dump('tenancy.events_outbox_seq_seq', '');

CREATE FUNCTION tenancy.emit_event(tenant text, type text, payload jsonb DEFAULT '{}') RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO tenancy.events_outbox (tenant_id, type, payload)
    VALUES (emit_event.tenant, emit_event.type, coalesce(emit_event.payload, '{}')) RETURNING id;
END;
REVOKE ALL ON FUNCTION tenancy.emit_event(text, text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION tenancy.emit_event(text, text, jsonb) IS
'Internal: writes an event; the type is dotted lower-case words, the payload an object with money amounts as strings.';

-- On UPDATE where that is enough: a restore inserts, and must not tell of everything once more. Creation is told by create_tenants().
CREATE FUNCTION tenancy.tell_of_tenant() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF new.status <> old.status THEN
        PERFORM tenancy.emit_event(new.id, 'tenant.' || CASE new.status WHEN 'active' THEN 'resumed' ELSE new.status END,
            jsonb_build_object('name', new.name, 'plan', new.plan, 'status', new.status, 'reason', new.status_reason));
    END IF;
    IF new.plan IS DISTINCT FROM old.plan THEN
        PERFORM tenancy.emit_event(new.id, 'tenant.plan_changed',
            jsonb_build_object('name', new.name, 'plan', new.plan, 'status', new.status, 'old_plan', old.plan));
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION tenancy.tell_of_tenant() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.tell_of_tenant() IS 'Trigger: writes the events of a tenant''s life.';
CREATE TRIGGER tell AFTER UPDATE ON tenancy.tenants FOR EACH ROW
    WHEN (old.status IS DISTINCT FROM new.status OR old.plan IS DISTINCT FROM new.plan)
    EXECUTE FUNCTION tenancy.tell_of_tenant();

-- A statement a time, since all invoices of a month become final in one.
CREATE FUNCTION tenancy.tell_of_invoices() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO tenancy.events_outbox (tenant_id, type, payload)
    SELECT n.tenant_id, n.kind || '.' || CASE n.status WHEN 'final' THEN 'issued' WHEN 'void' THEN 'voided' ELSE n.status END,
        jsonb_build_object('invoice', n.id, 'number', n.number, 'status', n.status, 'total', n.total::text, 'currency', n.currency,
            'plan', n.plan, 'period_start', n.period_start, 'period_end', n.period_end, 'corrects', n.corrects, 'reason', n.status_reason)
    FROM new_rows n JOIN old_rows o ON o.id = n.id
    WHERE n.status <> o.status ORDER BY n.number;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION tenancy.tell_of_invoices() FROM PUBLIC;
COMMENT ON FUNCTION tenancy.tell_of_invoices() IS 'Trigger: writes the events of invoices and credit notes.';
CREATE TRIGGER tell AFTER UPDATE ON tenancy.invoices REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tell_of_invoices();
