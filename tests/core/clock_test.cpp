// The fixed clock's notation, and quarters of an hour.
// SPDX-License-Identifier: PostgreSQL
#include "core/clock.hpp"

#include <gtest/gtest.h>

using namespace tenancy::core;

namespace
{
constexpr int64_t kSecond = 1000000;
constexpr int64_t kDay = 86400 * kSecond;
} // namespace

TEST(Clock, CountsFromTheYear2000)
{
    int64_t at = -1;
    ASSERT_TRUE(parse_utc("2000-01-01 00:00:00", &at));
    EXPECT_EQ(at, 0);
    ASSERT_TRUE(parse_utc("2000-03-01 00:00", &at));
    EXPECT_EQ(at, 60 * kDay);
    ASSERT_TRUE(parse_utc("1999-12-31T23:59:59Z", &at));
    EXPECT_EQ(at, -kSecond);
    ASSERT_TRUE(parse_utc("2026-03-15 12:34:56+00", &at));
    EXPECT_EQ(at, (826848000LL + 12 * 3600 + 34 * 60 + 56) * kSecond);
}

TEST(Clock, KnowsLeapYears)
{
    int64_t leap, next;
    ASSERT_TRUE(parse_utc("2024-02-29 00:00", &leap));
    ASSERT_TRUE(parse_utc("2024-03-01 00:00", &next));
    EXPECT_EQ(next - leap, kDay);
    EXPECT_FALSE(parse_utc("2023-02-29 00:00", &leap));
    EXPECT_FALSE(parse_utc("1900-02-29 00:00", &leap));
    EXPECT_TRUE(parse_utc("2000-02-29 00:00", &leap));
}

TEST(Clock, RefusesWhatItDoesNotKnow)
{
    int64_t at;
    for (const char *text : {"", "2026", "2026-13-01 00:00", "2026-00-01 00:00", "2026-01-32 00:00",
                             "2026-01-01 24:00", "2026-01-01 00:60", "2026-01-01 00:00:60",
                             "2026-01-01 00:00+01", "2026-01-01 00:00 CET", "2026-01-01", "now",
                             "0000-01-01 00:00", "2026-1-1 00:00", "2026-01-01 00:00:00.5"})
        EXPECT_FALSE(parse_utc(text, &at)) << text;
}

TEST(Clock, QuartersStartOnTheQuarterOnBothSidesOfTheEpoch)
{
    constexpr int64_t quarter = 900 * kSecond;
    EXPECT_EQ(quarter_of(0), 0);
    EXPECT_EQ(quarter_of(quarter - 1), 0);
    EXPECT_EQ(quarter_of(quarter), quarter);
    EXPECT_EQ(quarter_of(-1), -quarter);
    EXPECT_EQ(quarter_of(-quarter), -quarter);
}
