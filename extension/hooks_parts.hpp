// What the files of hooks share: their installation, and the depth of a client's statement.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "hooks.hpp"

#include "metering.hpp"
#include "row_quota.hpp"

namespace tenancy::hooks
{

// Depth of executor and utility calls: a statement of the client's is at depth 0, what its functions
// and triggers run is deeper and part of it.
extern int depth;

// A statement that the client sent. Deferred triggers run at depth 0 as well, but in no portal, and
// what would refuse or delay a statement must not refuse a commit.
inline bool is_of_client()
{
    return depth == 0 && ActivePortal != nullptr;
}

// What hooks read and write by themselves is deeper, and no statement of the client's.
void call_below(void (*function)(const void *), const void *argument);

// Holds the rows that a statement has written to their limits.
inline void check_rows()
{
    if (unlikely(row_quota::unchecked != nullptr))
        call_below([](const void *) { row_quota::check(); }, nullptr);
}

// Time of a client's statement.
class Stopwatch
{
public:
    void start()
    {
        if (depth == 0)
            INSTR_TIME_SET_CURRENT(started_);
    }

    void stop() const
    {
        if (depth == 0)
            metering::add_time(started_);
    }

private:
    instr_time started_;
};

extern "C" void on_assign_search_path(const char *value, void *extra);

void install_planner();
void install_executor();
void install_utility();

} // namespace tenancy::hooks
