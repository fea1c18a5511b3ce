// A tally: what it is given, differences, and what it hands on.
// SPDX-License-Identifier: PostgreSQL
#include "core/counts.hpp"

#include <gtest/gtest.h>

using namespace tenancy::core;

namespace
{
Counts drained(Tally &tally)
{
    Counts counts{};
    tally.drain([&counts](int counter, int64_t amount) { counts.value[counter] += amount; });
    return counts;
}
} // namespace

TEST(Tally, GrowthIsWhatCameSinceTheBoundary)
{
    Tally tally;
    Counts boundary{};
    boundary[kBlocksHit] = 100;
    tally.add_growth(boundary, kBlocksHit, 130);
    tally.add_growth(boundary, kWalBytes, 7);
    tally.add_growth(boundary, kBlocksHit, 130);
    const Counts counts = drained(tally);
    EXPECT_EQ(counts[kBlocksHit], 30) << "a second look at the same boundary adds nothing";
    EXPECT_EQ(counts[kWalBytes], 7);
    tally.add_growth(boundary, kBlocksHit, 130);
    tally.add(kWalBytes, 0);
    EXPECT_TRUE(tally.is_empty());
}

TEST(Tally, HandsOnEveryCounterOnce)
{
    for (int i = 0; i < kCounters; i++)
    {
        Tally tally;
        EXPECT_TRUE(tally.is_empty());
        tally.add(static_cast<Counter>(i), 2);
        tally.add(static_cast<Counter>(i), 3);
        EXPECT_FALSE(tally.is_empty());
        const Counts counts = drained(tally);
        for (int j = 0; j < kCounters; j++)
            EXPECT_EQ(counts.value[j], i == j ? 5 : 0);
        EXPECT_TRUE(tally.is_empty());
        for (const int64_t value : drained(tally).value)
            EXPECT_EQ(value, 0);
    }
}
