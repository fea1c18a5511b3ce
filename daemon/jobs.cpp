// Jobs: runs those that are due, step by step, and shows what became of them.
// SPDX-License-Identifier: PostgreSQL
#include "jobs.hpp"

#include <spdlog/spdlog.h>

#include <unistd.h>

namespace tenancyd
{

namespace
{

using Clock = std::chrono::steady_clock;

// For the log in the database: where the daemon runs, and which process it is.
std::string here()
{
    char name[256] = "";
    gethostname(name, sizeof name - 1);
    return std::string(name) + "/" + std::to_string(getpid());
}

// One statement a step: it and its mark in the log are one transaction.
void run_steps(pg::Connection &connection, JobRun &run)
{
    for (bool done = false; !done;)
    {
        const auto step = connection.exec("SELECT * FROM tenancy.step_job($1::bigint)", {run.id});
        done = step.text(0, "done") == "t";
        run.steps++;
        spdlog::debug("job {}: step {} did {}", run.name, run.steps, step.text(0, "details"));
    }
}

} // namespace

std::optional<JobRun> run_job(pg::Connection &connection, const pg::Value &name)
{
    const auto start = Clock::now();
    const auto begun = connection.exec("SELECT * FROM tenancy.begin_job($1, $2)", {name, here()});
    if (!begun.value(0, "run"))
        return std::nullopt;
    JobRun run{begun.text(0, "run"), begun.text(0, "name"), std::stoi(begun.text(0, "attempt"))};
    pg::Value error;
    try
    {
        run_steps(connection, run);
    }
    catch (const Error &problem)
    {
        // Without a connection it is not for us to say what became of it.
        if (!connection.alive())
            throw;
        error = run.error = error_line(problem);
    }
    connection.exec("SELECT tenancy.end_job($1::bigint, $2)", {run.id, error});
    run.took = Clock::now() - start;
    if (error)
        spdlog::error("job {}, attempt {}, failed: {}", run.name, run.attempt, run.error);
    else
        spdlog::debug("job {} done", run.name);
    return run;
}

std::string run_details(pg::Connection &connection, const std::string &id)
{
    return connection.exec("SELECT r.details FROM tenancy.job_runs r WHERE r.id = $1::bigint", {id})
        .text(0, "details");
}

pg::Result list_jobs(pg::Connection &connection)
{
    return connection.exec(R"(
        SELECT j.name AS job, CASE WHEN NOT j.enabled THEN 'off' WHEN j.every IS NOT NULL THEN 'every ' || j.every
                              ELSE 'daily ' || j.daily_at END AS schedule,
               j.outcome, date_trunc('second', j.started_at) AS started_at, j.attempt, j.steps, j.details, j.error,
               date_trunc('second', CASE WHEN j.next_at = '-infinity' THEN now() ELSE j.next_at END) AS next_at
        FROM tenancy.jobs j ORDER BY j.name)");
}

pg::Result list_runs(pg::Connection &connection, int count)
{
    return connection.exec(R"(
        SELECT r.id AS run, r.job, r.scheduled_for, r.attempt, r.outcome, r.started_at, r.finished_at, r.steps,
               r.details, r.error, r.host
        FROM tenancy.job_runs r ORDER BY r.id DESC LIMIT $1::integer)",
                           {std::to_string(count)});
}

} // namespace tenancyd
