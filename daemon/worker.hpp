// The thread that holds the connection: reconnects, tries to lead, runs the jobs that are due.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "config.hpp"
#include "health.hpp"
#include "metrics.hpp"
#include "scheduler.hpp"

namespace tenancyd
{

class Worker
{
public:
    // stop_fd becomes readable when run() shall return.
    Worker(const Settings &settings, std::vector<Job> jobs, Health &health, Metrics &metrics,
           int stop_fd);

    // Survives every error; returns when asked to stop.
    void run();

private:
    void serve_connection(int &failures);
    void run_due_jobs(pg::Connection &connection);
    void run_job(pg::Connection &connection, const Job &job);
    void set_leader(bool leads);
    bool stopped_within(std::chrono::milliseconds time) const;

    const Settings &settings_;
    const Backoff backoff_;
    Scheduler scheduler_;
    Health &health_;
    Metrics &metrics_;
    const int stop_fd_;
    bool leads_ = false;
};

} // namespace tenancyd
