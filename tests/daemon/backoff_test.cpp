// Back-off: doubling, capped, with jitter.
// SPDX-License-Identifier: PostgreSQL
#include "backoff.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace tenancyd;
using namespace std::chrono_literals;
TEST(Backoff, DoublesUpToTheMost)
{
    const Backoff backoff{500ms, 30s};
    constexpr double kMost = 0.999999;
    EXPECT_NEAR(backoff.delay(1, kMost).count(), 500, 1);
    EXPECT_NEAR(backoff.delay(2, kMost).count(), 1000, 1);
    EXPECT_NEAR(backoff.delay(5, kMost).count(), 8000, 1);
    EXPECT_NEAR(backoff.delay(7, kMost).count(), 30000, 1);
    EXPECT_NEAR(backoff.delay(1'000'000, kMost).count(), 30000, 1);
}

TEST(Backoff, JittersBetweenHalfAndAll)
{
    const Backoff backoff{1s, 30s};
    EXPECT_EQ(backoff.delay(1, 0), 500ms);
    EXPECT_EQ(backoff.delay(1, 0.5), 750ms);
    for (int i = 0; i < 1000; i++)
    {
        const auto delay = backoff.delay(3, random_unit());
        EXPECT_GE(delay, 2s);
        EXPECT_LE(delay, 4s);
    }
}

TEST(Backoff, NeverWaitsLongerThanTheMost)
{
    const Backoff backoff{.most = 100ms};
    EXPECT_LE(backoff.delay(1, 0.99), 100ms);
}

} // namespace
