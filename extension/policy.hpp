// Which tables stand behind the wall, as the catalog's policies say.
// SPDX-License-Identifier: PostgreSQL
//
// The policies themselves are made by SQL (attach, detach and the event triggers); this module
// reads them from the relation cache, which keeps them current, and has no state of its own.
#pragma once

#include "pg.hpp"

namespace tenancy::policy
{

inline constexpr const char *kIsolationPolicy = "tenancy_isolation";
inline constexpr const char *kAccessPolicy = "tenancy_access";

// Does the relation have our isolation policy? Takes a short lock on it.
bool is_attached(Oid relation);

// Remembers relations that are not attached: false is sure, true means to look. The relation is
// locked, so that the answer stays.
bool may_be_attached(Oid relation);
bool is_known_not_attached(Oid relation);

void init();

// The condition of the isolation policy, with variables of range table entry 1; null when the
// relation is not attached.
Expr *isolation_condition(Relation relation);

// The relation that a policy isolates; invalid when it is no isolation policy.
Oid relation_isolated_by(Oid policy);

// Is this the column by which the relation is attached?
bool is_tenant_column(Oid relation, const char *column);

} // namespace tenancy::policy
