// The daemon's own numbers, in Prometheus' text format.
// SPDX-License-Identifier: PostgreSQL
//
// Labels take values from short fixed lists (jobs, results, routes, tenant states), never tenants,
// roles or paths a client chose. Thread-safe.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <chrono>
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
    void rolled_up(double rows);
    void invoices_issued(double count);
    void pending_rows(double rows);
    void tenants(const std::string &status, double count);
    void http_request(const std::string &route, int status);

    // Everything, as /metrics answers it.
    std::string text() const;

private:
    prometheus::Registry registry_;
    prometheus::Gauge &database_up_;
    prometheus::Counter &connections_;
    prometheus::Gauge &leader_;
    prometheus::Family<prometheus::Counter> &jobs_;
    prometheus::Family<prometheus::Histogram> &job_seconds_;
    prometheus::Family<prometheus::Gauge> &job_success_;
    prometheus::Counter &rolled_up_;
    prometheus::Counter &invoices_;
    prometheus::Gauge &pending_;
    prometheus::Family<prometheus::Gauge> &tenants_;
    prometheus::Family<prometheus::Counter> &requests_;
};

} // namespace tenancyd
