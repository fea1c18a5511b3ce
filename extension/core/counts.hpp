// What a tenant's work is measured in: one array of counters, added and subtracted as a whole.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <bit>
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

struct Counts
{
    int64_t value[kCounters];

    constexpr int64_t &operator[](Counter counter) noexcept { return value[counter]; }
    constexpr int64_t operator[](Counter counter) const noexcept { return value[counter]; }
};

// What a transaction has that reads a little. Anything else is seldom counted.
[[nodiscard]] constexpr bool is_usual(int counter) noexcept
{
    return counter == kSelects || counter == kTransactions || counter == kRowsRead ||
           counter == kRowsReturned || counter == kBlocksHit || counter == kExecMicroseconds;
}

// Counts in the making. Of the unusual ones it is noted which were touched.
class Tally
{
public:
    constexpr void add(Counter counter, int64_t amount) noexcept
    {
        value_[counter] += amount;
        if (!is_usual(counter))
            touched_ |= uint32_t{1} << counter;
    }

    // Adds what a counter has grown by, and makes `now` the next `before`.
    constexpr void add_growth(Counts &before, Counter counter, int64_t now) noexcept
    {
        add(counter, now - before[counter]);
        before[counter] = now;
    }

    [[nodiscard]] constexpr bool is_empty() const noexcept
    {
        for (int64_t value : value_)
            if (value != 0)
                return false;
        return true;
    }

    // Calls for each counter that is not zero, and leaves nothing.
    template <typename Visit>
    constexpr void drain(Visit visit) noexcept
    {
        const auto hand_on = [this, &visit](int counter) {
            if (const int64_t value = value_[counter])
                visit(counter, value);
            value_[counter] = 0;
        };
#pragma GCC unroll 32
        for (int i = 0; i < kCounters; i++)
            if (is_usual(i))
                hand_on(i);
        for (; touched_ != 0; touched_ &= touched_ - 1)
            hand_on(std::countr_zero(touched_));
    }

private:
    int64_t value_[kCounters]{};
    uint32_t touched_ = 0;
    static_assert(kCounters <= 32);
};

} // namespace tenancy::core
