// Parsing of the fixed clock, without the server's date input (which raises errors).
// SPDX-License-Identifier: PostgreSQL
#include "core/clock.hpp"

namespace tenancy::core
{

namespace
{

// Reads exactly `width` digits from the front of `text`.
bool take_number(std::string_view &text, size_t width, int *value) noexcept
{
    if (text.size() < width)
        return false;
    *value = 0;
    for (size_t i = 0; i < width; i++)
    {
        if (text[i] < '0' || text[i] > '9')
            return false;
        *value = *value * 10 + (text[i] - '0');
    }
    text.remove_prefix(width);
    return true;
}

bool take(std::string_view &text, char c) noexcept
{
    if (text.empty() || text.front() != c)
        return false;
    text.remove_prefix(1);
    return true;
}

constexpr bool is_leap(int year) noexcept
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

constexpr int days_in_month(int year, int month) noexcept
{
    constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

// Days from 2000-01-01, proleptic Gregorian, for years 1 to 9999.
constexpr int64_t days_from_2000(int year, int month, int day) noexcept
{
    int64_t days = day - 1;
    for (int m = 1; m < month; m++)
        days += days_in_month(year, m);
    const int64_t y = year - 1;
    constexpr int64_t before_2000 = int64_t{1999} * 365 + 1999 / 4 - 1999 / 100 + 1999 / 400;
    return days + y * 365 + y / 4 - y / 100 + y / 400 - before_2000;
}

} // namespace

bool parse_utc(std::string_view text, int64_t *microseconds) noexcept
{
    int year, month, day, hour, minute, second = 0;
    if (!take_number(text, 4, &year) || !take(text, '-') || !take_number(text, 2, &month) ||
        !take(text, '-') || !take_number(text, 2, &day) || !(take(text, ' ') || take(text, 'T')) ||
        !take_number(text, 2, &hour) || !take(text, ':') || !take_number(text, 2, &minute))
        return false;
    if (take(text, ':') && !take_number(text, 2, &second))
        return false;
    if (!(text.empty() || text == "Z" || text == "+00" || text == "+00:00"))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
        hour > 23 || minute > 59 || second > 59)
        return false;
    const int64_t seconds =
        days_from_2000(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *microseconds = seconds * 1000000;
    return true;
}

} // namespace tenancy::core
