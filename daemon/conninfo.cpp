// Connection strings: what they hold, and the parameters a connection is made with.
// SPDX-License-Identifier: PostgreSQL
#include "conninfo.hpp"

#include "error.hpp"
#include "secret.hpp"

#include <libpq-fe.h>

#include <cstdlib>
#include <memory>

namespace tenancyd
{

namespace
{

// sslpassword is the one of the client key.
constexpr const char *kPasswordKeywords[] = {"password", "sslpassword"};

// search_path: everything is spelt with its schema, so that nothing can be slipped in between.
// TimeZone and DateStyle: times look the same wherever the server is. jit: compiling takes longer
// than any of these statements. The others let the server
// notice within seconds that a daemon or its machine died, also in the middle of a statement: only
// then is the leader's lock free. The last is for answers that nobody acknowledges: while there are
// any, keep-alives are not sent.
constexpr char kSessionOptions[] =
    "-c search_path=pg_catalog -c TimeZone=UTC -c DateStyle=ISO -c jit=off"
    " -c client_connection_check_interval=2s"
    " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2"
    " -c tcp_keepalives_count=3 -c tcp_user_timeout=10s";

std::string environment(const char *name)
{
    const char *value = std::getenv(name);
    return value ? value : "";
}

} // namespace

ConnectionParameters parse_conninfo(const std::string &dsn)
{
    if (dsn.empty())
        return {};
    if (dsn.find('=') == dsn.npos && dsn.find("://") == dsn.npos)
        return {{"dbname", dsn}};

    char *message = nullptr;
    std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(dsn.c_str(), &message), PQconninfoFree);
    PQfreemem(message); // quotes pieces of the string, among them perhaps the password
    if (!options)
        throw UsageError("the connection string is not valid", "",
                         "Write it as \"host=... port=... dbname=... user=...\" or "
                         "postgresql://user@host:port/dbname.");

    ConnectionParameters parameters;
    for (const auto *option = options.get(); option->keyword; option++)
        if (option->val)
            parameters[option->keyword] = option->val;
    return parameters;
}

bool has_password(const ConnectionParameters &parameters)
{
    for (const char *keyword : kPasswordKeywords)
        if (parameters.count(keyword))
            return true;
    return false;
}

ConnectionParameters complete_parameters(ConnectionParameters parameters,
                                         const std::string &password)
{
    if (!password.empty())
        parameters["password"] = password;
    for (const char *keyword : kPasswordKeywords)
        if (auto found = parameters.find(keyword); found != parameters.end())
            remember_secret(found->second);
    remember_secret(environment("PGPASSWORD"));

    // libpq reads PGOPTIONS only when there is no options parameter, and there always is one here.
    auto given = parameters.find("options");
    std::string options = given != parameters.end() ? given->second : environment("PGOPTIONS");
    parameters["options"] = (options.empty() ? "" : options + " ") + kSessionOptions;
    parameters["application_name"] = "tenancyd";
    parameters["client_encoding"] = "UTF8";
    // The same for a server that is gone without a word.
    parameters.try_emplace("keepalives_idle", "5");
    parameters.try_emplace("keepalives_interval", "2");
    parameters.try_emplace("keepalives_count", "3");
    parameters.try_emplace("tcp_user_timeout", "10000");
    // Without a limit an unreachable host keeps a connection attempt for minutes.
    if (environment("PGCONNECT_TIMEOUT").empty())
        parameters.try_emplace("connect_timeout", "10");
    return parameters;
}

} // namespace tenancyd
