// Billing periods: calendar months.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

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

// The ended months not invoiced yet, oldest first: those after `done`, but at most look_back of
// them.
std::vector<Month> months_to_invoice(std::chrono::sys_seconds now, std::optional<Month> done,
                                     int look_back);

} // namespace tenancyd
