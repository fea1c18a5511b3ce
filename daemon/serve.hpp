// The daemon: worker, web server and signals put together.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "config.hpp"

namespace tenancyd
{

// Runs until SIGTERM, SIGINT or SIGHUP; returns the exit code.
int serve(const Settings &settings);

} // namespace tenancyd
