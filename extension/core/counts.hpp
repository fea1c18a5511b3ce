// What a tenant's work is measured in: one array of counters, added and subtracted as a whole.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>

namespace tenancy::core
{

enum Counter : int {
    kStatements,
    kRowsReturned,
    kRowsWritten,
    kBlocksHit,
    kBlocksRead,
    kBlocksDirtied,
    kBlocksWritten,
    kTempBlocks,
    kWalRecords,
    kWalBytes,
    kExecMicroseconds,
    kTransactions,
};
inline constexpr int kCounters = 12;

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

} // namespace tenancy::core
