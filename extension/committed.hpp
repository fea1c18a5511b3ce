// What is committed of a tenant's use of a metric: in the hours, in the ledger, in counted rows.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include "core/admission.hpp"

namespace tenancy::committed
{

// The use since the windows' starts, as of this moment.
void load_windows(const char *tenant, const char *metric, const core::WindowStarts &starts,
                  core::Windows *windows);

// The same for a metric of rows, whose column holds the id as registered or its key. Only the total counts.
void load_rows(const char *tenant, const char *key, const char *metric,
               const core::WindowStarts &starts, core::Windows *windows);

// From the use, how full the bucket of a rate can be at most.
core::Bucket load_bucket(const char *tenant, const char *metric, const core::Rate &rate,
                         TimestampTz now);

} // namespace tenancy::committed
