// Keeps a thread connected: runs its work on a connection, and makes another when that is lost.
// SPDX-License-Identifier: PostgreSQL
#include "session.hpp"

#include "server.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace tenancyd
{

namespace
{

bool stopped_within(std::chrono::milliseconds time, int stop_fd, Heartbeat &heartbeat)
{
    using namespace std::chrono_literals;
    pollfd fd{stop_fd, POLLIN, 0};
    for (; time > 0ms; time -= 1000ms)
    {
        heartbeat.beat();
        if (poll(&fd, 1, static_cast<int>(std::min(time, 1000ms).count())) > 0)
            return true;
    }
    return false;
}

} // namespace

void keep_connected(const char *name, const Settings &settings, int stop_fd, Heartbeat &heartbeat,
                    const SessionEvents &events, const std::function<void(pg::Connection &)> &work)
{
    const Backoff backoff{.most = settings.retry_max};
    for (int failures = 0;;)
    {
        std::string reason;
        try
        {
            heartbeat.beat();
            pg::Connection connection(settings.connection, stop_fd, &heartbeat);
            require_extension(connection);
            require_primary(connection);
            failures = 0;
            spdlog::info("{}: connected to {}", name, connection.where());
            events.connected(connection);
            work(connection);
        }
        catch (const pg::Interrupted &)
        {
            return;
        }
        catch (const std::exception &error)
        {
            reason = error_line(error);
        }
        events.lost(reason);
        const auto delay = backoff.delay(++failures, random_unit());
        spdlog::warn("{}: {}; next try in {} ms", name, reason, delay.count());
        if (stopped_within(delay, stop_fd, heartbeat))
            return;
    }
}

} // namespace tenancyd
