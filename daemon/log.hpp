// The program's log: standard error, one line an event, passwords taken out.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include <string>

namespace tenancyd
{

// level: trace, debug, info, warning, error, off; throws UsageError.
void setup_logging(const std::string &level);

} // namespace tenancyd
