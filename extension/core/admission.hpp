// Whether an amount fits into a set of limits: the decision, and the arithmetic of what is counted.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "core/rate.hpp"

#include <cstdint>

namespace tenancy::core
{

// The calendar periods a limit can have. `total` never resets.
enum Period : int { kTotal, kHour, kDay, kWeek, kMonth, kYear };
inline constexpr int kPeriods = 6;

// The kinds of limit that have no calendar, numbered after the periods.
inline constexpr int kConcurrency = kPeriods;
inline constexpr int kRate = kPeriods + 1;
inline constexpr int kCost = kPeriods + 2; // decided elsewhere
inline constexpr int kKinds = kPeriods + 3;

inline constexpr int64_t kUnlimited = -1;

// One value a period: where each window starts (microseconds; the total's start is constant).
struct WindowStarts
{
    int64_t at[kPeriods];
};

struct Limits
{
    int64_t amount[kPeriods];         // kUnlimited, or the most that a window may hold
    int64_t concurrency = kUnlimited; // the most that may be held at a time
    unsigned soft = 0;                // a bit a period: passed, and told
    Rate rate{};                      // interval 0: none
};

// Usage in the current window of each period, kept for one tenant and metric.
struct Windows
{
    WindowStarts start;
    int64_t used[kPeriods];
};

// All that is counted of one tenant and metric.
struct State
{
    Windows windows;
    int64_t in_flight; // by running transactions; part of every window's used
    int64_t releasing; // given up by running transactions; until they commit still used
    int64_t leased;    // held besides
    Rate rate;         // of the bucket; interval 0: there has been none
    Bucket bucket;
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

// Would `amount` fit into every window? Changes nothing. What the same transaction has given up is
// free for it: it commits both or none.
[[nodiscard]] constexpr Decision decide(const Windows &windows, const Limits &limits,
                                        int64_t amount, int64_t own_releasing = 0) noexcept
{
    Decision best{Verdict::admitted, -1, 0, kUnlimited, kUnlimited};
    for (int p = kTotal; p < kPeriods; p++)
    {
        int64_t after;
        if (__builtin_add_overflow(windows.used[p], amount, &after))
            return {Verdict::overflow, p, windows.used[p], limits.amount[p], 0};
        if (limits.amount[p] == kUnlimited)
            continue;
        const int64_t freed = p == kTotal ? own_releasing : 0;
        const int64_t remaining = limits.amount[p] - (after - freed);
        if (remaining < 0 && (limits.soft >> p & 1) == 0)
            return {Verdict::refused, p, windows.used[p] - freed, limits.amount[p], 0};
        if (best.period < 0 || remaining < best.remaining)
            best = {Verdict::admitted, p, windows.used[p] - freed, limits.amount[p],
                    remaining < 0 ? 0 : remaining};
    }
    return best;
}

// All that is held at a time; each of the two may be as much as there is.
[[nodiscard]] constexpr int64_t held(const State &state) noexcept
{
    int64_t sum;
    return __builtin_add_overflow(state.in_flight, state.leased, &sum) ? INT64_MAX : sum;
}

// Would as much more be too many at a time?
[[nodiscard]] constexpr Decision decide_concurrency(const State &state, int64_t limit,
                                                    int64_t amount) noexcept
{
    const int64_t held = core::held(state);
    if (limit == kUnlimited)
        return {amount > INT64_MAX - held ? Verdict::overflow : Verdict::admitted, -1, held,
                kUnlimited, kUnlimited};
    const bool fits = amount == 0 || (held <= limit && amount <= limit - held);
    return {fits ? Verdict::admitted : Verdict::refused, kConcurrency, held, limit,
            fits && held < limit ? limit - held - amount : 0};
}

[[nodiscard]] constexpr Decision decide_rate(const State &state, const Rate &rate, int64_t now,
                                             int64_t amount) noexcept
{
    const RateDecision decision = decide(rate, state.bucket, now, amount);
    const int64_t before = decision.remaining + (decision.admitted ? amount : 0);
    return {decision.admitted ? Verdict::admitted : Verdict::refused, kRate,
            rate.burst + 1 - before, rate.burst + 1, decision.admitted ? decision.remaining : 0};
}

// Makes the bucket one of the present rate. Without a rate the last one is remembered, so that taking
// a limit away and setting it again grants nothing.
constexpr void adopt_rate(State &state, const Rate &rate, int64_t now) noexcept
{
    if (rate.interval == 0 || state.rate == rate)
        return;
    state.bucket = state.rate.interval == 0 ? Bucket{0, now}
                                            : change_rate(state.rate, state.bucket, rate, now);
    state.rate = rate;
}

// Would `amount` fit into all limits? The bucket is one of the limits' rate already.
[[nodiscard]] constexpr Decision decide(const State &state, const Limits &limits, int64_t now,
                                        int64_t amount, int64_t own_releasing) noexcept
{
    Decision best = decide(state.windows, limits, amount, own_releasing);
    if (best.verdict != Verdict::admitted)
        return best;
    const auto tighter = [&](const Decision &decision) {
        if (decision.verdict != Verdict::admitted || best.period < 0 ||
            decision.remaining < best.remaining)
            best = decision;
    };
    if (limits.concurrency != kUnlimited)
        tighter(decide_concurrency(state, limits.concurrency, amount));
    if (limits.rate.interval != 0 && best.verdict == Verdict::admitted)
        tighter(decide_rate(state, limits.rate, now, amount));
    return best;
}

// Adds an amount to every window that contains it (late usage misses the ones that have moved on).
constexpr void add(Windows &windows, const WindowStarts &when, int64_t amount) noexcept
{
    for (int p = kTotal; p < kPeriods; p++)
        if (windows.start.at[p] == when.at[p])
            windows.used[p] += amount;
}

// What a transaction may give up: of what is committed and its own, not of what others may still
// take back, and nothing twice.
[[nodiscard]] constexpr int64_t releasable(const State &state, int64_t own_in_flight) noexcept
{
    const int64_t of_others = state.in_flight - own_in_flight;
    const int64_t most = state.windows.used[kTotal] - of_others - state.releasing;
    return most < 0 ? 0 : most;
}

// What a transaction has done to a state, in the windows where it did it.
struct Share
{
    int64_t amount;   // used
    int64_t released; // given up
    int64_t leased;   // held until the transaction ends
};

enum class End {
    committed,
    aborted,
    prepared, // open still, but no session's
};

constexpr void settle(State &state, const WindowStarts &when, const Share &share, End end) noexcept
{
    state.leased -= share.leased;
    if (end == End::prepared)
        return;
    state.in_flight -= share.amount;
    state.releasing -= share.released;
    if (end == End::aborted)
        add(state.windows, when, -share.amount);
    else // Windows of the calendar count what was used, however long it was kept.
        state.windows.used[kTotal] -= share.released;
}

} // namespace tenancy::core
