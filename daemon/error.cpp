// One error type for everything the operator can act on, and the one way it is shown.
// SPDX-License-Identifier: PostgreSQL
#include "error.hpp"

#include "secret.hpp"

#include <algorithm>

namespace tenancyd
{

namespace
{

// Calls append(label, text) for each of the optional parts that is there.
template <typename F>
void for_each_part(const std::exception &error, F append)
{
    const auto *full = dynamic_cast<const Error *>(&error);
    if (!full)
        return;
    if (!full->detail.empty())
        append("DETAIL", full->detail);
    if (!full->hint.empty())
        append("HINT", full->hint);
    if (!full->sqlstate.empty())
        append("SQLSTATE", full->sqlstate);
}

} // namespace

std::string error_text(const std::exception &error)
{
    std::string text = std::string("error: ") + error.what();
    for_each_part(error, [&](const std::string &label, const std::string &part) {
        text += "\n" + label + ":  " + part;
    });
    return redact(std::move(text));
}

std::string error_line(const std::exception &error)
{
    std::string line = error.what();
    for_each_part(error, [&](const std::string &label, const std::string &part) {
        line += " | " + label + ": " + part;
    });
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c < ' '; }, ' ');
    return redact(std::move(line));
}

nlohmann::ordered_json error_json(const std::exception &error)
{
    nlohmann::ordered_json fields{{"message", redact(error.what())}};
    if (const auto *full = dynamic_cast<const Error *>(&error))
    {
        fields["detail"] = redact(full->detail);
        fields["hint"] = redact(full->hint);
        fields["sqlstate"] = full->sqlstate;
        if (!full->rows.is_null())
            fields["rows"] = full->rows;
    }
    return {{"error", std::move(fields)}};
}

} // namespace tenancyd
