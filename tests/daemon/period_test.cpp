// Months: reading, writing, and which of them are to be invoiced when.
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

std::vector<std::string> due(sys_seconds now, std::optional<Month> done, int look_back)
{
    std::vector<std::string> texts;
    for (Month month : months_to_invoice(now, done, look_back))
        texts.push_back(to_string(month));
    return texts;
}

using Texts = std::vector<std::string>;

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

TEST(MonthsToInvoice, LooksBackOnceAndThenTakesEachMonthOnce)
{
    const auto now = at(2024, 3, 15, 0);
    EXPECT_EQ(due(now, {}, 3), (Texts{"2023-12", "2024-01", "2024-02"}));
    EXPECT_EQ(due(now, {}, 1), Texts{"2024-02"});
    EXPECT_EQ(due(now, parse_month("2024-02"), 3), Texts{});
    EXPECT_EQ(due(at(2024, 4, 1, 12), parse_month("2024-02"), 3), Texts{"2024-03"});
}

TEST(MonthsToInvoice, CatchesUpAfterALongStopButNotWithoutEnd)
{
    EXPECT_EQ(due(at(2024, 6, 2, 0), parse_month("2024-02"), 12),
              (Texts{"2024-03", "2024-04", "2024-05"}));
    EXPECT_EQ(due(at(2024, 6, 2, 0), parse_month("2020-01"), 2), (Texts{"2024-04", "2024-05"}));
}

TEST(MonthsToInvoice, AClockSetBackBringsNothing)
{
    EXPECT_EQ(due(at(2024, 1, 15, 0), parse_month("2024-02"), 3), Texts{});
}

} // namespace
