// What a tenant's work is measured in: one array of counters, added and subtracted as a whole.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>

namespace tenancy::core
{

// The order is that of the arrays in tenancy.resource_usage: new counters come at the end.
enum Counter : int {
    kSelects, // statements of clients by kind
    kInserts,
    kUpdates,
    kDeletes,
    kMerges,
    kCopies,
    kUtilities,
    kFailed,
    kTransactions,
    kSessions,
    kRowsRead,
    kRowsReturned,
    kRowsInserted,
    kRowsUpdated,
    kRowsDeleted,
    kBlocksHit,
    kBlocksRead,
    kBlocksDirtied,
    kBlocksWritten,
    kTempBytes,
    kWalRecords,
    kWalBytes,
    kExecMicroseconds,
    kCpuMicroseconds,
    kWaitMicroseconds, // for a limit of statements
};
inline constexpr int kCounters = 25;

// Those that a transaction that only reads a little has; all others are seldom needed.
[[nodiscard]] constexpr bool is_usual(int counter) noexcept
{
    return counter == kSelects || counter == kTransactions || counter == kRowsRead ||
           counter == kRowsReturned || counter == kBlocksHit || counter == kExecMicroseconds;
}

struct Counts
{
    int64_t value[kCounters];

    constexpr int64_t &operator[](Counter counter) noexcept { return value[counter]; }
    constexpr int64_t operator[](Counter counter) const noexcept { return value[counter]; }
};

constexpr void add(Counts &sum, const Counts &more) noexcept
{
    for (int i = 0; i < kCounters; i++)
        sum.value[i] += more.value[i];
}

// Adds what a counter has grown by, and makes `now` the next `before`.
constexpr void add_growth(Counts &sum, Counts &before, Counter counter, int64_t now) noexcept
{
    sum[counter] += now - before[counter];
    before[counter] = now;
}

[[nodiscard]] constexpr bool is_zero(const Counts &counts) noexcept
{
    for (int64_t value : counts.value)
        if (value != 0)
            return false;
    return true;
}

// Is there anything but the usual?
[[nodiscard]] constexpr bool is_unusual(const Counts &counts) noexcept
{
    int64_t any = 0;
#pragma GCC unroll 32
    for (int i = 0; i < kCounters; i++)
        if (!is_usual(i))
            any |= counts.value[i];
    return any != 0;
}

} // namespace tenancy::core
