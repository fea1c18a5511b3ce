// What /metrics tells of the database: read now and then, and shown as it was then.
// SPDX-License-Identifier: PostgreSQL
#include "observe.hpp"

#include "status.hpp"

#include <spdlog/spdlog.h>

namespace tenancyd
{

namespace
{

using prometheus::ClientMetric;
using prometheus::MetricType;

prometheus::MetricFamily family(const char *name, const char *help,
                                MetricType type = MetricType::Gauge)
{
    return {name, help, type, {}};
}

void add(prometheus::MetricFamily &family, std::vector<ClientMetric::Label> labels, double value)
{
    ClientMetric metric;
    metric.label = std::move(labels);
    (family.type == MetricType::Gauge ? metric.gauge.value : metric.counter.value) = value;
    family.metric.push_back(std::move(metric));
}

double number(const pg::Result &result, int row, const char *column)
{
    const auto value = result.value(row, column);
    return value ? std::stod(*value) : 0;
}

void add_tenants(Observations &all, pg::Connection &connection)
{
    auto tenants = family("tenancyd_tenants", "Tenants, by status.");
    const auto rows = count_tenants(connection);
    for (int row = 0; row < rows.rows(); row++)
        add(tenants, {{"status", rows.text(row, "status")}}, number(rows, row, "tenants"));
    auto pending = family("tenancyd_ledger_pending_rows", "Ledger rows not rolled up yet.");
    if (const auto ledger = ledger_state(connection); ledger.rows())
        add(pending, {}, number(ledger, 0, "pending"));
    all.push_back(std::move(tenants));
    all.push_back(std::move(pending));
}

void add_jobs(Observations &all, pg::Connection &connection)
{
    auto success = family("tenancyd_job_last_success_timestamp_seconds",
                          "When a job last succeeded, whichever daemon ran it.");
    auto failures =
        family("tenancyd_job_failures", "Runs of a job that failed since it last succeeded.");
    auto overdue = family("tenancyd_job_overdue_seconds", "How long a job has been due.");
    auto waiting =
        family("tenancyd_invoices_waiting", "Invoices that are due and could not be issued yet.");
    const auto rows = connection.exec(R"(
        SELECT j.name, extract(epoch FROM j.succeeded_at) AS success,
               CASE WHEN j.outcome IN ('failed', 'abandoned') THEN j.attempt ELSE 0 END AS failures,
               greatest(0, extract(epoch FROM clock_timestamp() - CASE WHEN j.next_at = '-infinity' THEN j.started_at ELSE j.next_at END)) AS overdue,
               (j.details ->> 'waiting')::numeric AS waiting
        FROM tenancy.jobs j WHERE j.enabled ORDER BY j.name)");
    for (int row = 0; row < rows.rows(); row++)
    {
        const auto job = rows.text(row, "name");
        if (rows.value(row, "success"))
            add(success, {{"job_name", job}}, number(rows, row, "success"));
        add(failures, {{"job_name", job}}, number(rows, row, "failures"));
        add(overdue, {{"job_name", job}}, number(rows, row, "overdue"));
        if (job == "invoices")
            add(waiting, {}, number(rows, row, "waiting"));
    }
    for (auto *each : {&success, &failures, &overdue, &waiting})
        all.push_back(std::move(*each));
}

void add_webhooks(Observations &all, pg::Connection &connection)
{
    const auto state = connection.exec(R"(
        SELECT (SELECT count(*) FROM tenancy.events_outbox e WHERE e.published_at IS NULL) AS unpublished,
               (SELECT count(*) FROM tenancy.webhook_deliveries v WHERE v.status = 'pending') AS pending,
               (SELECT count(*) FROM tenancy.webhook_deliveries v WHERE v.status = 'dead') AS dead,
               greatest(0, extract(epoch FROM tenancy.clock_time() - least(
                   (SELECT e.created_at FROM tenancy.events_outbox e WHERE e.published_at IS NULL ORDER BY e.seq LIMIT 1),
                   (SELECT e.created_at FROM tenancy.webhook_deliveries v JOIN tenancy.events_outbox e ON e.id = v.event_id
                    WHERE v.status = 'pending' ORDER BY v.position LIMIT 1)))) AS lag)");
    const auto one = [&](const char *name, const char *help, const char *column) {
        all.push_back(family(name, help));
        add(all.back(), {}, number(state, 0, column));
    };
    one("tenancyd_outbox_unpublished_events", "Events not handed to the webhooks yet.",
        "unpublished");
    one("tenancyd_outbox_lag_seconds", "Age of the oldest event that is not delivered or given up.",
        "lag");
    one("tenancyd_webhook_pending_deliveries", "Deliveries that wait for their first or next try.",
        "pending");
    one("tenancyd_webhook_dead_deliveries", "Deliveries given up.", "dead");
}

// Tenants that are nearest to a limit, and those that use most of the server.
void add_top_tenants(Observations &all, pg::Connection &connection, int tenants)
{
    auto used = family("tenancyd_tenant_quota_used",
                       "Use in the present period of a limit, of the tenants nearest to theirs.");
    auto limit = family("tenancyd_tenant_quota_limit", "The limits of the same tenants.");
    auto seconds =
        family("tenancyd_tenant_exec_seconds_total",
               "Time in statements of the tenants that use most of it.", MetricType::Counter);
    auto statements = family("tenancyd_tenant_statements_total", "Statements of the same tenants.",
                             MetricType::Counter);
    if (tenants > 0)
    {
        // Costs what the usage of the present periods costs to read: not at any price.
        pg::Transaction transaction(connection);
        connection.exec("SET LOCAL statement_timeout = '10s'");
        const auto quotas = connection.exec("SELECT * FROM tenancy.quota_usage($1::integer)",
                                            {std::to_string(tenants)});
        for (int row = 0; row < quotas.rows(); row++)
        {
            const std::vector<ClientMetric::Label> labels{{"tenant", quotas.text(row, "tenant_id")},
                                                          {"metric", quotas.text(row, "metric")},
                                                          {"period", quotas.text(row, "period")}};
            add(used, labels, number(quotas, row, "used"));
            add(limit, labels, number(quotas, row, "limit_amount"));
        }
        const auto top = connection.exec(R"(
            SELECT s.tenant_id, s.exec_ms / 1000 AS seconds, s.statements
            FROM tenancy.resource_totals s ORDER BY s.exec_ms DESC, s.tenant_id LIMIT $1::integer)",
                                         {std::to_string(tenants)});
        for (int row = 0; row < top.rows(); row++)
        {
            add(seconds, {{"tenant", top.text(row, "tenant_id")}}, number(top, row, "seconds"));
            add(statements, {{"tenant", top.text(row, "tenant_id")}},
                number(top, row, "statements"));
        }
        transaction.commit();
    }
    for (auto *each : {&used, &limit, &seconds, &statements})
        all.push_back(std::move(*each));
}

} // namespace

Observations observations(pg::Connection &connection, int tenants)
{
    Observations all;
    add_tenants(all, connection);
    add_jobs(all, connection);
    add_webhooks(all, connection);
    try
    {
        add_top_tenants(all, connection, tenants);
    }
    catch (const Error &error)
    {
        if (!connection.alive())
            throw;
        spdlog::warn("no metrics of tenants this time: {}", error_line(error));
    }
    return all;
}

} // namespace tenancyd
