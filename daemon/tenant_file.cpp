// Turns a CSV file into tenants to create, and finds what is wrong with it on its own.
// SPDX-License-Identifier: PostgreSQL
#include "tenant_file.hpp"

#include "csv.hpp"
#include "error.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <unordered_map>

namespace tenancyd
{

namespace
{

constexpr char kBadFormat[] = "22P04"; // bad_copy_file_format
constexpr char kDuplicate[] = "42710"; // duplicate_object
constexpr char kColumns[] =
    "The header row names the columns: id, plan, name, time_zone, config; id is required.";

using Member = std::string TenantFields::*;

constexpr std::pair<const char *, Member> kMembers[] = {
    {"id", &TenantFields::id},         {"plan", &TenantFields::plan},
    {"name", &TenantFields::name},     {"time_zone", &TenantFields::time_zone},
    {"config", &TenantFields::config},
};

[[noreturn]] void bad_header(size_t line, const std::string &message)
{
    throw Error("line " + std::to_string(line) + ": " + message, kBadFormat, "", kColumns);
}

std::vector<Member> read_header(const csv::Row &header)
{
    std::vector<Member> members;
    for (const auto &name : header.fields)
    {
        auto known = std::find_if(std::begin(kMembers), std::end(kMembers),
                                  [&](const auto &member) { return name == member.first; });
        if (known == std::end(kMembers))
            bad_header(header.line, "unknown column \"" + name + "\"");
        if (std::find(members.begin(), members.end(), known->second) != members.end())
            bad_header(header.line, "column \"" + name + "\" stands twice");
        members.push_back(known->second);
    }
    if (std::find(members.begin(), members.end(), &TenantFields::id) == members.end())
        bad_header(header.line, "column \"id\" is missing");
    return members;
}

// Tenant ids are unique without regard to case.
std::string folded(std::string id)
{
    std::transform(id.begin(), id.end(), id.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return id;
}

std::string count(size_t number, const char *noun)
{
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

} // namespace

Tenant make_tenant(const TenantFields &fields, size_t line)
{
    nlohmann::ordered_json object;
    for (const auto &[name, member] : kMembers)
    {
        const std::string &value = fields.*member;
        if (value.find('\0') != value.npos)
            throw Error(std::string(name) + " contains a NUL byte", "22021");
        if (member != &TenantFields::config && (!value.empty() || member == &TenantFields::id))
            object[name] = value;
    }
    Tenant tenant{line, fields.id, ""};
    try
    {
        tenant.json = object.dump();
    }
    catch (const nlohmann::json::type_error &)
    {
        throw Error("the row is not valid UTF-8", "22021");
    }
    if (!fields.config.empty())
    {
        // Checked here, sent as it stands: parsing it would turn its numbers into doubles.
        const auto config = nlohmann::json::parse(fields.config, nullptr, false);
        if (!config.is_object())
            throw Error("config is not a JSON object", "22P02", "",
                        "Write it as {\"key\": \"value\"}.");
        tenant.json.insert(tenant.json.size() - 1, ",\"config\":" + fields.config);
    }
    return tenant;
}

TenantFile parse_tenants(std::string_view text)
{
    const auto document = csv::parse(text);
    if (document.rows.empty() && document.problems.empty())
        throw Error("the file is empty", kBadFormat, "", kColumns);
    if (document.rows.empty() ||
        (!document.problems.empty() && document.problems[0].line < document.rows[0].line))
        bad_header(document.problems[0].line, document.problems[0].message);
    const auto &header = document.rows[0];
    const auto members = read_header(header);

    TenantFile file;
    for (const auto &problem : document.problems)
        file.bad_rows.push_back({problem.line, "", problem.message, kBadFormat, ""});

    std::unordered_map<std::string, size_t> first_lines;
    for (auto row = document.rows.begin() + 1; row != document.rows.end(); row++)
    {
        if (row->fields.size() != members.size())
        {
            file.bad_rows.push_back({row->line, "",
                                     "the row has " + count(row->fields.size(), "field") +
                                         ", the header has " + std::to_string(members.size()),
                                     kBadFormat, ""});
            continue;
        }
        TenantFields fields;
        for (size_t i = 0; i < members.size(); i++)
            fields.*members[i] = row->fields[i];
        auto [first, is_new] = first_lines.emplace(folded(fields.id), row->line);
        if (!is_new)
        {
            file.bad_rows.push_back({row->line, fields.id,
                                     "tenant \"" + fields.id + "\" stands already on line " +
                                         std::to_string(first->second),
                                     kDuplicate, "Tenant ids are unique without regard to case."});
            continue;
        }
        try
        {
            file.tenants.push_back(make_tenant(fields, row->line));
        }
        catch (const Error &error)
        {
            file.bad_rows.push_back(
                {row->line, fields.id, error.what(), error.sqlstate, error.hint});
        }
    }
    std::stable_sort(file.bad_rows.begin(), file.bad_rows.end(),
                     [](const BadRow &a, const BadRow &b) { return a.line < b.line; });
    return file;
}

std::string read_file(const std::string &path)
{
    std::ostringstream text;
    if (path == "-")
    {
        text << std::cin.rdbuf();
        return text.str();
    }
    std::ifstream file(path, std::ios::binary);
    // Opening a directory succeeds; reading one does not.
    if (!file || (file.peek() == std::ifstream::traits_type::eof() && file.bad()))
        throw Error("could not read file \"" + path + "\": " + std::strerror(errno), "58P01");
    text << file.rdbuf();
    return text.str();
}

} // namespace tenancyd
