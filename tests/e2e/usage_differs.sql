-- How many pairs of tenant and metric have other usage in the ledger than rows in the application's tables.
-- SPDX-License-Identifier: PostgreSQL
WITH loaded AS (
    SELECT tenant_id, 'packages' AS metric, count(*)::numeric AS amount FROM app.packages GROUP BY 1
    UNION ALL
    SELECT tenant_id, 'installed_kib', sum(installed_kib) FROM app.packages GROUP BY 1
    UNION ALL
    SELECT tenant_id, 'dependencies', count(*) FROM app.dependencies GROUP BY 1
), metered AS (
    SELECT tenant_id, metric, sum(amount) AS amount FROM tenancy.usage_ledger GROUP BY 1, 2
)
SELECT count(*)
FROM loaded l FULL JOIN metered m USING (tenant_id, metric)
WHERE coalesce(l.amount, 0) <> coalesce(m.amount, 0);
