// The settings: flags go before environment, environment before file, file before defaults.
// SPDX-License-Identifier: PostgreSQL
#include "config.hpp"

#include "error.hpp"
#include "secret.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>

#include <unistd.h>

namespace tenancyd
{

namespace po = boost::program_options;

namespace
{

constexpr std::string_view kPrefix = "TENANCYD_";

po::typed_value<std::string> *text_option(const char *value_name)
{
    return po::value<std::string>()->value_name(value_name);
}

po::typed_value<int> *number_option(const char *value_name)
{
    return po::value<int>()->value_name(value_name);
}

// What may stand in the environment; in the file, neither does another file make sense.
po::options_description settings_options(bool in_file)
{
    po::options_description settings;
    for (const auto &group : {common_options(), serve_options()})
        for (const auto &option : group.options())
            if (option->long_name() != "help" && !(in_file && option->long_name() == "config-file"))
                settings.add(option);
    return settings;
}

// Adds what is not there already.
void merge(po::variables_map &into, const po::variables_map &from, bool defaults = false)
{
    for (const auto &[name, value] : from)
        if (value.defaulted() == defaults)
            into.insert({name, value});
}

// TENANCYD_RETRY_MAX=60 is --retry-max 60; other TENANCYD_* variables are none of ours.
po::variables_map environment_values(char **environment)
{
    const auto settings = settings_options(false);
    po::parsed_options parsed(&settings);
    for (char **entry = environment; entry && *entry; entry++)
    {
        const std::string_view variable = *entry;
        const size_t equals = variable.find('=');
        if (variable.substr(0, kPrefix.size()) != kPrefix || equals == variable.npos)
            continue;
        std::string name(variable.substr(kPrefix.size(), equals - kPrefix.size()));
        std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
            return c == '_' ? '-' : static_cast<char>(std::tolower(c));
        });
        if (settings.find_nothrow(name, false))
            parsed.options.emplace_back(name,
                                        std::vector{std::string(variable.substr(equals + 1))});
    }
    po::variables_map values;
    po::store(parsed, values);
    return values;
}

po::variables_map file_values(const std::string &path)
{
    std::ifstream file(path);
    if (!file)
        throw UsageError("could not read configuration file \"" + path +
                         "\": " + std::strerror(errno));
    po::variables_map values;
    try
    {
        po::store(po::parse_config_file(file, settings_options(true)), values);
    }
    catch (const po::unknown_option &error)
    {
        throw UsageError("unknown option \"" + error.get_option_name() +
                         "\" in configuration file \"" + path + "\"");
    }
    catch (const po::invalid_config_file_syntax &)
    {
        // The library's own message quotes the line, perhaps with a password in it.
        throw UsageError("configuration file \"" + path +
                         "\" has a line that is not option = value");
    }
    if (values.count("dsn") && has_password(parse_conninfo(values["dsn"].as<std::string>())))
        require_private(path);
    return values;
}

po::variables_map default_values()
{
    const auto settings = settings_options(false);
    po::variables_map values;
    po::store(po::parsed_options(&settings), values);
    return values;
}

// The file to read. One that is there but cannot be read is an error: to go on without it would be
// to go on with other settings.
std::string config_file(const po::variables_map &map, const Sources &sources)
{
    if (map.count("config-file"))
        return map["config-file"].as<std::string>();
    return access(sources.default_config.c_str(), F_OK) == 0 ? sources.default_config : "";
}

int bounded(const po::variables_map &map, const char *name, int least, int most)
{
    const int value = map[name].as<int>();
    if (value < least || value > most)
        throw UsageError("--" + std::string(name) + " is " + std::to_string(value) +
                         ", but must lie between " + std::to_string(least) + " and " +
                         std::to_string(most));
    return value;
}

bool on_or_off(const po::variables_map &map, const char *name)
{
    const auto &value = map[name].as<std::string>();
    if (value != "on" && value != "off")
        throw UsageError("--" + std::string(name) + " is \"" + value + "\", but must be on or off");
    return value == "on";
}

} // namespace

