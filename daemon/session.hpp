// Keeps a thread connected: runs its work on a connection, and makes another when that is lost.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "backoff.hpp"
#include "config.hpp"
#include "heartbeat.hpp"
#include "pg.hpp"

#include <functional>

namespace tenancyd
{

struct SessionEvents
{
    std::function<void(pg::Connection &)> connected;
    std::function<void(const std::string &reason)> lost;
};

// Calls work with each new connection; it ends with an exception. Returns when stop_fd becomes
// readable. name is for the log.
void keep_connected(const char *name, const Settings &settings, int stop_fd, Heartbeat &heartbeat,
                    const SessionEvents &events, const std::function<void(pg::Connection &)> &work);

} // namespace tenancyd
