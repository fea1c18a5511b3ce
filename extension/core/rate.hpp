// Rate limits: the generic cell rate algorithm, and windows that reset.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>

namespace tenancy::core
{

// A rate of one unit every `interval` nanoseconds, of which `burst` + 1 may come at once. A leaky
// bucket of n units that drains in d is a rate with interval d / n and burst n - 1.
struct Rate
{
    int64_t interval;
    int64_t burst;
};

struct RateDecision
{
    bool admitted;
    int64_t arrival;     // the state after the request: when the last unit is due
    int64_t remaining;   // units that would be admitted at once now
    int64_t reset_after; // nanoseconds until all of the burst is there again
    int64_t retry_after; // refused: nanoseconds until the request fits; -1: never
};

// `arrival` is the theoretical arrival time that the last decision left (any past time at first);
// a quantity of 0 looks without taking. Refused requests take nothing.
[[nodiscard]] constexpr RateDecision decide(const Rate &rate, int64_t arrival, int64_t now,
                                            int64_t quantity) noexcept
{
    const int64_t due = arrival > now ? arrival : now;
    int64_t tolerance;
    if (__builtin_mul_overflow(rate.interval, rate.burst + 1, &tolerance))
        tolerance = INT64_MAX / 4;
    int64_t increment;
    if (__builtin_mul_overflow(rate.interval, quantity, &increment) || increment > tolerance)
        return {false, arrival, (tolerance - (due - now)) / rate.interval, due - now, -1};
    const int64_t early = due + increment - tolerance - now;
    if (early > 0)
        return {false, arrival, (tolerance - (due - now)) / rate.interval, due - now, early};
    const int64_t after = due + increment;
    return {true, quantity == 0 ? arrival : after, (tolerance - (after - now)) / rate.interval,
            after - now, -1};
}

// A count that starts anew when its window is over. Refused requests take nothing.
struct FixedWindow
{
    int64_t used;
    int64_t reset_at; // nanoseconds
};

struct WindowDecision
{
    bool admitted;
    FixedWindow window; // the state after the request
    int64_t remaining;
};

[[nodiscard]] constexpr WindowDecision decide(int64_t limit, int64_t duration,
                                              const FixedWindow &window, int64_t now,
                                              int64_t quantity) noexcept
{
    FixedWindow next = now >= window.reset_at ? FixedWindow{0, now + duration} : window;
    const bool admitted = quantity <= limit - next.used;
    if (admitted)
        next.used += quantity;
    return {admitted, next, limit - next.used};
}

} // namespace tenancy::core
