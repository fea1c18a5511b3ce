// Counters: sums and differences.
// SPDX-License-Identifier: PostgreSQL
#include "core/counts.hpp"

#include <gtest/gtest.h>

using namespace tenancy::core;

TEST(Counts, GrowthIsWhatCameSinceTheBoundary)
{
    Counts sum{}, boundary{};
    boundary[kBlocksHit] = 100;
    add_growth(sum, boundary, kBlocksHit, 130);
    add_growth(sum, boundary, kWalBytes, 7);
    EXPECT_EQ(sum[kBlocksHit], 30);
    EXPECT_EQ(sum[kWalBytes], 7);
    add_growth(sum, boundary, kBlocksHit, 130);
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
