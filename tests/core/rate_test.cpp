// Rate limits: bursts, waiting, peeking, and that no sequence passes more than the rate allows.
// SPDX-License-Identifier: PostgreSQL
#include "core/rate.hpp"

#include <gtest/gtest.h>

#include <random>

using namespace tenancy::core;

namespace
{

constexpr int64_t kSecond = 1'000'000'000;

TEST(Rate, AdmitsABurstThenOneAnInterval)
{
    const Rate rate{kSecond, 2};
    int64_t arrival = 0;
    for (int i = 0; i < 3; i++)
    {
        const RateDecision decision = decide(rate, arrival, 10 * kSecond, 1);
        EXPECT_TRUE(decision.admitted);
        EXPECT_EQ(decision.remaining, 2 - i);
        arrival = decision.arrival;
    }
    const RateDecision refused = decide(rate, arrival, 10 * kSecond, 1);
    EXPECT_FALSE(refused.admitted);
    EXPECT_EQ(refused.retry_after, kSecond);
    EXPECT_EQ(refused.arrival, arrival);
    EXPECT_TRUE(decide(rate, arrival, 10 * kSecond + refused.retry_after, 1).admitted);
    EXPECT_FALSE(decide(rate, arrival, 10 * kSecond + refused.retry_after - 1, 1).admitted);
}

TEST(Rate, WhatNeverFitsSaysSo)
{
    const RateDecision decision = decide({kSecond, 4}, 0, 0, 6);
    EXPECT_FALSE(decision.admitted);
    EXPECT_EQ(decision.retry_after, -1);
    EXPECT_EQ(decision.remaining, 5);
}

TEST(Rate, LookingTakesNothing)
{
    const RateDecision decision = decide({kSecond, 4}, 3 * kSecond, 0, 0);
    EXPECT_TRUE(decision.admitted);
    EXPECT_EQ(decision.remaining, 2);
    EXPECT_EQ(decision.arrival, 3 * kSecond);
}

TEST(Rate, SurvivesHugeQuantitiesAndRates)
{
    EXPECT_FALSE(decide({kSecond, 4}, 0, 0, INT64_MAX).admitted);
    EXPECT_TRUE(decide({INT64_MAX / 4, 4}, 0, 0, 1).admitted);
}

TEST(Rate, NeverAdmitsMoreThanBurstPlusRate)
{
    std::mt19937_64 random(7);
    for (int round = 0; round < 200; round++)
    {
        const Rate rate{static_cast<int64_t>(random() % 1000 + 1),
                        static_cast<int64_t>(random() % 20)};
        int64_t now = static_cast<int64_t>(random() % 1000), arrival = 0, taken = 0;
        const int64_t start = now;
        for (int i = 0; i < 300; i++)
        {
            now += static_cast<int64_t>(random() % 500);
            const int64_t quantity = static_cast<int64_t>(random() % 4);
            const RateDecision decision = decide(rate, arrival, now, quantity);
            if (decision.admitted)
                taken += quantity;
            arrival = decision.arrival;
            ASSERT_LE(taken, rate.burst + 1 + (now - start) / rate.interval);
            ASSERT_GE(decision.remaining, 0);
        }
    }
}

TEST(FixedWindow, StartsAnewWhenItIsOver)
{
    FixedWindow window{0, 0};
    WindowDecision decision = decide(2, 5, window, 0, 2);
    EXPECT_TRUE(decision.admitted);
    EXPECT_EQ(decision.remaining, 0);
    decision = decide(2, 5, decision.window, 4, 1);
    EXPECT_FALSE(decision.admitted);
    decision = decide(2, 5, decision.window, 5, 1);
    EXPECT_TRUE(decision.admitted);
    EXPECT_EQ(decision.remaining, 1);
}

} // namespace
