// The fixed clock of tests and simulations: 'YYYY-MM-DD HH:MM[:SS]' in UTC.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <string_view>

namespace tenancy::core
{

// Microseconds since 2000-01-01 00:00 UTC, PostgreSQL's own epoch. Accepts a 'T' for the blank and
// an ending of 'Z', '+00' or '+00:00'; any other zone is refused rather than misread.
[[nodiscard]] bool parse_utc(std::string_view text, int64_t *microseconds) noexcept;

// The start of the quarter hour an instant lies in. Every time zone's hours, days and months begin
// on a quarter hour of UTC, so sums kept by quarter never straddle a billing boundary.
[[nodiscard]] constexpr int64_t quarter_of(int64_t microseconds) noexcept
{
    constexpr int64_t quarter = int64_t{15} * 60 * 1000000;
    const int64_t into = microseconds % quarter;
    return microseconds - (into < 0 ? into + quarter : into);
}

} // namespace tenancy::core
