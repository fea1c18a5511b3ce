// Reads rows of the extension's own tables through an index, as they are at this moment.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::scans
{

// Between open() and close() errors need no care: the transaction's abort lets go of all.
struct Scan
{
    Relation table;
    Relation index;
    Snapshot snapshot;
    TupleTableSlot *slot;
    IndexScanDesc scan;
};

// Rows whose first index column equals the key, or all without a function for "equals". The snapshot is the newest there is, not the
// transaction's, which may be old: news about who may do what must be seen by all.
[[nodiscard]] Scan open(Oid table, Oid index, RegProcedure equals, Datum key);
[[nodiscard]] bool next(const Scan &scan); // leaves the row in scan.slot
void close(const Scan &scan);

} // namespace tenancy::scans
