// The settings: flags go before environment, environment before file, file before defaults.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "conninfo.hpp"

#include <boost/program_options.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace tenancyd
{

struct Settings
{
    ConnectionParameters connection;
    std::string log_level;

    // Of `serve`.
    std::string http_listen;
    std::chrono::seconds observe_interval;
    int metrics_tenants;
    bool webhooks, webhook_private;
    std::string webhook_ca_file;
    int webhook_connections;
    std::chrono::seconds leader_poll;
    std::chrono::seconds retry_max;
};

// The options every command has, and those only `serve` has. Both kinds may also stand in the
// environment and in the file.
boost::program_options::options_description common_options();
boost::program_options::options_description serve_options();

// What is read besides the command line; tests put their own in.
struct Sources
{
    char **environment;
    std::string default_config;
};
Sources system_sources();

// flags: what the command line says (already parsed, nothing else in it). Throws UsageError.
Settings load_settings(const boost::program_options::variables_map &flags, const Sources &sources);

} // namespace tenancyd
