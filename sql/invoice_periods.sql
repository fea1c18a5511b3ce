-- Months of the tenant's own time zone: each event is in exactly one, also at the instant between two. Of a year that is past, since zones change their rules.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET tenancy.clock = '2020-10-01 00:00:00';
SELECT tenancy.create_plan('ip_plan'), tenancy.create_metric('ip.calls'), tenancy.set_price('ip_plan', 'ip.calls', 1, '2020-01-01 00:00+00');
-- half and quarter hours, both sides of the date line, and Havana, where on 1 November it is midnight twice
SELECT tenancy.create_tenant('ip_' || lower(split_part(z, '/', 2)), 'ip_plan', time_zone => z)
FROM unnest('{Etc/UTC,Asia/Kolkata,Asia/Kathmandu,Pacific/Kiritimati,Pacific/Pago_Pago,Australia/Lord_Howe,America/Havana}'::text[]) z;
SET tenancy.clock = '2020-12-15 00:00:00';
-- an event of 1 every 15 minutes for three days about the end of the month, and one of 1000 a microsecond before each tenant's November
CREATE FUNCTION pg_temp.events(zone text) RETURNS boolean LANGUAGE sql AS $$
    SELECT bool_and(tenancy.record_usage('ip.calls', e.n, at => e.at))
    FROM (SELECT 1, t FROM generate_series(timestamptz '2020-10-30 12:00+00', '2020-11-02 12:00+00', interval '15 minutes') t
          UNION ALL SELECT 1000, timestamp '2020-11-01' AT TIME ZONE zone - interval '1 microsecond') e(n, at)
$$;
DO $$
DECLARE
    t tenancy.tenants;
BEGIN
    FOR t IN SELECT * FROM tenancy.tenants WHERE id LIKE 'ip\_%' LOOP
        PERFORM tenancy.set_tenant(t.id);
        PERFORM pg_temp.events(t.time_zone);
    END LOOP;
    PERFORM tenancy.reset_tenant();
END
$$;
SELECT bool_and(tenancy.issue_invoice(id, month) IS NOT NULL) FROM tenancy.tenants, unnest('{2020-10-15,2020-11-30}'::date[]) month WHERE id LIKE 'ip\_%';
SELECT i.time_zone, i.period_start, i.period_end, i.total FROM tenancy.invoices i
WHERE i.tenant_id LIKE 'ip\_%' ORDER BY i.time_zone COLLATE "C", i.period_start;
SELECT sum(total) AS both_months, count(*) FILTER (WHERE total = 1289) AS tenants FROM (
    SELECT sum(total) AS total FROM tenancy.invoices WHERE tenant_id LIKE 'ip\_%' GROUP BY tenant_id) t;
SELECT count(*) FILTER (WHERE NOT v.ok) AS wrong FROM tenancy.invoices i, tenancy.verify_invoice(i.id) v WHERE i.tenant_id LIKE 'ip\_%';
DELETE FROM tenancy.tenants WHERE id LIKE 'ip\_%';
RESET tenancy.clock;
