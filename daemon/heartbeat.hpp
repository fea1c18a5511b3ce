// The sign of life of a thread: it beats at least once a second, also while it waits for the server.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <atomic>
#include <chrono>

namespace tenancyd
{

class Heartbeat
{
public:
    using Clock = std::chrono::steady_clock;

    void beat() { last_ = Clock::now().time_since_epoch().count(); }
    Clock::duration age() const
    {
        return Clock::now() - Clock::time_point(Clock::duration(last_.load()));
    }

private:
    std::atomic<Clock::rep> last_ = Clock::now().time_since_epoch().count();
};

} // namespace tenancyd
