// When each job is due. Knows no clock and no database: time is passed in.
// SPDX-License-Identifier: PostgreSQL
#include "scheduler.hpp"

#include <algorithm>

namespace tenancyd
{

Scheduler::Scheduler(std::vector<Job> jobs, Backoff backoff) : backoff_(backoff)
{
    for (auto &job : jobs)
        entries_.push_back({std::move(job)});
}

const Job *Scheduler::due(Time now, bool leads) const
{
    for (const auto &entry : entries_)
        if (entry.next <= now && (leads || !entry.job.leader_only))
            return &entry.job;
    return nullptr;
}

void Scheduler::finished(const Job &job, Time now, bool good, double random)
{
    auto entry = std::find_if(entries_.begin(), entries_.end(),
                              [&](const Entry &e) { return &e.job == &job; });
    if (good)
    {
        entry->failures = 0;
        entry->next = now + job.interval;
    }
    else
    {
        auto interval = std::chrono::duration_cast<std::chrono::milliseconds>(job.interval);
        entry->next = now + std::min(interval, backoff_.delay(++entry->failures, random));
    }
}

Scheduler::Time Scheduler::wake_at(bool leads) const
{
    Time wake = Time::max();
    for (const auto &entry : entries_)
        if (leads || !entry.job.leader_only)
            wake = std::min(wake, entry.next);
    return wake;
}

} // namespace tenancyd
