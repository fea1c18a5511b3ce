// Rules for statements that take too much: how they are written, and whether one applies.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <cstdint>
#include <string_view>

namespace tenancy::core
{

enum Measure { kElapsed, kCpu, kRows, kBlocks, kMeasures };

// Times in microseconds.
struct Measures
{
    int64_t value[kMeasures];
};

// The rule applies where any measure is above its value here.
struct RunawayRule
{
    int64_t most[kMeasures];
    bool is_empty;
};

inline constexpr int64_t kNoMost = INT64_MAX;
inline constexpr RunawayRule kNoRule{{kNoMost, kNoMost, kNoMost, kNoMost}, true};

// What a measure is called in a rule.
[[nodiscard]] std::string_view measure_name(int measure) noexcept;

// Reads "elapsed=30s cpu=10s rows=1000000 blocks=500000": each at most once, in any order, with
// blanks between. Times need a unit: us, ms, s, min or h. Empty text is a rule that never applies.
[[nodiscard]] bool parse_runaway_rule(std::string_view text, RunawayRule *rule) noexcept;

// The first measure that is above the rule's, or -1.
[[nodiscard]] constexpr int find_exceeded(const RunawayRule &rule, const Measures &taken) noexcept
{
    for (int i = 0; i < kMeasures; i++)
        if (taken.value[i] > rule.most[i])
            return i;
    return -1;
}

} // namespace tenancy::core
