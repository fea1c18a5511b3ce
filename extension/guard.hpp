// Refuses statements with which a session that has a tenant would reach past the wall.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include "plans.hpp"

namespace tenancy::guard
{

// Before a plan over tenants' tables runs: it needs a usable tenant, and the one that the
// plan was made for.
void check_plan(const plans::Dependence &dependence);

// Before a query is planned: while the tables are older than the library, nobody is let at tenants'
// rows but who may see all, without a tenant. Nothing else would hold them.
void check_version();

// Before a plan that sees the rows of all tenants runs. They are dropped when a tenant is set, but for
// those in use: of a statement that was bound before, and of an SQL function, whose statements the
// server plans together.
void check_past_wall();

// Before an open query goes on: its tenant must still be usable, and the present one. A function
// with a SET clause may have left a cursor behind.
void check_running();
void check_tenant_of(const plans::Dependence &dependence);

// Before a utility statement runs.
void check_utility(const Node *statement);

// A table is about to be truncated, by name or by cascade.
void check_truncate(Oid relation);

// A policy is about to be dropped, by name or with its table.
void check_drop_of_policy(Oid policy);

} // namespace tenancy::guard
