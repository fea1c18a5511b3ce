-- How many pairs of tenant and metric have other quantities or events in the hours than in the ledger.
-- SPDX-License-Identifier: PostgreSQL
WITH hours AS (
    SELECT tenant_id, metric, hour, quantity, events FROM tenancy.usage_hourly
), ledger AS (
    SELECT tenant_id, metric, date_trunc('hour', at, 'UTC') AS hour, sum(amount) AS quantity, count(*) AS events
    FROM tenancy.usage_ledger GROUP BY 1, 2, 3
)
SELECT count(*)
FROM hours h FULL JOIN ledger l USING (tenant_id, metric, hour)
WHERE h.quantity IS DISTINCT FROM l.quantity OR h.events IS DISTINCT FROM l.events;
