// Leases that outlive their transaction: held by the session until it gives them back or ends.
// SPDX-License-Identifier: PostgreSQL
//
// Leases that end with the transaction are the ledger's. Both are counted in shared memory, which a
// backend leaves in order however it ends; where it cannot, the server starts with new memory.
#pragma once

#include "pg.hpp"

#include "quota.hpp"

namespace tenancy::leases
{

// Refused: nothing is held.
void acquire(quota::Slot *slot, int64 amount, quota::Outcome *outcome);

int64 held(const quota::Slot *slot);

// Gives back at most that many; returns how many.
int64 release(const quota::Slot *slot, int64 amount);
void release_all();

} // namespace tenancy::leases
