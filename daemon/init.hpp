// Prepares a database: checks it, creates the extension when asked to, grants privileges.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "output.hpp"
#include "pg.hpp"

namespace tenancyd
{

struct InitOptions
{
    bool create_extension = false;
    std::string operator_role, application_role; // empty: no grant
};

struct Step
{
    std::string name;   // server, library, extension, operator, application
    std::string status; // ok, done or warning
    std::string detail, hint;
};

// Repeating it changes nothing. Throws when something needed is missing; the steps before stay
// done.
std::vector<Step> init(pg::Connection &connection, const InitOptions &options);

Json to_json(const std::vector<Step> &steps);
void print_steps(std::ostream &out, const std::vector<Step> &steps);

} // namespace tenancyd
