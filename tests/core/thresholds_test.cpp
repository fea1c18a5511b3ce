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
