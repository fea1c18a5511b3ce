// Months: reading, writing, and when they are over.
// SPDX-License-Identifier: PostgreSQL
#include "period.hpp"

#include "error.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace tenancyd;
using namespace std::chrono;

sys_seconds at(int y, unsigned m, unsigned d, int h)
{
    return sys_days(year(y) / m / d) + hours(h);
}

TEST(Month, ReadsAndWrites)
{
    EXPECT_EQ(to_string(parse_month("2024-02")), "2024-02");
    EXPECT_EQ(first_day(parse_month("0999-12")), "0999-12-01");
    for (const char *text : {"", "2024", "2024-13", "2024-00", "2024-2", "24-02", "2024-02-01",
                             "0000-01", "2024/02", "+024-02", "2024- 2"})
        EXPECT_THROW(parse_month(text), UsageError) << text;
}

TEST(Month, IsOverTwelveHoursAfterItsEndInUtc)
{
    EXPECT_EQ(to_string(last_ended_month(at(2024, 3, 1, 11))), "2024-01");
    EXPECT_EQ(to_string(last_ended_month(at(2024, 3, 1, 12))), "2024-02");
    EXPECT_EQ(to_string(last_ended_month(at(2024, 3, 31, 23))), "2024-02");
    EXPECT_EQ(to_string(last_ended_month(at(2024, 1, 1, 12))), "2023-12");
    EXPECT_EQ(to_string(last_ended_month(at(2024, 1, 1, 0))), "2023-11");
}

} // namespace
