// One look at a database: server, extension, tenants, ledger, leader.
// SPDX-License-Identifier: PostgreSQL
#include "status.hpp"

#include "leader.hpp"
#include "server.hpp"
#include "version.hpp"

namespace tenancyd
{

pg::Result count_tenants(pg::Connection &connection)
{
    return connection.exec(R"(
        SELECT s.status, count(t.id) AS tenants
        FROM unnest(ARRAY['active', 'suspended', 'closed']) WITH ORDINALITY AS s(status, place)
        LEFT JOIN tenancy.tenants t USING (status)
        GROUP BY s.status, s.place ORDER BY s.place)");
}

pg::Result ledger_state(pg::Connection &connection)
{
    return connection.exec(R"(
        SELECT s.watermark, s.rolled_at,
               (SELECT count(*) FROM tenancy.usage_ledger l WHERE l.stamp >= s.watermark) AS pending
        FROM tenancy.ledger_state s)");
}

Json status(pg::Connection &connection)
{
    Json tenants = Json::object();
    for (const auto &row : to_json(count_tenants(connection)))
        tenants[row["status"].get<std::string>()] = row["tenants"];
    const auto ledger = ledger_state(connection);
    const auto leader = find_leader(connection);
    return {{"version", kVersion},
            {"server",
             {{"version", connection.server_version_text()}, {"database", connection.where()}}},
            {"extension",
             {{"version", extension_version(connection).value_or("")},
              {"preloaded", is_preloaded(connection)}}},
            {"tenants", tenants},
            {"ledger", ledger.rows() ? to_json(ledger, 0) : Json()},
            {"leader", leader.rows() ? to_json(leader, 0) : Json()}};
}

void print_status(std::ostream &out, const Json &status)
{
    auto text = [](const Json &value) {
        return value.is_null()     ? "never"
               : value.is_string() ? value.get<std::string>()
                                   : value.dump();
    };
    const auto &extension = status["extension"], &ledger = status["ledger"],
               &leader = status["leader"];
    out << "server     PostgreSQL " << text(status["server"]["version"]) << ", database "
        << text(status["server"]["database"]) << "\n"
        << "extension  tenancy " << text(extension["version"])
        << (extension["preloaded"].get<bool>() ? ", preloaded" : ", not preloaded") << "\n"
        << "tenants   ";
    const char *separator = " ";
    for (const auto &[name, count] : status["tenants"].items())
    {
        out << separator << count << " " << name;
        separator = ", ";
    }
    out << "\n";
    if (ledger.is_null())
        out << "ledger     no usage yet\n";
    else
        out << "ledger     " << ledger["pending"] << " rows pending, rolled up below "
            << text(ledger["watermark"]) << ", last " << text(ledger["rolled_at"]) << "\n";
    if (leader.is_null())
        out << "leader     none\n";
    else
        out << "leader     process " << leader["pid"] << " of the server, "
            << text(leader["application_name"]) << " from " << text(leader["client"]) << " since "
            << text(leader["since"]) << "\n";
    out << std::flush;
}

} // namespace tenancyd
