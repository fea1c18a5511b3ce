// The thread that runs jobs: tries to lead, runs what is due, looks at the database.
// SPDX-License-Identifier: PostgreSQL
#include "worker.hpp"

#include "jobs.hpp"
#include "leader.hpp"
#include "observe.hpp"
#include "session.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace tenancyd
{

using namespace std::chrono_literals;

Worker::Worker(const Settings &settings, Health &health, Metrics &metrics, int stop_fd)
    : settings_(settings), health_(health), metrics_(metrics), stop_fd_(stop_fd)
{}

void Worker::run()
{
    const SessionEvents events{[&](pg::Connection &connection) {
                                   metrics_.connected();
                                   metrics_.database_up(true);
                                   health_.database_up(connection.where());
                               },
                               [&](const std::string &reason) {
                                   set_leader(false);
                                   metrics_.database_up(false);
                                   health_.database_down(reason);
                               }};
    keep_connected("jobs", settings_, stop_fd_, heartbeat_, events,
                   [&](auto &connection) { serve_connection(connection); });
}

// One connection's life: it ends with an exception.
void Worker::serve_connection(pg::Connection &connection)
{
    for (auto next_look = Clock::now();;)
    {
        if (!leads_ && try_to_lead(connection, Duty::jobs))
            set_leader(true);
        if (leads_)
            run_due_jobs(connection);
        if (Clock::now() >= next_look)
        {
            const auto begin = Clock::now();
            observe(connection);
            // However long it takes, it keeps the server busy for no more than a twentieth of the time.
            next_look = Clock::now() + std::max<Clock::duration>(settings_.observe_interval,
                                                                 20 * (Clock::now() - begin));
        }
        // A leader looks for due jobs every second: the schedule is in the database.
        connection.idle_until(Clock::now() + (leads_ ? 1s : settings_.leader_poll));
    }
}

void Worker::run_due_jobs(pg::Connection &connection)
{
    while (const auto run = run_job(connection))
    {
        const bool good = run->error.empty();
        metrics_.job_finished(run->name, good, run->took);
        health_.job_finished(run->name, good, run->error);
    }
}

void Worker::observe(pg::Connection &connection)
{
    try
    {
        metrics_.observed(observations(connection, leads_ ? settings_.metrics_tenants : 0));
    }
    catch (const Error &error)
    {
        if (!connection.alive())
            throw;
        // Such as a lock timeout: no reason to give up the lead.
        metrics_.observed({});
        spdlog::error("could not look at the database: {}", error_line(error));
    }
}

void Worker::set_leader(bool leads)
{
    if (leads != leads_)
        spdlog::info(leads ? "leading: this daemon runs the jobs" : "not leading any more");
    leads_ = leads;
    health_.leader(leads);
    metrics_.leader(leads);
}

} // namespace tenancyd
