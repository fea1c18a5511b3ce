// Refuses statements with which a session that has a tenant would reach past the wall.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::guard
{

// Before a plan runs: a statement over tenants' tables needs a usable tenant.
void check_plan(const PlannedStmt *plan);

// Before a utility statement runs.
void check_utility(const Node *statement);

} // namespace tenancy::guard
