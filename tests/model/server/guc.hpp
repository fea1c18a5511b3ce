// The settings of the shared structures.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include <cstdint>

namespace tenancy::guc
{
inline int max_quota_entries = 40;
inline int max_tracked_tenants = 40;

inline int max_connections = -1;
inline int max_running_statements = 3;
inline int statement_wait_ms = 0;
inline double statement_rate = 10;
inline double statement_burst = 100;
inline bool may_cool_down()
{
    return false;
}
// It stands still.
inline int64_t clock_time()
{
    return 1'000'000;
}
} // namespace tenancy::guc
