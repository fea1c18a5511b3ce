// Index scans over the extension's own tables.
// SPDX-License-Identifier: PostgreSQL
#include "scans.hpp"

namespace tenancy::scans
{

namespace
{

constexpr int kMostConditions = 4;

Scan open_relations(Oid table, Oid index)
{
    Scan scan{};
    scan.table = table_open(table, AccessShareLock);
    scan.index = index_open(index, AccessShareLock);
    return scan;
}

void begin(Scan *scan, const Condition *conditions, int count, Snapshot snapshot)
{
    scan->snapshot = RegisterSnapshot(snapshot);
    scan->slot = table_slot_create(scan->table, nullptr);
    ScanKeyData keys[kMostConditions];
    for (int i = 0; i < count; i++)
        ScanKeyEntryInitialize(&keys[i], 0, conditions[i].column, conditions[i].strategy,
                               InvalidOid, C_COLLATION_OID, conditions[i].function,
                               conditions[i].value);
    scan->scan = pg::index_scan_begin(scan->table, scan->index, scan->snapshot, count);
    index_rescan(scan->scan, keys, count, nullptr, 0);
}

} // namespace

Scan open(Oid table, Oid index, RegProcedure equals, Datum key)
{
    Scan scan = open_relations(table, index);
    const Condition condition{1, BTEqualStrategyNumber, equals, key};
    // Not before the table is locked.
    begin(&scan, &condition, equals != InvalidOid ? 1 : 0, GetCatalogSnapshot(table));
    return scan;
}

Scan open(Oid table, Oid index, std::initializer_list<Condition> conditions, Snapshot snapshot)
{
    Scan scan = open_relations(table, index);
    Assert(conditions.size() <= kMostConditions);
    begin(&scan, conditions.begin(), static_cast<int>(conditions.size()), snapshot);
    return scan;
}

bool next(const Scan &scan, ScanDirection direction)
{
    return index_getnext_slot(scan.scan, direction, scan.slot);
}

void close(const Scan &scan)
{
    index_endscan(scan.scan);
    ExecDropSingleTupleTableSlot(scan.slot);
    UnregisterSnapshot(scan.snapshot);
    index_close(scan.index, AccessShareLock);
    table_close(scan.table, AccessShareLock);
}

} // namespace tenancy::scans
