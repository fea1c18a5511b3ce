-- Webhooks: who gets which event, in order, with what signature; tries, dead letters, replay.
-- SPDX-License-Identifier: PostgreSQL
\set SHOW_CONTEXT never
-- What other tests left.
UPDATE tenancy.events_outbox SET published_at = clock_timestamp() WHERE published_at IS NULL;
\pset format unaligned
\pset tuples_only on
-- RFC 4231, test case 2, and a key longer than a block of SHA-256 (case 6).
SELECT encode(sha256(tenancy.hmac_key('Jefe', 92) || sha256(tenancy.hmac_key('Jefe', 54) || 'what do ya want for nothing?'::bytea)), 'hex')
    = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';
SELECT length(tenancy.hmac_key(repeat('k', 65), 54)), tenancy.hmac_key(repeat('k', 65), 54) <> tenancy.hmac_key(repeat('k', 66), 54);

SELECT tenancy.create_tenant('wd_acme'), tenancy.create_tenant('wd_globex');
SELECT tenancy.publish_events(), tenancy.publish_events();
SELECT tenancy.add_webhook('all', 'https://hooks.example/all', secret => 'a secret of its own');
SELECT tenancy.add_webhook('all', 'https://hooks.example/all');
SELECT tenancy.add_webhook('acme', 'https://hooks.example/acme?x=1', '{tenant.suspended,quota.*}', 'WD_acme') ~ '^whsec_[0-9a-f]{64}$';

SELECT tenancy.suspend_tenant('wd_acme', 'a'), tenancy.suspend_tenant('wd_globex', 'b'), tenancy.resume_tenant('wd_acme');
SELECT tenancy.emit_event('wd_acme', 'quota.alert', '{"n": 1}') IS NOT NULL, tenancy.emit_event(NULL, 'quota.alert', '{"n": 2}') IS NOT NULL,
    tenancy.emit_event('wd_acme', 'quotas.other', '{"n": 3}') IS NOT NULL;
-- Nothing is delivered before it is published, and an older webhook's events are not a new one's.
SELECT count(*) FROM tenancy.claim_deliveries();
SELECT tenancy.publish_events(4), tenancy.publish_events(), tenancy.publish_events();
CREATE VIEW sent AS
SELECT v.webhook, v.tenant_id, e.type, v.status, v.attempts, v.http_status, v.error
FROM tenancy.webhook_deliveries v JOIN tenancy.events_outbox e ON e.id = v.event_id ORDER BY v.webhook, v.position;
SELECT * FROM sent;

-- The first of each webhook and tenant, and no second one before it is done.
CREATE TABLE claimed AS SELECT * FROM tenancy.claim_deliveries();
SELECT webhook, type, attempt, url, timeout_ms FROM claimed ORDER BY "position";
SELECT count(*) FROM tenancy.claim_deliveries();
-- What is signed is the time, a dot and the body.
SELECT body::jsonb - '{id,created_at}'::text[], body::jsonb ->> 'id' = event_id::text, body::jsonb ->> 'created_at' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$'
FROM claimed ORDER BY "position";
SELECT signature = t.prefix || ',v1=' || encode(sha256(tenancy.hmac_key('a secret of its own', 92)
    || sha256(tenancy.hmac_key('a secret of its own', 54) || convert_to(substr(t.prefix, 3) || '.' || body, 'UTF8'))), 'hex')
FROM claimed, split_part(signature, ',', 1) AS t(prefix) WHERE webhook = 'all';

-- Delivered, failed, delivered: the next of acme follows, globex waits for its second try.
SELECT webhook, type, tenancy.finish_delivery(webhook, "position", CASE webhook WHEN 'acme' THEN 204 WHEN 'all' THEN 200 END,
    CASE WHEN body LIKE '%globex%' THEN 'timed out' END) FROM claimed ORDER BY "position";
TRUNCATE claimed;
INSERT INTO claimed SELECT * FROM tenancy.claim_deliveries();
SELECT webhook, type, attempt FROM claimed ORDER BY "position";
SELECT q.due_at > clock_timestamp() + interval '1 second', q.due_at < clock_timestamp() + interval '5 seconds'
FROM tenancy.webhook_queues q WHERE q.tenant_id = 'wd_globex';
-- The clock was ahead when it was put off, and is right again: no wait is longer than an hour.
BEGIN;
UPDATE tenancy.webhook_queues SET due_at = clock_timestamp() + interval '59 minutes' WHERE tenant_id = 'wd_globex';
SELECT count(*) FROM tenancy.claim_deliveries();
UPDATE tenancy.webhook_queues SET due_at = clock_timestamp() + interval '1 year' WHERE tenant_id = 'wd_globex';
SELECT webhook, attempt FROM tenancy.claim_deliveries();
ROLLBACK;
-- Its sender dies; another takes over. All of acme's that wait, one by one.
SELECT tenancy.release_deliveries();
DO $$
DECLARE
    d record;
BEGIN
    FOR i IN 1..10 LOOP
        FOR d IN SELECT * FROM tenancy.claim_deliveries() c WHERE c.body NOT LIKE '%globex%' LOOP
            RAISE NOTICE '% % % %', d.webhook, d.type, d.attempt, tenancy.finish_delivery(d.webhook, d."position", 200);
        END LOOP;
    END LOOP;
END
$$;
SELECT * FROM sent WHERE status <> 'delivered';
SELECT name, has_secret, pending, dead, last_http_status, last_error FROM tenancy.webhook_status ORDER BY name;

