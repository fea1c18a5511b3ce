// Whether an amount fits into a set of limits: the decision, and the arithmetic of windows.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>

namespace tenancy::core
{

// The calendar periods a limit can have. `total` never resets.
enum Period : int { kTotal, kHour, kDay, kWeek, kMonth, kYear };
inline constexpr int kPeriods = 6;

inline constexpr int64_t kUnlimited = -1;

// One value a period: where each window starts (microseconds; the total's start is constant).
struct WindowStarts
{
    int64_t at[kPeriods];
};

struct Limits
{
    int64_t amount[kPeriods]; // kUnlimited, or the most that a window may hold
};

// Usage in the current window of each period, kept for one tenant and metric.
struct Windows
{
    WindowStarts start;
    int64_t used[kPeriods];
};

enum class Verdict { admitted, refused, overflow };

struct Decision
{
    Verdict verdict;
    int period;        // refused: the period whose limit refuses; admitted: the tightest one or -1
    int64_t used;      // in that period, before the request
    int64_t limit;     // of that period
    int64_t remaining; // admitted: left in the tightest period after the request, or kUnlimited
};

// Moves windows on to the ones that contain the present. A window never moves back: when the
// clock does, its usage counts in the later window, so that no limit can be passed twice.
constexpr void advance(Windows &windows, const WindowStarts &present) noexcept
{
    for (int p = kHour; p < kPeriods; p++)
        if (present.at[p] > windows.start.at[p])
        {
            windows.start.at[p] = present.at[p];
            windows.used[p] = 0;
        }
}

// The latest of the window starts: usage cannot be dated before it.
[[nodiscard]] constexpr int64_t latest_start(const WindowStarts &starts) noexcept
{
    int64_t latest = starts.at[kHour];
    for (int p = kHour; p < kPeriods; p++)
        latest = starts.at[p] > latest ? starts.at[p] : latest;
    return latest;
}

// Would `amount` fit into every limit? Changes nothing.
[[nodiscard]] constexpr Decision decide(const Windows &windows, const Limits &limits,
                                        int64_t amount) noexcept
{
    Decision best{Verdict::admitted, -1, 0, kUnlimited, kUnlimited};
    for (int p = kTotal; p < kPeriods; p++)
    {
        int64_t after;
        if (__builtin_add_overflow(windows.used[p], amount, &after))
            return {Verdict::overflow, p, windows.used[p], limits.amount[p], 0};
        if (limits.amount[p] == kUnlimited)
            continue;
        if (after > limits.amount[p])
            return {Verdict::refused, p, windows.used[p], limits.amount[p], 0};
        const int64_t remaining = limits.amount[p] - after;
        if (best.period < 0 || remaining < best.remaining)
            best = {Verdict::admitted, p, windows.used[p], limits.amount[p], remaining};
    }
    return best;
}

// Adds an amount to every window that contains it (late usage misses the ones that have moved on).
constexpr void add(Windows &windows, const WindowStarts &when, int64_t amount) noexcept
{
    for (int p = kTotal; p < kPeriods; p++)
        if (windows.start.at[p] == when.at[p])
            windows.used[p] += amount;
}

} // namespace tenancy::core
