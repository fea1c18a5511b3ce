// What tenancyd expects of a server: its version, the extension and the extension's version.
// SPDX-License-Identifier: PostgreSQL
#include "server.hpp"

#include "version.hpp"

namespace tenancyd
{

void check_server_version(int version)
{
    constexpr int kOldest = 150000;
    if (version < kOldest)
        throw Error("the server is older than PostgreSQL 15", "0A000",
                    "It reports version number " + std::to_string(version) + ".",
                    "Upgrade the server to PostgreSQL 15 or later.");
}

void check_extension_version(const pg::Value &installed)
{
    if (!installed)
        throw Error(
            "extension \"tenancy\" is not installed in this database", "42704", "",
            "Run tenancyd init --create-extension, or CREATE EXTENSION tenancy as a superuser.");
    if (*installed != kVersion)
        throw Error("extension \"tenancy\" has another version than tenancyd", "55000",
                    "The extension is " + *installed + ", tenancyd is " + std::string(kVersion) +
                        ".",
                    "Install the same version of both, then run ALTER EXTENSION tenancy UPDATE.");
}

pg::Value extension_version(pg::Connection &connection)
{
    auto result = connection.exec("SELECT extversion FROM pg_extension WHERE extname = 'tenancy'");
    return result.rows() ? result.value(0, "extversion") : std::nullopt;
}

bool is_preloaded(pg::Connection &connection)
{
    // shared_preload_libraries itself is hidden from ordinary roles; this setting exists only in a
    // preloaded library.
    return connection.exec("SELECT FROM pg_settings WHERE name = 'tenancy.max_tracked_tenants'")
               .rows() > 0;
}

void require_extension(pg::Connection &connection)
{
    check_server_version(connection.server_version());
    check_extension_version(extension_version(connection));
}

void require_primary(pg::Connection &connection)
{
    if (connection.exec("SELECT pg_is_in_recovery() AS standby").text(0, "standby") == "t")
        throw Error("the server is a standby", "25006", "Jobs and webhooks need to write.",
                    "Name all servers in --dsn, with target_session_attrs=primary.");
}

std::chrono::sys_seconds server_clock(pg::Connection &connection)
{
    auto result = connection.exec(
        "SELECT floor(extract(epoch FROM tenancy.clock_time()))::bigint AS seconds");
    return std::chrono::sys_seconds(std::chrono::seconds(std::stoll(result.text(0, "seconds"))));
}

} // namespace tenancyd
