// Settings: flags before environment before file before defaults, and what is refused.
// SPDX-License-Identifier: PostgreSQL
#include "config.hpp"

#include "cli.hpp"
#include "error.hpp"
#include "temporary_file.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace tenancyd;
namespace po = boost::program_options;

Settings load(const std::vector<std::string> &flags, std::vector<std::string> environment = {},
              const std::string &default_config = "")
{
    po::options_description options;
    options.add(common_options()).add(serve_options());
    po::variables_map values;
    po::store(po::command_line_parser(flags).options(options).run(), values);
    std::vector<char *> entries;
    for (auto &entry : environment)
        entries.push_back(entry.data());
    entries.push_back(nullptr);
    return load_settings(values, {entries.data(), default_config});
}

std::string usage_error(const std::vector<std::string> &flags,
                        const std::vector<std::string> &environment = {},
                        const std::string &default_config = "")
{
    try
    {
        load(flags, environment, default_config);
    }
    catch (const UsageError &error)
    {
        return error_text(error);
    }
    ADD_FAILURE() << "accepted";
    return "";
}

TEST(Config, HasDefaults)
{
    auto settings = load({});
    EXPECT_EQ(settings.http_listen, "127.0.0.1:8432");
    EXPECT_EQ(settings.observe_interval, std::chrono::seconds(30));
    EXPECT_TRUE(settings.webhooks);
    EXPECT_FALSE(settings.webhook_private);
    EXPECT_EQ(settings.webhook_ca_file, "");
    EXPECT_EQ(settings.log_level, "info");
}

TEST(Config, FlagsGoBeforeEnvironmentBeforeFileBeforeDefaults)
{
    TemporaryFile file("observe-interval = 5\nleader-poll = 7\nretry-max = 9\n# a comment\n");
    std::vector<std::string> environment{"TENANCYD_OBSERVE_INTERVAL=4", "TENANCYD_LEADER_POLL=6",
                                         "OTHER=1"};
    auto settings = load({"--observe-interval", "3"}, environment, file.path());
    EXPECT_EQ(settings.observe_interval.count(), 3);
    EXPECT_EQ(settings.leader_poll.count(), 6);
    EXPECT_EQ(settings.retry_max.count(), 9);
    EXPECT_EQ(settings.metrics_tenants, 20);
}

TEST(Config, AFlagWithTheDefaultsValueStillGoesFirst)
{
    EXPECT_EQ(load({"--observe-interval", "30"}, {"TENANCYD_OBSERVE_INTERVAL=4"})
                  .observe_interval.count(),
              30);
}

TEST(Config, TheEnvironmentMayNameTheFile)
{
    TemporaryFile file("leader-poll = 7\n");
    EXPECT_EQ(load({}, {"TENANCYD_CONFIG_FILE=" + file.path()}).leader_poll.count(), 7);
}

TEST(Config, IgnoresVariablesThatAreNotOptions)
{
    EXPECT_NO_THROW(
        load({}, {"TENANCYD_NONSENSE=1", "TENANCYD_HELP=1", "TENANCYD=x", "TENANCYD_CSV=x"}));
}

TEST(Config, AMissingDefaultFileIsFineAMissingNamedOneIsNot)
{
    EXPECT_NO_THROW(load({}, {}, "/nonexistent/tenancyd.conf"));
    EXPECT_NE(usage_error({"--config-file", "/nonexistent/tenancyd.conf"})
                  .find("/nonexistent/tenancyd.conf"),
              std::string::npos);
}

TEST(Config, RefusesUnknownAndMalformedLinesOfTheFile)
{
    TemporaryFile unknown("colour = red\n");
    EXPECT_NE(usage_error({"--config-file", unknown.path()}).find("\"colour\""), std::string::npos);
    TemporaryFile nested("config-file = /etc/other\n");
    EXPECT_NE(usage_error({"--config-file", nested.path()}).find("\"config-file\""),
              std::string::npos);
    TemporaryFile malformed("dsn postgresql://u geheim\n");
    const auto message = usage_error({"--config-file", malformed.path()});
    EXPECT_NE(message.find("not option = value"), std::string::npos);
    EXPECT_EQ(message.find("geheim"), std::string::npos);
}

