// Rows of the table usage_ledger: their stamps, and the fastest way to write them.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include "ledger.hpp"

namespace tenancy::rows
{

void insert(const quota::Slot *slot, int64 amount, TimestampTz at, const ledger::Event &event);

// A transaction that may have begun the ledger's era was rolled back. Cannot fail.
void forget_era();

} // namespace tenancy::rows
