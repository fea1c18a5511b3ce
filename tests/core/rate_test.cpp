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
    Bucket bucket;
    for (int i = 0; i < 3; i++)
    {
        const RateDecision decision = decide(rate, bucket, 10 * kSecond, 1);
        EXPECT_TRUE(decision.admitted);
        EXPECT_EQ(decision.remaining, 2 - i);
        bucket = decision.bucket;
    }
    const RateDecision refused = decide(rate, bucket, 10 * kSecond, 1);
    EXPECT_FALSE(refused.admitted);
    EXPECT_EQ(refused.retry_after, kSecond);
    EXPECT_EQ(refused.bucket.level, bucket.level);
    EXPECT_TRUE(decide(rate, bucket, 10 * kSecond + refused.retry_after, 1).admitted);
    EXPECT_FALSE(decide(rate, bucket, 10 * kSecond + refused.retry_after - 1, 1).admitted);
}

TEST(Rate, WhatNeverFitsSaysSo)
{
    const RateDecision decision = decide({kSecond, 4}, {}, 0, 6);
    EXPECT_FALSE(decision.admitted);
    EXPECT_EQ(decision.retry_after, -1);
    EXPECT_EQ(decision.remaining, 5);
}

TEST(Rate, LookingTakesNothing)
{
    const RateDecision decision = decide({kSecond, 4}, {3 * kSecond, 0}, 0, 0);
    EXPECT_TRUE(decision.admitted);
    EXPECT_EQ(decision.remaining, 2);
    EXPECT_EQ(decision.bucket.level, 3 * kSecond);
}

TEST(Rate, SurvivesHugeQuantitiesAndRates)
{
    EXPECT_FALSE(decide({kSecond, 4}, {}, 0, INT64_MAX).admitted);
    EXPECT_TRUE(decide({INT64_MAX / 4, 4}, {}, 0, 1).admitted);
}

TEST(Rate, NeverAdmitsMoreThanBurstPlusRate)
{
    std::mt19937_64 random(7);
    for (int round = 0; round < 200; round++)
    {
        const Rate rate{static_cast<int64_t>(random() % 1000 + 1),
                        static_cast<int64_t>(random() % 20),
                        static_cast<int64_t>(random() % 7 + 1)};
        Bucket bucket;
        int64_t now = static_cast<int64_t>(random() % 1000), taken = 0;
        const int64_t start = now;
        for (int i = 0; i < 300; i++)
        {
            now += static_cast<int64_t>(random() % 500);
            const int64_t quantity = static_cast<int64_t>(random() % 4);
            const RateDecision decision = decide(rate, bucket, now, quantity);
            if (decision.admitted)
                taken += quantity;
            bucket = decision.bucket;
            ASSERT_LE(taken, rate.burst + 1 + (now - start) * rate.units / rate.interval);
            ASSERT_GE(decision.remaining, 0);
        }
    }
}

TEST(Rate, IsNotRoundedToTheTimeOfOneUnit)
{
    // Seven a second: a whole burst at one moment, and seven more a second later.
    const Rate rate{kSecond, 6, 7};
    Bucket bucket;
    for (int second = 0; second < 100; second++)
        for (int i = 0; i < 8; i++)
        {
            const RateDecision decision = decide(rate, bucket, second * kSecond, 1);
            EXPECT_EQ(decision.admitted, i < 7);
            bucket = decision.bucket;
        }
}

TEST(Rate, AClockThatGoesBackGrantsNothingAndBlocksNoLongerThanTheBurst)
{
    const Rate rate{kSecond, 2};
    const Bucket bucket = take(rate, {}, 100 * kSecond, 3);
    EXPECT_FALSE(decide(rate, bucket, 99 * kSecond, 1).admitted);
    EXPECT_FALSE(decide(rate, bucket, 10 * kSecond, 1).admitted);
    EXPECT_EQ(decide(rate, bucket, 10 * kSecond, 1).retry_after, kSecond);
    // Two sessions that read the clock in one order and came in the other.
    Bucket late = take(rate, take(rate, {}, 50, 1), 40, 1);
    EXPECT_EQ(level_at(rate, late, 50), 2 * kSecond);
}

