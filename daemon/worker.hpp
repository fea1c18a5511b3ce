// The thread that runs jobs: tries to lead, runs what is due, looks at the database.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "config.hpp"
#include "health.hpp"
#include "heartbeat.hpp"
#include "metrics.hpp"
#include "pg.hpp"

namespace tenancyd
{

class Worker
{
public:
    // stop_fd becomes readable when run() shall return.
    Worker(const Settings &settings, Health &health, Metrics &metrics, int stop_fd);

    // Survives every error; returns when asked to stop.
    void run();

    const Heartbeat &heartbeat() const { return heartbeat_; }

private:
    using Clock = std::chrono::steady_clock;

    void serve_connection(pg::Connection &connection);
    void run_due_jobs(pg::Connection &connection);
    void observe(pg::Connection &connection);
    void set_leader(bool leads);

    const Settings &settings_;
    Health &health_;
    Metrics &metrics_;
    const int stop_fd_;
    Heartbeat heartbeat_;
    bool leads_ = false;
};

} // namespace tenancyd
