// A histogram of durations with buckets of constant relative width, and its percentiles.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <bit>
#include <cstdint>

namespace tenancy::core
{

// Each power of two is cut into four buckets, so that a bucket is at most a quarter of its lower
// bound wide. The first holds all below 16 microseconds, the last all from 268 seconds on.
inline constexpr int kFirstOctave = 4;
inline constexpr int kLastOctave = 28;
inline constexpr int kBucketsPerOctave = 4;
inline constexpr int kBuckets = 2 + (kLastOctave - kFirstOctave) * kBucketsPerOctave;

[[nodiscard]] constexpr int bucket_of(int64_t microseconds) noexcept
{
    if (microseconds < int64_t{1} << kFirstOctave)
        return 0;
    const int octave = 63 - std::countl_zero(static_cast<uint64_t>(microseconds));
    if (octave >= kLastOctave)
        return kBuckets - 1;
    const int part = static_cast<int>(microseconds >> (octave - 2)) & 3;
    return 1 + (octave - kFirstOctave) * kBucketsPerOctave + part;
}

// Where a bucket begins, in microseconds; it ends where the next begins.
[[nodiscard]] constexpr int64_t bucket_start(int bucket) noexcept
{
    if (bucket <= 0)
        return 0;
    const int octave = kFirstOctave + (bucket - 1) / kBucketsPerOctave;
    const int part = (bucket - 1) % kBucketsPerOctave;
    return int64_t{kBucketsPerOctave + part} << (octave - 2);
}

// The duration that a fraction (0 to 1) of all do not exceed, in microseconds, as if the durations
// of a bucket were spread evenly over it; -1 when there are none.
[[nodiscard]] constexpr double percentile(const int64_t *counts, int buckets,
                                          double fraction) noexcept
{
    int64_t total = 0;
    for (int i = 0; i < buckets; i++)
        total += counts[i];
    if (total <= 0)
        return -1;
    const double rank = fraction * static_cast<double>(total);
    double below = 0;
    int last = 0;
    for (int i = 0; i < buckets; i++)
    {
        const auto count = static_cast<double>(counts[i]);
        if (count > 0)
        {
            last = i;
            if (below + count >= rank)
            {
                const auto start = static_cast<double>(bucket_start(i));
                if (i >= kBuckets - 1)
                    return start;
                return start +
                       (static_cast<double>(bucket_start(i + 1)) - start) * (rank - below) / count;
            }
        }
        below += count;
    }
    return static_cast<double>(bucket_start(last));
}

} // namespace tenancy::core
