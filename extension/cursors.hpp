// Binds cursors over tenants' tables to the tenant, or none, that they were opened for.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::cursors
{

// A cursor was declared, or closed (null = all).
void remember(const char *name);
void forget(const char *name);

// The tenant has changed: cursors of others that hold their rows cannot be read from until it is
// theirs again, by whatever way.
void tenant_changed();

// At the end of a transaction, with which most cursors go.
void forget_lost();

// Before rows are fetched.
void check_fetch(const FetchStmt *statement);

} // namespace tenancy::cursors
