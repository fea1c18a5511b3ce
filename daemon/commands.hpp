// The program's commands: the options of each, and what it does.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "config.hpp"

#include <span>

namespace tenancyd
{

using Values = boost::program_options::variables_map;

struct Command
{
    const char *name, *summary;
    void (*add_options)(boost::program_options::options_description &);
    int (*run)(const Values &, const Settings &); // returns the exit code
    const char *argument = nullptr;               // the option that may stand without its name
};

std::span<const Command> commands();

} // namespace tenancyd