TEST(Rate, AnotherRateKeepsWhatIsLeftAndGrantsNothing)
{
    const Rate slow{3600 * kSecond, 9, 10}, fast{kSecond, 99, 100};
    const int64_t now = 50 * kSecond;
    const Bucket empty = take(slow, {}, now, 10);
    // Up: empty, and filled at the new rate from now on.
    const Bucket up = change_rate(slow, empty, fast, now);
    EXPECT_FALSE(decide(fast, up, now, 1).admitted);
    EXPECT_EQ(decide(fast, up, now + kSecond / 10, 0).remaining, 10);
    // Down: empty as well, though a second would fill the old one.
    const Bucket down = change_rate(fast, take(fast, {}, now, 100), slow, now);
    EXPECT_FALSE(decide(slow, down, now, 1).admitted);
    EXPECT_FALSE(decide(slow, down, now + kSecond, 1).admitted);
    // What is left stays, and fits.
    EXPECT_EQ(decide(slow, change_rate(fast, take(fast, {}, now, 96), slow, now), now, 0).remaining,
              4);
    EXPECT_EQ(decide(slow, change_rate(fast, take(fast, {}, now, 60), slow, now), now, 0).remaining,
              10);
}

// From what was used in twice the time in which a full one runs empty, a bucket is never emptier than it
// was; and just as full if it was empty before, and has not overflown since.
TEST(Rate, IsKnownAgainFromItsUse)
{
    std::mt19937 random(7);
    for (int round = 0; round < 2000; round++)
    {
        const Rate rate{static_cast<int64_t>(random() % 1000 + 1),
                        static_cast<int64_t>(random() % 50),
                        static_cast<int64_t>(random() % 9 + 1)};
        const int64_t capacity = capacity_of(rate), begin = 10 * kSecond;
        const bool was_full = random() % 2 == 0;
        Bucket bucket{was_full ? capacity : 0, begin};
        struct Use
        {
            int64_t at, amount;
        } uses[20];
        int64_t at = begin;
        int count = 0;
        for (int i = 0; i < 20; i++)
        {
            at += static_cast<int64_t>(random() % (capacity / rate.units + 2));
            const int64_t amount = static_cast<int64_t>(random() % 9 + 1);
            const RateDecision decision = decide(rate, bucket, at, amount);
            if (!decision.admitted)
                continue;
            bucket = decision.bucket;
            uses[count++] = {at, amount};
        }
        const int64_t now = at + static_cast<int64_t>(random() % 100);
        Fullest fullest{rate, now};
        const int64_t since = now - 2 * (capacity / rate.units);
        for (; count > 0 && uses[count - 1].at > since; count--)
            fullest.add_older(uses[count - 1].at, uses[count - 1].amount);
        if (since < begin && was_full)
            continue;
        const int64_t truth = level_at(rate, bucket, now);
        EXPECT_GE(fullest.bucket().level, truth);
        EXPECT_LE(fullest.bucket().level, capacity);
        if (!was_full && count == 0 &&
            fullest.used * static_cast<__int128>(rate.interval) <= capacity)
        {
            EXPECT_EQ(fullest.bucket().level, truth);
        }
    }
    Fullest most{{1000000, 0}, 0};
    most.add_older(INT64_MIN / 2, INT64_MAX);
    most.add_older(INT64_MIN / 2, INT64_MAX);
    EXPECT_EQ(most.bucket().level, capacity_of(most.rate));
}

TEST(Rate, TakingLeavesNoDebt)
{
    const Rate rate{kSecond, 4};
    EXPECT_EQ(decide(rate, take(rate, {}, 0, INT64_MAX), 0, 1).retry_after, kSecond);
    EXPECT_EQ(decide(rate, take(rate, {}, 0, 3), 0, 0).remaining, 2);
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