po::options_description common_options()
{
    po::options_description options("Options of every command");
    auto add = options.add_options();
    add("dsn", text_option("DSN"),
        "connection string without a password; what it leaves out comes from PGHOST, PGPORT, "
        "PGDATABASE, PGUSER, PGPASSFILE and the like");
    add("password-file", text_option("FILE"),
        "file with the password, readable for its owner only");
    add("config-file", text_option("FILE"),
        "configuration file (default: /etc/tenancy/tenancyd.conf when it is there)");
    add("log-level", text_option("LEVEL")->default_value("info"),
        "trace, debug, info, warning, error or off");
    add("help,h", "print this help and exit");
    return options;
}

po::options_description serve_options()
{
    po::options_description options("Options of serve");
    auto add = options.add_options();
    add("http-listen", text_option("HOST:PORT")->default_value("127.0.0.1:8432"),
        "where /healthz, /readyz and /metrics are served; port 0 takes any free port, \"off\" "
        "serves nothing");
    add("observe-interval", number_option("SECONDS")->default_value(30),
        "time between two looks at the database for /metrics");
    add("metrics-tenants", number_option("COUNT")->default_value(20),
        "tenants with series of their own at /metrics: those nearest to a limit, and those that "
        "use "
        "most; 0 is none");
    add("webhooks", text_option("on|off")->default_value("on"),
        "send webhooks, while no other daemon does");
    add("webhook-private", text_option("on|off")->default_value("off"),
        "connect to addresses that are not public (loopback, private networks), too");
    add("webhook-ca-file", text_option("FILE"),
        "certificates of authorities to trust, instead of the machine's");
    add("webhook-connections", number_option("COUNT")->default_value(32),
        "requests under way at a time");
    add("leader-poll", number_option("SECONDS")->default_value(2),
        "how often a stand-by tries to become the leader");
    add("retry-max", number_option("SECONDS")->default_value(30),
        "longest wait between two tries after an error");
    return options;
}

Sources system_sources()
{
    return {environ, "/etc/tenancy/tenancyd.conf"};
}

Settings load_settings(const po::variables_map &flags, const Sources &sources)
{
    po::variables_map map;
    merge(map, flags);
    if (map.count("dsn") && has_password(parse_conninfo(map["dsn"].as<std::string>())))
        throw UsageError("a password in --dsn is visible to every user of this machine",
                         "The process list shows command lines.",
                         "Use ~/.pgpass (PGPASSFILE), --password-file, the environment variable "
                         "TENANCYD_DSN, or dsn in a configuration file with mode 0600.");
    try
    {
        merge(map, environment_values(sources.environment));
        if (const auto path = config_file(map, sources); !path.empty())
            merge(map, file_values(path));
        merge(map, default_values(), true);
    }
    catch (const po::error &error)
    {
        throw UsageError(error.what());
    }

    std::string password;
    if (map.count("password-file"))
        password = read_password_file(map["password-file"].as<std::string>());
    Settings settings;
    const std::string dsn = map.count("dsn") ? map["dsn"].as<std::string>() : "";
    settings.connection = complete_parameters(parse_conninfo(dsn), password);
    settings.log_level = map["log-level"].as<std::string>();
    settings.http_listen = map["http-listen"].as<std::string>();
    settings.observe_interval = std::chrono::seconds(bounded(map, "observe-interval", 1, 3'600));
    settings.metrics_tenants = bounded(map, "metrics-tenants", 0, 1'000);
    settings.webhooks = on_or_off(map, "webhooks");
    settings.webhook_private = on_or_off(map, "webhook-private");
    settings.webhook_ca_file =
        map.count("webhook-ca-file") ? map["webhook-ca-file"].as<std::string>() : "";
    settings.webhook_connections = bounded(map, "webhook-connections", 1, 1'000);
    settings.leader_poll = std::chrono::seconds(bounded(map, "leader-poll", 1, 3'600));
    settings.retry_max = std::chrono::seconds(bounded(map, "retry-max", 1, 3'600));
    return settings;
}

} // namespace tenancyd
