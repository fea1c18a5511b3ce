-- What soft limits were exceeded by.
-- SPDX-License-Identifier: PostgreSQL

-- From the committed use itself, not from sums kept along: what is rolled back has never been over.
CREATE VIEW tenancy.overages AS
SELECT a.tenant_id, a.metric, a.period, a.window_start, a.window_end, a.limit_amount, u.used, u.used - a.limit_amount AS overage
FROM (SELECT DISTINCT ON (q.tenant_id, q.metric, q.period, q.window_start) q.*
      FROM tenancy.quota_alerts q WHERE q.soft AND q.threshold = 100
      ORDER BY q.tenant_id, q.metric, q.period, q.window_start, q.at DESC, q.limit_amount DESC) a
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE a.period WHEN 'total' THEN s.net ELSE s.gross END), 0) AS used
    FROM (SELECT h.quantity AS net, h.quantity + h.released AS gross FROM tenancy.usage_hourly h
          WHERE h.tenant_id = a.tenant_id AND h.metric = a.metric AND h.hour >= a.window_start AND h.hour < a.window_end
          UNION ALL
          SELECT l.amount, greatest(l.amount, 0) FROM tenancy.usage_ledger l
          WHERE l.tenant_id = a.tenant_id AND l.metric = a.metric AND l.at >= a.window_start AND l.at < a.window_end
            AND l.stamp >= coalesce((SELECT g.watermark FROM tenancy.ledger_state g), -9223372036854775808)) s) u
WHERE u.used > a.limit_amount;
COMMENT ON VIEW tenancy.overages IS
'What tenants have committed above their soft limits, a row a window, with the limit that held when it was last reached.';
REVOKE ALL ON tenancy.overages FROM PUBLIC;
