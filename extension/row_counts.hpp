// Rows that the running transaction has read and written, from the server's own table statistics.
// SPDX-License-Identifier: PostgreSQL
//
// The server counts rows a table and process whatever touches them: statements, COPY, triggers,
// cascades, functions. Rows written stand in lists of the transaction. Rows read only stand at each
// table and index, so those that queries scan are remembered until the transaction ends.
#pragma once

#include "pg.hpp"

#include "core/counts.hpp"

namespace tenancy::row_counts
{

// A query has opened its tables and indexes.
void watch(PlanState *plan);

// A table is about to be read otherwise; locks it as COPY TO does.
void watch(const RangeVar *table);

// What has come since the last call, in this transaction; `aborting` when it is rolled back. Plain
// memory work, but for an allocation in a transaction that has written.
void take(core::Tally &tally, bool aborting);

// A savepoint is rolled back: takes what its level has written before the server forgets it.
void take_savepoint(core::Tally &tally, int level);
void savepoint_committed(int level);

// The transaction is over.
void forget();

} // namespace tenancy::row_counts
