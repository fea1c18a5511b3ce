// The command line: which commands there are, their help, and how errors are shown.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>
#include <vector>

namespace tenancyd
{

// arguments: without the program's name. Shows errors itself; returns the exit code.
int run_program(const std::vector<std::string> &arguments);

// What `tenancyd --help` (command "") and `tenancyd COMMAND --help` print.
std::string help_text(const std::string &command);

} // namespace tenancyd
