// Refuses writes of a tenant that takes up more than its plan allows, as last measured.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::storage_quota
{

// May a plan that is about to run, or a COPY FROM, have to be refused? Cheap where nothing is limited.
bool is_to_be_checked(const PlannedStmt *plan);
bool is_to_be_checked();

// An error if the present tenant is above its limit, and this writes to its tables. Reads what it takes
// up, at most once a second.
void check(const PlannedStmt *plan);
void check(const CopyStmt *statement);

} // namespace tenancy::storage_quota
