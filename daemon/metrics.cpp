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

prometheus::Family<prometheus::Histogram> &histogram(prometheus::Registry &registry,
                                                     const char *name, const char *help)
{
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

const prometheus::Histogram::BucketBoundaries kSeconds{0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300};
const prometheus::Histogram::BucketBoundaries kRequestSeconds{0.0005, 0.002, 0.01, 0.05, 0.2, 1};
constexpr const char *kOutcomes[] = {"delivered", "retry", "dead", "gone"};

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
      job_seconds_(
          histogram(registry_, "tenancyd_job_duration_seconds", "How long runs of a job took.")),
      webhook_sender_(
          gauge(registry_, "tenancyd_webhook_sender", "1 while this daemon sends the webhooks.")
              .Add({})),
      webhooks_(counter(registry_, "tenancyd_webhook_deliveries_total",
                        "Tries to deliver an event, by outcome.")),
      webhook_seconds_(histogram(registry_, "tenancyd_webhook_duration_seconds",
                                 "How long tries to deliver an event took.")
                           .Add({}, kSeconds)),
      requests_(counter(registry_, "tenancyd_http_requests_total",
                        "Answered requests, by route and status code.")),
      request_seconds_(histogram(registry_, "tenancyd_http_request_duration_seconds",
                                 "How long answers took, by route."))
{
    gauge(registry_, "tenancyd_build_info", "1, labelled with the version.")
        .Add({{"version", std::string(kVersion)}})
        .Set(1);
    // There from the beginning, so that the first one is seen as an increase.
    for (const char *outcome : kOutcomes)
        webhooks_.Add({{"outcome", outcome}});
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
    jobs_.Add({{"job_name", job}, {"result", good ? "success" : "failure"}}).Increment();
    job_seconds_.Add({{"job_name", job}}, kSeconds).Observe(took.count());
}

void Metrics::sends_webhooks(bool sends)
{
    webhook_sender_.Set(sends);
}

void Metrics::webhook_finished(const std::string &outcome, std::chrono::duration<double> took)
{
    webhooks_.Add({{"outcome", outcome}}).Increment();
    webhook_seconds_.Observe(took.count());
}

void Metrics::http_request(const std::string &route, int status, std::chrono::duration<double> took)
{
    requests_.Add({{"route", route}, {"status", std::to_string(status)}}).Increment();
    request_seconds_.Add({{"route", route}}, kRequestSeconds).Observe(took.count());
}

void Metrics::observed(Observations observations)
{
    std::lock_guard guard(mutex_);
    observations_ = std::move(observations);
}

std::string Metrics::text() const
{
    auto families = registry_.Collect();
    std::lock_guard guard(mutex_);
    families.insert(families.end(), observations_.begin(), observations_.end());
    return prometheus::TextSerializer().Serialize(families);
}

} // namespace tenancyd
