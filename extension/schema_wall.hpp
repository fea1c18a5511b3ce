// The wall around tenants' schemas: what lies in another tenant's is out of reach.
// SPDX-License-Identifier: PostgreSQL
//
// By name at the lookup of a schema, by object where a plan starts, a function is called, or an
// object is made, altered or dropped. While a tenant is set this holds for all roles; without one, for
// all but those that bypass row security.
#pragma once

#include "pg.hpp"

namespace tenancy::schema_wall
{

// Before a plan runs: refuses relations of schemas that the session may not reach. True if it reads
// or writes a tenant's schema.
bool check_plan(const PlannedStmt *plan);

// Does the plan read or write a tenant's schema?
bool depends_on_tenant(const PlannedStmt *plan);

// Before planning: has the arguments of the sequence functions checked when they are called.
void complete(Query *query);

// Must a SQL function keep its call, because what it calls would not be complete?
bool keeps_from_inlining(Oid function);

// An object is looked up, called, made, altered, dropped or truncated.
void check_access(ObjectAccessType access, Oid catalog, Oid object, void *argument);

// Before a utility statement that names a schema, where the server asks nobody.
void check_utility(const Node *statement);

} // namespace tenancy::schema_wall
