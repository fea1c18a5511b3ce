-- Alerts: that use has reached a threshold of a limit, once a window.
-- SPDX-License-Identifier: PostgreSQL

CREATE TABLE tenancy.quota_alerts (
    tenant_id text COLLATE "C" NOT NULL,
    metric text COLLATE "C" NOT NULL,
    period text NOT NULL,
    window_start timestamptz NOT NULL,
    window_end timestamptz NOT NULL,
    limit_amount bigint NOT NULL,
    threshold integer NOT NULL,
    used bigint NOT NULL,
    soft boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT tenancy.clock_time(),
    PRIMARY KEY (tenant_id, metric, period, window_start, limit_amount, threshold)
);
CREATE INDEX quota_alerts_at ON tenancy.quota_alerts (at);
COMMENT ON TABLE tenancy.quota_alerts IS
'One row for each window of a limit and threshold (percent, tenancy.alert_thresholds) that use has reached, written by the transaction that reached it; used as it saw it. A soft limit always has a row for 100. Another limit for the same window is told anew. New rows are a NOTIFY on tenancy_alerts, too, with the payload quota and no more, since anybody may listen.';
REVOKE ALL ON tenancy.quota_alerts FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('tenancy.quota_alerts', '');
