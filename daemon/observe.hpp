// What /metrics tells of the database: read now and then, and shown as it was then.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include <prometheus/metric_family.h>

#include <vector>

namespace tenancyd
{

using Observations = std::vector<prometheus::MetricFamily>;

// tenants: how many may have series of their own. 0: none.
Observations observations(pg::Connection &connection, int tenants);

} // namespace tenancyd
