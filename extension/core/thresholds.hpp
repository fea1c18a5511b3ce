// Which thresholds of a limit usage has reached, each once.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <span>

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

} // namespace tenancy::core
