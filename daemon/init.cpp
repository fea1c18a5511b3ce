// Prepares a database: checks it, creates the extension when asked to, grants privileges.
// SPDX-License-Identifier: PostgreSQL
#include "init.hpp"

#include "server.hpp"
#include "version.hpp"

#include <iomanip>

namespace tenancyd
{

namespace
{

Step check_server(pg::Connection &connection)
{
    check_server_version(connection.server_version());
    return {"server", "ok",
            "PostgreSQL " + connection.server_version_text() + ", database " + connection.where(),
            ""};
}

Step check_extension(pg::Connection &connection, bool create)
{
    auto installed = extension_version(connection);
    const bool missing = !installed;
    if (missing && create)
    {
        try
        {
            connection.exec("CREATE EXTENSION tenancy");
        }
        catch (Error &error)
        {
            if (error.hint.empty())
                error.hint = "Install the extension's files on the server, and run CREATE "
                             "EXTENSION tenancy as a superuser.";
            throw;
        }
        installed = extension_version(connection);
    }
    check_extension_version(installed);
    return {"extension", missing ? "done" : "ok",
            "tenancy " + *installed + (missing ? ", created" : ""), ""};
}

Step check_library(pg::Connection &connection)
{
    if (!is_preloaded(connection))
        return {
            "library", "warning",
            "tenancy is not preloaded: quotas lock rows, resources are not metered",
            "Add tenancy to shared_preload_libraries in postgresql.conf and restart the server."};
    const auto version =
        connection.exec("SELECT tenancy.library_version() AS version").text(0, "version");
    if (version != kVersion)
        return {"library", "warning", "the server runs library version " + version,
                "Restart the server, so that it loads version " + std::string(kVersion) + "."};
    return {"library", "ok", "preloaded, version " + version, ""};
}

Step grant(pg::Connection &connection, const char *name, const char *sql, const std::string &role)
{
    try
    {
        connection.exec(sql, {role});
    }
    catch (Error &error)
    {
        if (error.sqlstate == "42704" && error.hint.empty())
            error.hint = "Create the role first, with CREATE ROLE.";
        throw;
    }
    return {name, "done", "role " + role + " has the " + name + "'s privileges", ""};
}

} // namespace

std::vector<Step> init(pg::Connection &connection, const InitOptions &options)
{
    std::vector<Step> steps;
    steps.push_back(check_server(connection));
    steps.push_back(check_extension(connection, options.create_extension));
    steps.push_back(check_library(connection));
    // A role's name is taken as it stands; regrole by itself would fold its case.
    if (!options.operator_role.empty())
        steps.push_back(grant(connection, "operator",
                              "SELECT tenancy.grant_operator(quote_ident($1)::regrole)",
                              options.operator_role));
    if (!options.application_role.empty())
        steps.push_back(grant(connection, "application",
                              "SELECT tenancy.grant_application(quote_ident($1)::regrole)",
                              options.application_role));
    return steps;
}

Json to_json(const std::vector<Step> &steps)
{
    Json rows = Json::array();
    for (const auto &step : steps)
        rows.push_back({{"name", step.name},
                        {"status", step.status},
                        {"detail", step.detail},
                        {"hint", step.hint}});
    return {{"version", kVersion}, {"steps", std::move(rows)}};
}

void print_steps(std::ostream &out, const std::vector<Step> &steps)
{
    for (const auto &step : steps)
    {
        out << std::left << std::setw(9) << step.status << std::setw(13) << step.name << step.detail
            << "\n";
        if (!step.hint.empty())
            out << std::string(22, ' ') << step.hint << "\n";
    }
}

} // namespace tenancyd