TEST(Config, RefusesValuesOutOfRange)
{
    EXPECT_NE(usage_error({"--observe-interval", "0"}).find("--observe-interval"),
              std::string::npos);
    EXPECT_NE(usage_error({}, {"TENANCYD_OBSERVE_INTERVAL=soon"}).find("observe-interval"),
              std::string::npos);
    EXPECT_NE(usage_error({"--webhooks", "maybe"}).find("on or off"), std::string::npos);
}

TEST(Config, RefusesAPasswordOnTheCommandLine)
{
    for (const char *dsn : {"postgresql://u:geheim@h/db", "host=h password=geheim"})
    {
        const auto message = usage_error({"--dsn", dsn});
        EXPECT_NE(message.find("PGPASSFILE"), std::string::npos);
        EXPECT_EQ(message.find("geheim"), std::string::npos);
    }
    EXPECT_NO_THROW(load({"--dsn", "postgresql://u@h/db"}));
}

TEST(Config, TakesAPasswordFromEnvironmentAndPrivateFiles)
{
    EXPECT_EQ(load({}, {"TENANCYD_DSN=host=h password=env"}).connection.at("password"), "env");
    TemporaryFile config("dsn = host=h password=file\n", 0600);
    EXPECT_EQ(load({}, {}, config.path()).connection.at("password"), "file");
    TemporaryFile password("alone\n", 0600);
    EXPECT_EQ(
        load({"--dsn", "host=h", "--password-file", password.path()}).connection.at("password"),
        "alone");
}

TEST(Config, RefusesAPasswordInAFileOthersCanRead)
{
    TemporaryFile config("dsn = postgresql://u:geheim@h/db\n", 0644);
    const auto message = usage_error({}, {}, config.path());
    EXPECT_NE(message.find("group or world access"), std::string::npos);
    EXPECT_EQ(message.find("geheim"), std::string::npos);
    TemporaryFile harmless("dsn = postgresql://u@h/db\n", 0644);
    EXPECT_NO_THROW(load({}, {}, harmless.path()));
}

TEST(Help, NamesEveryOptionOfServe)
{
    const auto help = help_text("serve");
    const auto options = serve_options();
    for (const auto &option : options.options())
        EXPECT_NE(help.find("--" + option->long_name()), std::string::npos) << option->long_name();
}

TEST(Help, EveryCommandHasOne)
{
    for (const char *command :
         {"init", "onboard", "serve", "rollup", "invoice", "jobs", "run", "status"})
    {
        EXPECT_NE(help_text("").find(command), std::string::npos);
        EXPECT_NE(help_text(command).find("--dsn"), std::string::npos) << command;
    }
    EXPECT_THROW(help_text("frobnicate"), UsageError);
}

TEST(Program, WrongUsageIsExitCode2)
{
    using Arguments = std::vector<std::string>;
    for (const auto &arguments :
         {Arguments{}, Arguments{"frobnicate"}, Arguments{"status", "--frobnicate"},
          Arguments{"status", "stray"}, Arguments{"onboard"},
          Arguments{"onboard", "--id", "a", "--csv", "x"},
          Arguments{"status", "--log-level", "loud"}, Arguments{"invoice", "--period", "May"},
          Arguments{"serve", "--http-listen", "nowhere"}})
    {
        testing::internal::CaptureStderr();
        EXPECT_EQ(run_program(arguments), kUsage) << testing::PrintToString(arguments);
        EXPECT_NE(testing::internal::GetCapturedStderr().find("tenancyd: error: "),
                  std::string::npos);
    }
}

} // namespace
