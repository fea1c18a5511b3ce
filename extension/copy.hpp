// COPY into and out of attached tables while a tenant is set.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::copy
{

// What to do with a COPY statement.
enum class Way {
    leave,     // no attached table or no tenant: the server's own business
    as_query,  // COPY TO past row security: copy what a SELECT sees
    with_check // COPY FROM: run() it, every row checked
};
Way way_of(const CopyStmt *statement);

// The same COPY TO with a query in place of the table.
PlannedStmt *as_query(const PlannedStmt *planned);

// COPY FROM with a check of each row; returns the number of rows.
uint64 run(const PlannedStmt *planned, const char *source);

} // namespace tenancy::copy
