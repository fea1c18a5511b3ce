// The daemon's own numbers, in Prometheus' text format.
// SPDX-License-Identifier: PostgreSQL
#include "metrics.hpp"

#include "version.hpp"

#include <prometheus/text_serializer.h>

namespace tenancyd
{

namespace
{

prometheus::Family<prometheus::Counter> &counter(prometheus::Registry &registry, const char *name,
                                                 const char *help)
{
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Gauge> &gauge(prometheus::Registry &registry, const char *name,
                                             const char *help)
{
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

const prometheus::Histogram::BucketBoundaries kSeconds{0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300};

} // namespace

Metrics::Metrics()
    : database_up_(
          gauge(registry_, "tenancyd_database_up", "1 while the database answers.").Add({})),
      connections_(
          counter(registry_, "tenancyd_connections_total", "Connections made to the database.")
              .Add({})),
      leader_(
          gauge(registry_, "tenancyd_leader", "1 while this daemon is the one that runs the jobs.")
              .Add({})),
      jobs_(counter(registry_, "tenancyd_jobs_total", "Runs of a job, by result.")),
      job_seconds_(prometheus::BuildHistogram()
                       .Name("tenancyd_job_duration_seconds")
                       .Help("How long runs of a job took.")
                       .Register(registry_)),
      job_success_(gauge(registry_, "tenancyd_job_last_success_timestamp_seconds",
                         "When a job last succeeded.")),
      rolled_up_(counter(registry_, "tenancyd_ledger_rows_rolled_up_total",
                         "Ledger rows rolled up by this daemon.")
                     .Add({})),
      invoices_(
          counter(registry_, "tenancyd_invoices_issued_total", "Invoices issued by this daemon.")
              .Add({})),
      pending_(gauge(registry_, "tenancyd_ledger_pending_rows", "Ledger rows not rolled up yet.")
                   .Add({})),
      tenants_(gauge(registry_, "tenancyd_tenants", "Tenants, by status.")),
      requests_(counter(registry_, "tenancyd_http_requests_total",
                        "Answered requests, by route and status code."))
{
    gauge(registry_, "tenancyd_build_info", "1, labelled with the version.")
        .Add({{"version", std::string(kVersion)}})
        .Set(1);
}

void Metrics::database_up(bool up)
{
    database_up_.Set(up);
}

void Metrics::connected()
{
    connections_.Increment();
}

void Metrics::leader(bool leads)
{
    leader_.Set(leads);
}

void Metrics::job_finished(const std::string &job, bool good, std::chrono::duration<double> took)
{
    jobs_.Add({{"job", job}, {"result", good ? "success" : "failure"}}).Increment();
    job_seconds_.Add({{"job", job}}, kSeconds).Observe(took.count());
    if (good)
        job_success_.Add({{"job", job}}).SetToCurrentTime();
}

void Metrics::rolled_up(double rows)
{
    rolled_up_.Increment(rows);
}

void Metrics::invoices_issued(double count)
{
    invoices_.Increment(count);
}

void Metrics::pending_rows(double rows)
{
    pending_.Set(rows);
}

void Metrics::tenants(const std::string &status, double count)
{
    tenants_.Add({{"status", status}}).Set(count);
}

void Metrics::http_request(const std::string &route, int status)
{
    requests_.Add({{"route", route}, {"status", std::to_string(status)}}).Increment();
}

std::string Metrics::text() const
{
    return prometheus::TextSerializer().Serialize(registry_.Collect());
}

} // namespace tenancyd
