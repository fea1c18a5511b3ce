// The list of what `serve` does by itself.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "config.hpp"
#include "metrics.hpp"
#include "scheduler.hpp"

namespace tenancyd
{

std::vector<Job> make_jobs(const Settings &settings, Metrics &metrics);

} // namespace tenancyd