-- Given up after the last try, and the next follows all the same.
SELECT tenancy.change_webhook('all', max_attempts => 2, retry_delay => '10 milliseconds'), tenancy.change_webhook('all', max_attempts => 2);
SELECT tenancy.resume_tenant('wd_globex');
SELECT tenancy.publish_events();
UPDATE tenancy.webhook_queues SET due_at = '-infinity', claimed_at = NULL;
SELECT c.type, c.attempt, tenancy.finish_delivery(c.webhook, c."position", 503, 'HTTP status 503') FROM tenancy.claim_deliveries() c;
SELECT c.type, c.attempt, tenancy.finish_delivery(c.webhook, c."position", 200) FROM tenancy.claim_deliveries() c;
SELECT * FROM sent WHERE webhook = 'all' AND tenant_id = 'wd_globex';
SELECT tenancy.finish_delivery('all', 1), tenancy.finish_delivery('nothing', 1);

-- Dead letters come again, with their ids; a time brings all of it. The first replay has nothing new for the second.
CREATE TABLE dead AS SELECT event_id FROM tenancy.webhook_deliveries WHERE status = 'dead';
SELECT tenancy.replay_events('all'), tenancy.replay_events('all');
SELECT c.attempt, c.event_id = (SELECT event_id FROM dead), tenancy.finish_delivery(c.webhook, c."position", 200) FROM tenancy.claim_deliveries() c;
SELECT tenancy.replay_events('acme', '-infinity'), tenancy.replay_events('acme', '-infinity'), tenancy.replay_events('all', until => '2001-01-01');
SELECT string_agg(type || ' ' || status, ', ') FROM (SELECT * FROM sent WHERE webhook = 'acme') s;

-- Not enabled: it waits. Without a secret, as after a restore: so too.
SELECT tenancy.change_webhook('acme', enabled => false);
SELECT count(*) FROM tenancy.claim_deliveries();
SELECT tenancy.change_webhook('acme', enabled => true);
DELETE FROM tenancy.webhook_secrets WHERE webhook = 'acme';
SELECT count(*) FROM tenancy.claim_deliveries();
SELECT tenancy.rotate_webhook_secret('acme', 'another one, long enough') IS NOT NULL, tenancy.rotate_webhook_secret('acme') ~ '^whsec_';
-- Two signatures while the secrets overlap, then one.
SELECT signature ~ '^t=\d+(,v1=[0-9a-f]{64}){2}$', tenancy.finish_delivery(webhook, "position") FROM tenancy.claim_deliveries();
SELECT tenancy.rotate_webhook_secret('acme', overlap => '0') ~ '^whsec_';
UPDATE tenancy.webhook_secrets SET retires_at = '-infinity' WHERE retires_at IS NOT NULL;
SELECT signature ~ '^t=\d+(,v1=[0-9a-f]{64}){1}$', tenancy.finish_delivery(webhook, "position") FROM tenancy.claim_deliveries();

-- A slow webhook takes its share of senders, not all.
SELECT count(tenancy.create_tenant('wd_t' || n)) FROM generate_series(1, 20) n;
SELECT tenancy.publish_events();
SELECT count(*) FROM tenancy.claim_deliveries(32, 8);
SELECT count(*) FROM tenancy.claim_deliveries(32, 8);
SELECT count(*) FROM tenancy.claim_deliveries(3, 20);

-- Old events go, but for those that wait.
SELECT tenancy.purge_events('0', 3);
SELECT tenancy.purge_events('0') > 0;
SELECT count(*) FROM tenancy.events_outbox WHERE tenant_id LIKE 'wd\_%';
SELECT tenancy.remove_webhook('all'), tenancy.remove_webhook('all'), tenancy.remove_webhook('acme');
SELECT (SELECT count(*) FROM tenancy.webhook_deliveries), (SELECT count(*) FROM tenancy.webhook_queues), (SELECT count(*) FROM tenancy.webhook_secrets);
SELECT action, object, after - '{created_at,since,until}'::text[] FROM tenancy.audit_log WHERE action ~ 'webhook|replay' ORDER BY id;

-- Secrets are nobody's: not an operator's, nor in a dump.
CREATE ROLE regress_wd_operator;
SELECT tenancy.grant_operator('regress_wd_operator');
SET ROLE regress_wd_operator;
SELECT count(*) FROM tenancy.webhook_secrets;
SELECT count(*) FROM tenancy.webhook_status;
RESET ROLE;
SELECT c FROM pg_extension e, unnest(e.extconfig, e.extcondition) x(t, c) WHERE x.t = 'tenancy.webhook_secrets'::regclass;

-- Errors.
SELECT tenancy.add_webhook('a b', 'https://hooks.example');
SELECT tenancy.add_webhook('a', 'ftp://hooks.example');
SELECT tenancy.add_webhook('a', 'https://user:secret@hooks.example/');
SELECT tenancy.add_webhook('a', E'https://hooks.example/\r\nX-Other: 1');
SELECT tenancy.add_webhook('a', 'https://hooks.example', '{}');
SELECT tenancy.add_webhook('a', 'https://hooks.example', '{tenant*}');
SELECT tenancy.add_webhook('a', 'https://hooks.example', tenant => 'nobody');
SELECT tenancy.add_webhook('a', 'https://hooks.example', secret => 'short');
SELECT tenancy.add_webhook('a', 'https://hooks.example', secret => 'long enough for this');
SELECT tenancy.add_webhook('a', 'https://hooks.example/other');
SELECT tenancy.change_webhook('b', enabled => true);
SELECT tenancy.change_webhook('a', max_attempts => 0);
SELECT tenancy.change_webhook('a', timeout => '1 hour');
SELECT tenancy.replay_events('b');
SELECT tenancy.rotate_webhook_secret('b');
SELECT tenancy.purge_events('-1 day');
DROP OWNED BY regress_wd_operator;
DROP ROLE regress_wd_operator;
SELECT tenancy.remove_webhook('a');
DROP VIEW sent;
DROP TABLE claimed, dead;
