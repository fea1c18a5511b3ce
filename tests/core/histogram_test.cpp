// Histograms of durations: buckets without gaps, and percentiles within their width.
// SPDX-License-Identifier: PostgreSQL
#include "core/histogram.hpp"

#include <gtest/gtest.h>

using namespace tenancy::core;

TEST(Histogram, BucketsFollowEachOtherWithoutGaps)
{
    EXPECT_EQ(bucket_of(-1), 0);
    EXPECT_EQ(bucket_of(0), 0);
    for (int i = 1; i < kBuckets; i++)
    {
        EXPECT_LT(bucket_start(i - 1), bucket_start(i));
        EXPECT_EQ(bucket_of(bucket_start(i)), i);
        EXPECT_EQ(bucket_of(bucket_start(i) - 1), i - 1);
    }
    EXPECT_EQ(bucket_of(INT64_MAX), kBuckets - 1);
}

TEST(Histogram, BucketsAreAtMostAQuarterWide)
{
    for (int i = 1; i < kBuckets - 1; i++)
        EXPECT_LE(bucket_start(i + 1) - bucket_start(i), bucket_start(i) / 4);
}

TEST(Histogram, PercentilesAreWithinAQuarter)
{
    int64_t counts[kBuckets]{};
    for (int64_t microseconds = 1; microseconds <= 100000; microseconds++)
        counts[bucket_of(microseconds)]++;
    for (const double fraction : {0.01, 0.5, 0.95, 0.99, 1.0})
    {
        const double exact = fraction * 100000;
        EXPECT_NEAR(percentile(counts, kBuckets, fraction), exact, exact / 4);
    }
}

TEST(Histogram, NothingHasNoPercentile)
{
    const int64_t counts[kBuckets]{};
    EXPECT_LT(percentile(counts, kBuckets, 0.5), 0);
    EXPECT_LT(percentile(counts, 0, 0.5), 0);
}

TEST(Histogram, OneLongStatementIsTheMaximum)
{
    int64_t counts[kBuckets]{};
    counts[bucket_of(20)] = 99;
    counts[bucket_of(5000000)] = 1;
    EXPECT_LE(percentile(counts, kBuckets, 0.99), 24);
    EXPECT_NEAR(percentile(counts, kBuckets, 1), 5000000, 1250000);
}
