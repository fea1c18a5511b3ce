// Which thresholds of a limit usage has reached, each once.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tenancy::core
{

// A bit for each threshold (percent, at most 32 of them) that `used` has reached of `limit`. A
// limit of nothing is reached by anything.
[[nodiscard]] constexpr uint32_t reached(std::span<const int> percents, int64_t used,
                                         int64_t limit) noexcept
{
    uint32_t mask = 0;
    for (std::size_t i = 0; i < percents.size() && i < 32; i++)
        if (static_cast<__int128>(used) * 100 >= static_cast<__int128>(limit) * percents[i] &&
            used > 0)
            mask |= uint32_t{1} << i;
    return mask;
}

// Those that are new. `fired` keeps what has been told in this period: usage that goes back and
// comes again tells nothing twice.
[[nodiscard]] constexpr uint32_t fire(std::span<const int> percents, int64_t used, int64_t limit,
                                      uint32_t &fired) noexcept
{
    const uint32_t fresh = reached(percents, used, limit) & ~fired;
    fired |= fresh;
    return fresh;
}

// The least use that reaches a threshold.
[[nodiscard]] constexpr int64_t threshold_amount(int64_t limit, int percent) noexcept
{
    int64_t whole;
    if (__builtin_mul_overflow(limit / 100, percent, &whole) ||
        __builtin_add_overflow(whole, (limit % 100 * percent + 99) / 100, &whole))
        return INT64_MAX;
    return whole < 1 ? 1 : whole;
}

inline constexpr int kMaxThresholds = 8;

// Percents from 1 to 1000 that rise, with commas between; how many, or -1 if it is no such list.
[[nodiscard]] constexpr int parse_thresholds(std::string_view text,
                                             int (&percents)[kMaxThresholds]) noexcept
{
    int count = 0, value = 0, digits = 0;
    if (text.find_first_not_of(' ') == std::string_view::npos)
        return 0;
    for (size_t i = 0; i <= text.size(); i++)
    {
        if (i < text.size() && text[i] >= '0' && text[i] <= '9' && digits < 4 &&
            (digits == 0 || text[i - 1] != ' '))
        {
            value = value * 10 + (text[i] - '0');
            digits++;
        }
        else if (i == text.size() || text[i] == ',')
        {
            const int least = count == 0 ? 1 : percents[count - 1] + 1;
            if (digits == 0 || value < least || value > 1000 || count == kMaxThresholds)
                return -1;
            percents[count++] = value;
            value = digits = 0;
        }
        else if (text[i] != ' ')
            return -1;
    }
    return count;
}

} // namespace tenancy::core
