// Whether tenants are kept apart: check() and prove_isolation(), for people and for CI.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "output.hpp"
#include "pg.hpp"

namespace tenancyd
{

enum class FailOn { warning, error };

// A UsageError for anything but "warning" and "error".
FailOn parse_fail_on(const std::string &text);

struct CheckReport
{
    pg::Result findings;
    std::optional<pg::Result> proof; // what did not hold, if it was asked for
    int errors = 0, warnings = 0;
};

// The proof's BROKEN counts as an error, what leaks as a warning.
CheckReport check(pg::Connection &connection, bool prove);
int exit_code(const CheckReport &report, FailOn fail_on);

Json to_json(const CheckReport &report);
void print_check(std::ostream &out, const CheckReport &report);

} // namespace tenancyd
