// Creates tenants, one or a whole file: all or nothing, or as many as can be.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "output.hpp"
#include "pg.hpp"
#include "tenant_file.hpp"

#include <functional>

namespace tenancyd
{

struct OnboardOptions
{
    bool keep_going = false; // each batch is a transaction, bad rows are left out
    bool dry_run = false;    // try everything, keep nothing
    size_t batch_size = 5000;
};

struct Onboarded
{
    size_t line;
    std::string id;
    std::string result; // created, unchanged or failed
    std::string sqlstate, message, hint;
};

struct OnboardReport
{
    bool dry_run = false;
    std::vector<Onboarded> tenants; // in the order of the file
    size_t count(const char *result) const;
};

// Without keep_going and dry_run, throws Error that names each bad line, and nothing is made.
// progress gets the number of tenants tried so far.
OnboardReport onboard(pg::Connection &connection, const TenantFile &file,
                      const OnboardOptions &options,
                      const std::function<void(size_t)> &progress = {});

// Throws the Error that names each bad line of a file that is not to be onboarded.
[[noreturn]] void refuse(const std::vector<Onboarded> &failed);

// The rows that were bad before a server saw them.
std::vector<Onboarded> as_failed(const std::vector<BadRow> &rows);

int exit_code(const OnboardReport &report);
Json to_json(const OnboardReport &report);
void print_report(std::ostream &out, std::ostream &problems, const OnboardReport &report);

} // namespace tenancyd
