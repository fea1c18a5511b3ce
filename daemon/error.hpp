// One error type for everything the operator can act on, and the one way it is shown.
// SPDX-License-Identifier: PostgreSQL
//
// Shaped like PostgreSQL's own reports: a primary message, DETAIL, HINT and SQLSTATE. Every text
// that leaves through the functions below is redacted (secret.hpp).
#pragma once

#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>

namespace tenancyd
{

enum ExitCode : int { kOk = 0, kFailure = 1, kUsage = 2, kPartial = 3 };

struct Error : std::runtime_error
{
    explicit Error(const std::string &message, std::string sqlstate_ = "", std::string detail_ = "",
                   std::string hint_ = "")
        : std::runtime_error(message), sqlstate(std::move(sqlstate_)), detail(std::move(detail_)),
          hint(std::move(hint_))
    {}

    std::string sqlstate, detail, hint;
    nlohmann::ordered_json rows; // the rows of an input that are wrong, for error_json()
};

// The command line, the environment or the configuration file is wrong: exit code 2.
struct UsageError : Error
{
    explicit UsageError(const std::string &message, const std::string &detail_ = "",
                        const std::string &hint_ = "")
        : Error(message, "", detail_, hint_)
    {}
};

// Several lines for a person, psql style.
std::string error_text(const std::exception &error);
// One line for a log.
std::string error_line(const std::exception &error);
// For --json: {"error": {"message", "detail", "hint", "sqlstate"[, "rows"]}}.
nlohmann::ordered_json error_json(const std::exception &error);

} // namespace tenancyd
