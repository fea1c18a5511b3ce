// Jobs: runs those that are due, step by step, and shows what became of them.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "output.hpp"
#include "pg.hpp"

#include <chrono>

namespace tenancyd
{

struct JobRun
{
    std::string id, name;
    int attempt = 1, steps = 0;
    std::chrono::duration<double> took{0};
    std::string error{}; // empty: it succeeded
};

// Runs the job that has been due for longest, or the one named, to its end; nothing when none is
// due or others run it. The schedule, the steps done and the outcome are in the database: whoever
// dies here, another goes on. Throws when the connection is lost, or an unknown job is named.
std::optional<JobRun> run_job(pg::Connection &connection, const pg::Value &name = std::nullopt);

// What all steps of a run did, as JSON.
std::string run_details(pg::Connection &connection, const std::string &id);

pg::Result list_jobs(pg::Connection &connection);
// The last runs, the newest first.
pg::Result list_runs(pg::Connection &connection, int count);

} // namespace tenancyd
