// Reads rows of the extension's own tables through an index, as they are at this moment.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include <initializer_list>

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

// What a column of the index must be to a value.
struct Condition
{
    AttrNumber column; // of the index, from 1
    StrategyNumber strategy;
    RegProcedure function;
    Datum value;
};

inline Condition equals(AttrNumber column, const char *text)
{
    return {column, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(text)};
}

// Rows whose first index column equals the key, or all without a function for "equals". The snapshot is the newest there is, not the
// transaction's, which may be old: news about who may do what must be seen by all.
[[nodiscard]] Scan open(Oid table, Oid index, RegProcedure equals, Datum key);

// Rows that meet all conditions, at most four, under a snapshot that several scans have in common.
[[nodiscard]] Scan open(Oid table, Oid index, std::initializer_list<Condition> conditions,
                        Snapshot snapshot);

// Leaves the row in scan.slot.
[[nodiscard]] bool next(const Scan &scan, ScanDirection direction = ForwardScanDirection);
void close(const Scan &scan);

} // namespace tenancy::scans
