// Rate limits: the generic cell rate algorithm, and windows that reset.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>

namespace tenancy::core
{

// `units` come every `interval`, of which `burst` + 1 may come at once; any unit of time. A rate is
// never divided into the time of one unit, which would round it.
struct Rate
{
    int64_t interval; // 0: no rate
    int64_t burst;
    int64_t units = 1;

    bool operator==(const Rate &) const = default;
};

// A bucket that fills with what is used and leaks at the rate: a unit adds `interval` to its level, a
// moment takes `units` off. (The theoretical arrival time of the next unit is at + level / units.)
struct Bucket
{
    int64_t level = 0;
    int64_t at = 0;
};

struct RateDecision
{
    bool admitted;
    Bucket bucket;       // the state after the request
    int64_t remaining;   // units that would be admitted at once now
    int64_t reset_after; // time until all of the burst is there again
    int64_t retry_after; // refused: time until the request fits; -1: never
};

[[nodiscard]] constexpr int64_t capacity_of(const Rate &rate) noexcept
{
    int64_t capacity;
    if (__builtin_mul_overflow(rate.interval, rate.burst + 1, &capacity))
        capacity = INT64_MAX / 4;
    return capacity;
}

// Never more than the bucket holds: a clock that went back leaves it full at worst.
[[nodiscard]] constexpr int64_t level_at(const Rate &rate, const Bucket &bucket,
                                         int64_t now) noexcept
{
    const int64_t capacity = capacity_of(rate);
    int64_t elapsed, leaked, level;
    if (__builtin_sub_overflow(now, bucket.at, &elapsed) ||
        __builtin_mul_overflow(elapsed, rate.units, &leaked) ||
        __builtin_sub_overflow(bucket.level, leaked, &level))
        return now >= bucket.at ? 0 : capacity;
    return level < 0 ? 0 : level > capacity ? capacity : level;
}

// A quantity of 0 looks without taking. Refused requests take nothing.
[[nodiscard]] constexpr RateDecision decide(const Rate &rate, const Bucket &bucket, int64_t now,
                                            int64_t quantity) noexcept
{
    const int64_t capacity = capacity_of(rate);
    const int64_t level = level_at(rate, bucket, now);
    const auto time = [&](int64_t amount) { return (amount + rate.units - 1) / rate.units; };
    const int64_t remaining = (capacity - level) / rate.interval;
    int64_t increment;
    if (__builtin_mul_overflow(rate.interval, quantity, &increment) || increment > capacity)
        return {false, bucket, remaining, time(level), -1};
    if (increment > capacity - level)
        return {false, bucket, remaining, time(level), time(increment - (capacity - level))};
    const int64_t after = level + increment;
    return {true, quantity == 0 ? bucket : Bucket{after, now}, (capacity - after) / rate.interval,
            time(after), -1};
}

// Use that nobody asked for: takes what there is, and leaves no debt.
[[nodiscard]] constexpr Bucket take(const Rate &rate, const Bucket &bucket, int64_t now,
                                    int64_t quantity) noexcept
{
    const int64_t capacity = capacity_of(rate);
    int64_t level = level_at(rate, bucket, now);
    int64_t increment;
    if (__builtin_mul_overflow(rate.interval, quantity, &increment) || increment > capacity - level)
        level = capacity;
    else
        level += increment;
    return {level, now};
}

// The fullest that a bucket can be, from what was used of it: told from the newest on, back to a time
// of whose bucket nothing is known, which counts as full then.
struct Fullest
{
    Rate rate;
    int64_t now;
    int64_t used = 0;
    __int128 level = 0;

    constexpr void add_older(int64_t at, int64_t amount) noexcept
    {
        if (__builtin_add_overflow(used, amount, &used))
            used = INT64_MAX;
        const __int128 since = static_cast<__int128>(used) * rate.interval -
                               (static_cast<__int128>(now) - at) * rate.units;
        level = since > level ? since : level;
    }

    [[nodiscard]] constexpr Bucket bucket() const noexcept
    {
        const int64_t capacity = capacity_of(rate);
        const __int128 before = static_cast<__int128>(used) * rate.interval - capacity;
        const __int128 most = before > level ? before : level;
        return {most > capacity ? capacity : static_cast<int64_t>(most), now};
    }
};

// Another rate from now on: what was left is left, as far as it fits, and nothing is granted anew.
[[nodiscard]] constexpr Bucket change_rate(const Rate &from, const Bucket &bucket, const Rate &to,
                                           int64_t now) noexcept
{
    const int64_t remaining = (capacity_of(from) - level_at(from, bucket, now)) / from.interval;
    const int64_t missing = remaining > to.burst ? 0 : to.burst + 1 - remaining;
    return take(to, {0, now}, now, missing);
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
