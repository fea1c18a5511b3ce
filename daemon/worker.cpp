// The thread that holds the connection: reconnects, tries to lead, runs the jobs that are due.
// SPDX-License-Identifier: PostgreSQL
#include "worker.hpp"

#include "leader.hpp"
#include "server.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace tenancyd
{

using Clock = std::chrono::steady_clock;

Worker::Worker(const Settings &settings, std::vector<Job> jobs, Health &health, Metrics &metrics,
               int stop_fd)
    : settings_(settings), backoff_{.most = settings.retry_max},
      scheduler_(std::move(jobs), backoff_), health_(health), metrics_(metrics), stop_fd_(stop_fd)
{}

void Worker::run()
{
    for (int failures = 0;;)
    {
        std::string reason;
        try
        {
            serve_connection(failures);
        }
        catch (const pg::Interrupted &)
        {
            return;
        }
        catch (const std::exception &error)
        {
            reason = error_line(error);
        }
        set_leader(false);
        health_.database_down(reason);
        metrics_.database_up(false);
        const auto delay = backoff_.delay(++failures, random_unit());
        spdlog::warn("{}; next try in {} ms", reason, delay.count());
        if (stopped_within(delay))
            return;
    }
}

// One connection's life: it ends with an exception.
void Worker::serve_connection(int &failures)
{
    pg::Connection connection(settings_.connection, stop_fd_);
    require_extension(connection);
    failures = 0;
    metrics_.connected();
    metrics_.database_up(true);
    health_.database_up(connection.where());
    spdlog::info("connected to {}", connection.where());
    for (;;)
    {
        if (!leads_ && try_to_lead(connection))
            set_leader(true);
        run_due_jobs(connection);
        auto wake = scheduler_.wake_at(leads_);
        if (!leads_)
            wake = std::min(wake, Clock::now() + settings_.leader_poll);
        connection.idle_until(wake);
    }
}

void Worker::run_due_jobs(pg::Connection &connection)
{
    while (const Job *job = scheduler_.due(Clock::now(), leads_))
        run_job(connection, *job);
}

void Worker::run_job(pg::Connection &connection, const Job &job)
{
    const auto start = Clock::now();
    std::string problem;
    try
    {
        job.run(connection);
    }
    catch (const pg::Interrupted &)
    {
        throw;
    }
    catch (const std::exception &error)
    {
        problem = error_line(error);
    }
    const bool good = problem.empty();
    scheduler_.finished(job, Clock::now(), good, random_unit());
    metrics_.job_finished(job.name, good, Clock::now() - start);
    health_.job_finished(job.name, good, problem);
    if (!good)
        spdlog::error("job {} failed: {}", job.name, problem);
    if (!connection.alive())
        throw Error("lost the connection to the server", "08006");
}

void Worker::set_leader(bool leads)
{
    if (leads != leads_)
        spdlog::info(leads ? "leading: this daemon runs the jobs" : "not leading any more");
    leads_ = leads;
    health_.leader(leads);
    metrics_.leader(leads);
}

bool Worker::stopped_within(std::chrono::milliseconds time) const
{
    pollfd fd{stop_fd_, POLLIN, 0};
    return poll(&fd, 1, static_cast<int>(time.count())) > 0;
}

} // namespace tenancyd
