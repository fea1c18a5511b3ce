-- Many tenants at once: all or nothing, or a verdict on each.
\set SHOW_CONTEXT never
SELECT tenancy.create_plan('rb_basic');
SELECT * FROM tenancy.create_tenants('[{"id": "rb_1", "plan": "rb_basic"}, {"id": "rb_2"}]');
SELECT * FROM tenancy.create_tenants('[{"id": "rb_1", "plan": "rb_basic"}, {"id": "rb_3"}]');
SELECT * FROM tenancy.create_tenants('[{"id": "rb_4"}, {"id": "bad id"}]');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM tenancy.tenants WHERE id = 'rb_4';
\x on
SELECT * FROM tenancy.create_tenants('[{"id": "rb_4"}, {"id": "bad id"}, {"id": "rb_5", "plan": "rb_none"},
    {"id": "rb_6", "time_zone": "Mars/Olympus"}, {"id": "RB_1"}, {"id": "rb_7"}, {"id": "rb_7", "name": "other"}]', keep_going => true);
\x off
SELECT id FROM tenancy.tenants WHERE id LIKE 'rb\_%' ORDER BY id;
SELECT * FROM tenancy.create_tenants('[]');
SELECT * FROM tenancy.create_tenants('{"id": "rb_8"}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM tenancy.create_tenants('[1]');
SELECT * FROM tenancy.create_tenants(NULL);
SELECT count(*) FROM tenancy.audit_log WHERE action = 'create_tenant' AND object LIKE 'rb\_%';
SELECT count(*), count(*) FILTER (WHERE result = 'created') AS created
FROM tenancy.create_tenants((SELECT jsonb_agg(jsonb_build_object('id', 'rb_many_' || n)) FROM generate_series(1, 5000) n));
DELETE FROM tenancy.tenants WHERE id LIKE 'rb\_%';
DELETE FROM tenancy.plans WHERE id LIKE 'rb\_%';
