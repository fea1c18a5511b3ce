// Queries that have started and are not over: for whom each was opened, and that nobody else goes on with it.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::open_queries
{

// A query has started whose rows depend on who the session is.
void watch(const QueryDesc *query);

// Does a query of a tenant stand open? Then the tenant cannot be set to another.
bool is_any();

// The tenant has changed all the same: settings are reset without being asked, and come back at the
// end of a function or transaction.
void tenant_changed();

// Before a query runs, or goes on: an error if it was opened for another tenant.
void check(const QueryDesc *query);

} // namespace tenancy::open_queries
