// Billing periods: calendar months.
// SPDX-License-Identifier: PostgreSQL
#include "period.hpp"

#include "error.hpp"

#include <algorithm>
#include <cstdio>

namespace tenancyd
{

using namespace std::chrono;

Month parse_month(const std::string &text)
{
    int year_number = 0;
    unsigned month_number = 0;
    auto digit = [](char c) { return c >= '0' && c <= '9'; };
    bool shaped =
        text.size() == 7 && text[4] == '-' && std::count_if(text.begin(), text.end(), digit) == 6;
    if (shaped && std::sscanf(text.c_str(), "%4d-%2u", &year_number, &month_number) == 2 &&
        year_number > 0)
    {
        Month month = year(year_number) / month_number;
        if (month.ok())
            return month;
    }
    throw UsageError("\"" + text + "\" is not a month", "",
                     "Write a month as YYYY-MM, such as 2024-02.");
}

std::string to_string(Month month)
{
    char text[16];
    std::snprintf(text, sizeof text, "%04d-%02u", int(month.year()), unsigned(month.month()));
    return text;
}

std::string first_day(Month month)
{
    return to_string(month) + "-01";
}

Month last_ended_month(sys_seconds now)
{
    year_month_day day = floor<days>(now - hours(12));
    return day.year() / day.month() - months(1);
}

} // namespace tenancyd
