-- Fills the registry up to :n tenants.
-- SPDX-License-Identifier: PostgreSQL
SELECT count(*) FROM tenancy.create_tenants((
    SELECT jsonb_agg(jsonb_build_object('plan', 'bench',
        'id', format('00000000-0000-4000-8000-%s', lpad(i::text, 12, '0'))))
    FROM generate_series(1, :n) i
    WHERE NOT EXISTS (SELECT FROM tenancy.tenants t
        WHERE t.id = format('00000000-0000-4000-8000-%s', lpad(i::text, 12, '0'))))) \g /dev/null
VACUUM ANALYZE tenancy.tenants;
