-- Resource history: by hour, day and month, who used most, who is noisy, and how long it is kept.
\set SHOW_CONTEXT never
-- a time that a flush of this server's cannot come near
SET tenancy.clock = '2126-03-15 12:34:56';
SELECT tenancy.create_plan('mh_long'), tenancy.create_tenant('mh_Acme', 'mh_long'), tenancy.create_tenant('mh_bond'), tenancy.create_tenant('mh_cyan');
-- 1 is selects, 15 rows deleted, 23 time in microseconds; 40 statements of 1 ms, 60 of 16 ms
CREATE FUNCTION mh_add(tenant text, at timestamptz, statements bigint, microseconds bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO tenancy.resource_history VALUES (tenant, 'hour', at,
        ARRAY[statements] || array_fill(0::bigint, ARRAY[21]) || ARRAY[microseconds],
        array_fill(0::bigint, ARRAY[25]) || 40::bigint || array_fill(0::bigint, ARRAY[15]) || 60::bigint);
$$;
SELECT mh_add(t, '2126-03-15 12:00+00', s, u), mh_add(t, '2126-03-15 10:00+00', s, u), mh_add(t, '2126-03-01 00:00+00', s * 2, u), mh_add(t, '2126-02-28 23:00+00', s * 3, u)
FROM (VALUES ('mh_Acme', 10, 900000), ('mh_bond', 20, 50000), ('mh_cyan', 30, 50000), ('', 5, 100000)) v (t, s, u);
SELECT starts_at, statements, selects, exec_ms, p50_ms, p95_ms, p99_ms FROM tenancy.usage('mh_acme');
SELECT starts_at, statements FROM tenancy.usage('mh_acme', since => '2126-03-01 23:59+00', until => '2126-03-15 12:00+00');
SELECT starts_at, statements FROM tenancy.usage('mh_acme', '2126-03-15', '2126-03-16', 'hour');
SELECT starts_at, statements FROM tenancy.usage('mh_acme', grain => 'day');
SELECT starts_at, statements, exec_ms FROM tenancy.usage('mh_acme', '2126-03-10', grain => 'month');
SELECT starts_at, statements FROM tenancy.usage(NULL, '2126-01-01', grain => 'month');
SELECT starts_at, statements FROM tenancy.usage('mh_unknown');
SELECT tenancy.usage('mh_acme', grain => 'week');
\echo :LAST_ERROR_SQLSTATE
-- from 11:00 on, and from 10:00 on
SELECT * FROM tenancy.top_tenants() WHERE tenant_id LIKE 'mh\_%';
SELECT tenant_id, value FROM tenancy.top_tenants('statements', over => '2 hours', most => 2);
SELECT tenant_id, value FROM tenancy.top_tenants('selects', 100000, NULL) WHERE tenant_id LIKE 'mh\_%';
SELECT tenancy.top_tenants('money');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM tenancy.noisy_neighbours();
SELECT tenant_id, figure, times_others FROM tenancy.noisy_neighbours(18);
SELECT tenant_id, figure, times_others FROM tenancy.noisy_neighbours(18.1);
SELECT tenant_id, times_usual FROM tenancy.noisy_neighbours(over => '2 hours');

-- kept by the hour for seven days, then by the day; longer for a plan
SELECT tenancy.set_resource_retention('30 days', '400 days', 'mh_long'), tenancy.set_resource_retention('30 days', '400 days', 'mh_long');
SELECT tenancy.prune_resource_history() > 0 AS pruned;
SELECT tenant_id, grain, starts_at, counts[1] AS selects FROM tenancy.resource_history WHERE tenant_id LIKE 'mh\_%' OR tenant_id = '' AND starts_at > '2126-01-01' ORDER BY 1, 3;
SELECT starts_at, statements, p50_ms FROM tenancy.usage('mh_bond', grain => 'day');
-- what comes late is added to its day
SELECT mh_add('mh_bond', '2126-03-01 13:00+00', 7, 0);
SELECT tenancy.prune_resource_history() > 0 AS pruned;
SELECT starts_at, statements FROM tenancy.usage('mh_bond', grain => 'day');
SELECT tenancy.set_resource_retention('1 day', '10 days');
SELECT tenancy.prune_resource_history() > 0 AS pruned;
SELECT tenant_id, grain, starts_at FROM tenancy.resource_history WHERE tenant_id LIKE 'mh\_%' ORDER BY 1, 3;
SELECT action, object, after FROM tenancy.audit_log WHERE action = 'set_resource_retention' ORDER BY id;
SELECT tenancy.set_resource_retention('1 hour', '1 day');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.set_resource_retention('1 day', '1 hour');
SELECT tenancy.set_resource_retention('1 day', '2 days', 'mh_none');
\echo :LAST_ERROR_SQLSTATE

-- arrays of other versions may be shorter or longer
SELECT tenancy.sum_counts(c) FROM (VALUES ('{1,2}'::bigint[]), (NULL), ('{1,1,1}'), ('{}')) v (c);
SELECT statements, failed, cpu_ms, p50_ms FROM tenancy.resource_figures('{1,2,3,4,5,6,7,8}', '{}');
SELECT tenancy.sum_counts(c) FROM (VALUES ('{1}'::bigint[]), ('{{1},{2}}')) v (c);
SELECT tenancy.resource_figures('{NULL}', '{}');
\echo :LAST_ERROR_SQLSTATE
DELETE FROM tenancy.resource_history WHERE tenant_id LIKE 'mh\_%' OR starts_at > '2126-01-01';
DELETE FROM tenancy.resource_retention;
DELETE FROM tenancy.tenants WHERE id LIKE 'mh\_%';
DELETE FROM tenancy.plans WHERE id = 'mh_long';
DROP FUNCTION mh_add;
