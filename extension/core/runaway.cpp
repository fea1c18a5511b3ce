// Parsing of rules for statements that take too much.
// SPDX-License-Identifier: PostgreSQL
#include "core/runaway.hpp"

namespace tenancy::core
{

namespace
{

constexpr std::string_view kNames[kMeasures] = {"elapsed", "cpu", "rows", "blocks"};

struct Unit
{
    std::string_view name;
    int64_t microseconds;
};

constexpr Unit kUnits[] = {
    {"us", 1}, {"ms", 1000}, {"s", 1000000}, {"min", 60000000}, {"h", 3600000000}};

// Reads a whole number and what follows it.
bool parse_amount(std::string_view text, int64_t *amount, std::string_view *unit) noexcept
{
    size_t digits = 0;
    *amount = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; digits++)
        if (__builtin_mul_overflow(*amount, int64_t{10}, amount) ||
            __builtin_add_overflow(*amount, int64_t{text[digits] - '0'}, amount))
            return false;
    *unit = {text.data() + digits, text.size() - digits};
    return digits > 0;
}

bool parse_value(int measure, std::string_view text, int64_t *value) noexcept
{
    std::string_view unit;
    if (!parse_amount(text, value, &unit))
        return false;
    if (measure == kRows || measure == kBlocks)
        return unit.empty();
    for (const Unit &each : kUnits)
        if (unit == each.name)
            return !__builtin_mul_overflow(*value, each.microseconds, value);
    return false;
}

} // namespace

std::string_view measure_name(int measure) noexcept
{
    return kNames[measure];
}

bool parse_runaway_rule(std::string_view text, RunawayRule *rule) noexcept
{
    *rule = kNoRule;
    while (!text.empty())
    {
        if (text.front() == ' ')
        {
            text.remove_prefix(1);
            continue;
        }
        const size_t blank = text.find(' ');
        const std::string_view word{text.data(),
                                    blank == std::string_view::npos ? text.size() : blank};
        text.remove_prefix(word.size());
        const size_t equals = word.find('=');
        if (equals == std::string_view::npos)
            return false;
        int measure = 0;
        while (measure < kMeasures && kNames[measure] != std::string_view{word.data(), equals})
            measure++;
        if (measure == kMeasures || rule->most[measure] != kNoMost ||
            !parse_value(measure, {word.data() + equals + 1, word.size() - equals - 1},
                         &rule->most[measure]))
            return false;
        rule->is_empty = false;
    }
    return true;
}

} // namespace tenancy::core
