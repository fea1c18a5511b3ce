// The daemon's own numbers, in Prometheus' text format.
// SPDX-License-Identifier: PostgreSQL
//
// The label is job_name, since Prometheus itself calls its target's job. Labels take values from short fixed lists (jobs, results, routes, tenant states), never roles or
// paths a client chose; tenants only as many as the operator allows. Thread-safe.
#pragma once

#include "observe.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
#include <mutex>
#include <string>

namespace tenancyd
{

class Metrics
{
public:
    Metrics();

    void database_up(bool up);
    void connected();
    void leader(bool leads);
    void job_finished(const std::string &job, bool good, std::chrono::duration<double> took);
    void sends_webhooks(bool sends);
    // outcome: delivered, retry, dead or gone.
    void webhook_finished(const std::string &outcome, std::chrono::duration<double> took);
    void http_request(const std::string &route, int status, std::chrono::duration<double> took);
    // What the database is like now, instead of what it was like before.
    void observed(Observations observations);

    // Everything, as /metrics answers it.
    std::string text() const;

private:
    prometheus::Registry registry_;
    prometheus::Gauge &database_up_;
    prometheus::Counter &connections_;
    prometheus::Gauge &leader_;
    prometheus::Family<prometheus::Counter> &jobs_;
    prometheus::Family<prometheus::Histogram> &job_seconds_;
    prometheus::Gauge &webhook_sender_;
    prometheus::Family<prometheus::Counter> &webhooks_;
    prometheus::Histogram &webhook_seconds_;
    prometheus::Family<prometheus::Counter> &requests_;
    prometheus::Family<prometheus::Histogram> &request_seconds_;
    mutable std::mutex mutex_;
    Observations observations_;
};

} // namespace tenancyd
