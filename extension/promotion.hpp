// Index promotion: indexes for operators that are not marked leakproof, behind the wall.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::promotion
{

// After the server has made a relation's paths: adds the index paths that only the missing
// leakproof mark of trusted functions kept away.
void add_paths(PlannerInfo *root, RelOptInfo *relation, RangeTblEntry *entry);

} // namespace tenancy::promotion
