// Thresholds fire once each, also when usage jumps over several or goes back.
// SPDX-License-Identifier: PostgreSQL
#include "core/thresholds.hpp"

#include <gtest/gtest.h>

#include <array>

using namespace tenancy::core;

namespace
{

constexpr std::array<int, 3> kPercents{50, 80, 100};

TEST(Thresholds, FireAtTheirValueAndOnce)
{
    uint32_t fired = 0;
    EXPECT_EQ(fire(kPercents, 49, 100, fired), 0u);
    EXPECT_EQ(fire(kPercents, 50, 100, fired), 1u);
    EXPECT_EQ(fire(kPercents, 60, 100, fired), 0u);
    EXPECT_EQ(fire(kPercents, 40, 100, fired), 0u);
    EXPECT_EQ(fire(kPercents, 120, 100, fired), 6u);
    EXPECT_EQ(fire(kPercents, 200, 100, fired), 0u);
}

TEST(Thresholds, NothingIsReachedByNothing)
{
    EXPECT_EQ(reached(kPercents, 0, 0), 0u);
    EXPECT_EQ(reached(kPercents, 1, 0), 7u);
}

TEST(Thresholds, DoNotOverflow)
{
    EXPECT_EQ(reached(kPercents, INT64_MAX - 1, INT64_MAX), 3u);
    EXPECT_EQ(reached(kPercents, INT64_MAX, INT64_MAX), 7u);
}

} // namespace

TEST(Thresholds, TheLeastUseThatReachesOneDoes)
{
    constexpr int percents[] = {50};
    for (int64_t limit : {int64_t{0}, int64_t{1}, int64_t{7}, int64_t{101}, INT64_MAX})
    {
        const int64_t least = threshold_amount(limit, 50);
        EXPECT_EQ(reached(percents, least, limit), 1U);
        EXPECT_EQ(reached(percents, least - 1, limit), 0U);
    }
    EXPECT_EQ(threshold_amount(INT64_MAX, 1000), INT64_MAX);
}

TEST(Thresholds, ListsRiseAndFit)
{
    int percents[kMaxThresholds];
    EXPECT_EQ(parse_thresholds("50,80,100", percents), 3);
    EXPECT_EQ(percents[2], 100);
    EXPECT_EQ(parse_thresholds("", percents), 0);
    EXPECT_EQ(parse_thresholds("  ", percents), 0);
    EXPECT_EQ(parse_thresholds(" 1 , 1000 ", percents), 2);
    for (const char *bad : {"0", "1001", "5,5", "80,50", "1,", ",1", "x", "-1", "1 2", "3x",
                            "99999999999", "1,2,3,4,5,6,7,8,9"})
        EXPECT_EQ(parse_thresholds(bad, percents), -1) << bad;
}
