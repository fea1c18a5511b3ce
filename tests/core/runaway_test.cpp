// Rules for statements that take too much: reading them, and when they apply.
// SPDX-License-Identifier: PostgreSQL
#include "core/runaway.hpp"

#include <gtest/gtest.h>

using namespace tenancy::core;

namespace
{

RunawayRule parse(std::string_view text)
{
    RunawayRule rule;
    EXPECT_TRUE(parse_runaway_rule(text, &rule)) << text;
    return rule;
}

TEST(Runaway, ReadsEachMeasure)
{
    const RunawayRule rule = parse("elapsed=30s  cpu=1500ms rows=1000000 blocks=500");
    EXPECT_EQ(rule.most[kElapsed], 30'000'000);
    EXPECT_EQ(rule.most[kCpu], 1'500'000);
    EXPECT_EQ(rule.most[kRows], 1'000'000);
    EXPECT_EQ(rule.most[kBlocks], 500);
    EXPECT_FALSE(rule.is_empty);
    EXPECT_EQ(parse("elapsed=2min").most[kElapsed], 120'000'000);
    EXPECT_EQ(parse("elapsed=1h").most[kElapsed], 3'600'000'000);
    EXPECT_EQ(parse(" cpu=7us ").most[kCpu], 7);
}

TEST(Runaway, NoRuleNeverApplies)
{
    for (const char *text : {"", "  "})
    {
        const RunawayRule rule = parse(text);
        EXPECT_TRUE(rule.is_empty);
        EXPECT_EQ(find_exceeded(rule, {{INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}}), -1);
    }
}

TEST(Runaway, RefusesWhatItCannotRead)
{
    for (const char *text :
         {"elapsed", "elapsed=", "elapsed=5", "elapsed=5d", "elapsed=-5s", "elapsed=s", "rows=5s",
          "rows=1.5", "rows=1 rows=2", "memory=5", "rows=99999999999999999999",
          "elapsed=9223372036854775807h", "elapsed =5s", "rows=5,blocks=4", "ROWS=5"})
    {
        RunawayRule rule;
        EXPECT_FALSE(parse_runaway_rule(text, &rule)) << text;
    }
}

TEST(Runaway, AppliesAboveAndNotAtTheValue)
{
    const RunawayRule rule = parse("rows=10 elapsed=1ms");
    EXPECT_EQ(find_exceeded(rule, {{1000, 0, 10, 0}}), -1);
    EXPECT_EQ(find_exceeded(rule, {{1000, 0, 11, 0}}), kRows);
    EXPECT_EQ(find_exceeded(rule, {{1001, 0, 11, 0}}), kElapsed);
}

} // namespace
