// The command line: which commands there are, their help, and how errors are shown.
// SPDX-License-Identifier: PostgreSQL
#include "cli.hpp"

#include "commands.hpp"
#include "error.hpp"
#include "log.hpp"
#include "output.hpp"
#include "version.hpp"

#include <algorithm>
#include <cctype>
#include <iomanip>
#include <iostream>
#include <sstream>

namespace tenancyd
{

namespace po = boost::program_options;

namespace
{

const Command &find_command(const std::string &name)
{
    for (const auto &command : commands())
        if (name == command.name)
            return command;
    throw UsageError("\"" + name + "\" is not a command", "", "Run tenancyd --help for the list.");
}

po::options_description command_options(const Command &command)
{
    po::options_description options("Options");
    command.add_options(options);
    return options;
}

std::string upper(std::string name)
{
    for (char &c : name)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return name;
}

Values parse_flags(const Command &command, const std::vector<std::string> &arguments)
{
    po::options_description options;
    options.add(command_options(command)).add(common_options());
    po::positional_options_description positional;
    if (command.argument)
        positional.add(command.argument, 1);
    using namespace po::command_line_style;
    try
    {
        Values values;
        po::store(po::command_line_parser(arguments)
                      .options(options)
                      .positional(positional)
                      .style(unix_style & ~allow_guessing)
                      .run(),
                  values);
        return values;
    }
    catch (const po::too_many_positional_options_error &)
    {
        throw UsageError("too many arguments are given", "",
                         "Run tenancyd " + std::string(command.name) + " --help for the options.");
    }
    catch (const po::error &error)
    {
        throw UsageError(error.what(), "",
                         "Run tenancyd " + std::string(command.name) + " --help for the options.");
    }
}

int run_command(const std::vector<std::string> &arguments)
{
    const auto &command = find_command(arguments[0]);
    const auto values = parse_flags(command, {arguments.begin() + 1, arguments.end()});
    if (values.count("help"))
    {
        std::cout << help_text(command.name);
        return kOk;
    }
    const auto settings = load_settings(values, system_sources());
    setup_logging(settings.log_level);
    return command.run(values, settings);
}

int run(const std::vector<std::string> &arguments)
{
    const std::string first = arguments.empty() ? "" : arguments[0];
    if (first == "--help" || first == "-h")
        std::cout << help_text("");
    else if (first == "--version" || first == "-V")
        std::cout << "tenancyd " << kVersion << "\n";
    else if (first.empty())
        throw UsageError("no command is given", "", "Run tenancyd --help for the list.");
    else
        return run_command(arguments);
    return kOk;
}

void show_error(const std::exception &error, bool json)
{
    std::cerr << "tenancyd: " << error_text(error) << std::endl;
    if (json)
        print_json(std::cout, error_json(error));
}

} // namespace

std::string help_text(const std::string &name)
{
    std::ostringstream out;
    if (!name.empty())
    {
        const auto &command = find_command(name);
        out << "tenancyd " << name << ": " << command.summary << "\n\nUsage: tenancyd " << name
            << " [OPTION]..." << (command.argument ? " [" + upper(command.argument) + "]" : "")
            << "\n\n"
            << command_options(command) << "\n"
            << common_options();
        return out.str();
    }
    out << "tenancyd " << kVersion << R"(: the operator's side of the PostgreSQL extension tenancy

Usage: tenancyd COMMAND [OPTION]...

Commands:
)";
    for (const auto &command : commands())
        out << "  " << std::left << std::setw(12) << command.name << command.summary << "\n";
    out << R"(
Options:
  -V [ --version ]      print the version and exit

)" << common_options()
        << R"(
These, and the options of serve, may also be set in the environment (TENANCYD_DSN
is --dsn) or, as "dsn = ...", in the configuration file. Flags go first, then the
environment, then the file.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done in part.
)";
    return out.str();
}

int run_program(const std::vector<std::string> &arguments)
{
    const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    try
    {
        const int code = run(arguments);
        if (!std::cout.flush())
            throw Error("could not write to standard output");
        return code;
    }
    catch (const UsageError &error)
    {
        show_error(error, json);
        return kUsage;
    }
    catch (const std::exception &error)
    {
        show_error(error, json);
        return kFailure;
    }
}

} // namespace tenancyd
