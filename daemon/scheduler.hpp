// When each job is due. Knows no clock and no database: time is passed in.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "backoff.hpp"
#include "pg.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace tenancyd
{

struct Job
{
    std::string name; // a metric label: keep the list of names fixed
    std::chrono::seconds interval;
    bool leader_only;
    std::function<void(pg::Connection &)>
        run; // one transaction a step, so that it can die anywhere and be run again
};

class Scheduler
{
public:
    using Time = std::chrono::steady_clock::time_point;

    Scheduler(std::vector<Job> jobs, Backoff backoff);

    // The first job, in their given order, that is due; nullptr when none is.
    const Job *due(Time now, bool leads) const;

    // A job that failed is tried again sooner than its interval says, but ever more slowly.
    void finished(const Job &job, Time now, bool good, double random);

    // When to look again.
    Time wake_at(bool leads) const;

private:
    struct Entry
    {
        Job job;
        Time next = Time::min(); // at once
        int failures = 0;
    };
    std::vector<Entry> entries_;
    Backoff backoff_;
};

} // namespace tenancyd
