// Counters: sums and differences.
// SPDX-License-Identifier: PostgreSQL
#include "core/counts.hpp"

#include <gtest/gtest.h>

using namespace tenancy::core;

TEST(Counts, DeltaAddsWhatCameSinceTheBoundary)
{
    Counts sum{}, boundary{}, now{};
    boundary[kBlocksHit] = 100;
    now[kBlocksHit] = 130;
    now[kWalBytes] = 7;
    add_delta(sum, boundary, now);
    EXPECT_EQ(sum[kBlocksHit], 30);
    EXPECT_EQ(sum[kWalBytes], 7);
    add_delta(sum, boundary, now);
    EXPECT_EQ(sum[kBlocksHit], 30) << "a second look at the same boundary adds nothing";
}

TEST(Counts, ZeroMeansEveryCounter)
{
    Counts counts{};
    EXPECT_TRUE(is_zero(counts));
    counts[kTransactions] = 1;
    EXPECT_FALSE(is_zero(counts));
    Counts sum{};
    add(sum, counts);
    add(sum, counts);
    EXPECT_EQ(sum[kTransactions], 2);
}
