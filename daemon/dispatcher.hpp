// The thread that sends webhooks: publishes events, posts what is due, says what became of it.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "config.hpp"
#include "heartbeat.hpp"
#include "metrics.hpp"
#include "pg.hpp"
#include "poster.hpp"

namespace tenancyd
{

class Dispatcher
{
public:
    // stop_fd becomes readable when run() shall return.
    Dispatcher(const Settings &settings, Metrics &metrics, int stop_fd);

    // Survives every error; returns when asked to stop.
    void run();

    const Heartbeat &heartbeat() const { return heartbeat_; }

private:
    void serve_connection(pg::Connection &connection);
    void send_due(pg::Connection &connection, Poster &poster);
    void start(pg::Connection &connection, Poster &poster, const pg::Result &due, int row);

    const Settings &settings_;
    Metrics &metrics_;
    const int stop_fd_;
    Heartbeat heartbeat_;
    bool again_ = false; // there may be more due at once
};

} // namespace tenancyd
