// Billing periods: calendar months.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <chrono>
#include <string>

namespace tenancyd
{

using Month = std::chrono::year_month;

// "YYYY-MM"; throws UsageError.
Month parse_month(const std::string &text);
std::string to_string(Month month);
// "YYYY-MM-01", as the extension takes a period.
std::string first_day(Month month);

// The newest month that is over in every time zone: the last one to end does so twelve hours after
// UTC.
Month last_ended_month(std::chrono::sys_seconds now);

} // namespace tenancyd
