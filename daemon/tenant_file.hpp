// Turns a CSV file into tenants to create, and finds what is wrong with it on its own.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tenancyd
{

struct Tenant
{
    size_t line; // in the file; 0 when it came from flags
    std::string id;
    std::string json; // {"id": …}, as tenancy.create_tenants() takes it
};

struct TenantFields
{
    std::string id, plan, name, time_zone, config; // empty: not given
};

// Throws Error when a field cannot be sent: not UTF-8, a NUL byte, config that is not a JSON
// object.
Tenant make_tenant(const TenantFields &fields, size_t line);

struct BadRow
{
    size_t line;
    std::string id; // when the row has one
    std::string message;
    std::string sqlstate;
    std::string hint;
};

struct TenantFile
{
    std::vector<Tenant> tenants;
    std::vector<BadRow> bad_rows; // in the order of their lines
};

// Throws Error when the file has no usable header row; the rows' own mistakes are collected.
TenantFile parse_tenants(std::string_view text);

// A file's text; "-" is standard input.
std::string read_file(const std::string &path);

} // namespace tenancyd
