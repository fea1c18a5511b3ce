// Index scans over the extension's own tables.
// SPDX-License-Identifier: PostgreSQL
#include "scans.hpp"

namespace tenancy::scans
{

Scan open(Oid table, Oid index, RegProcedure equals, Datum key)
{
    Scan scan{};
    scan.table = table_open(table, AccessShareLock);
    scan.index = index_open(index, AccessShareLock);
    scan.snapshot = RegisterSnapshot(GetCatalogSnapshot(table));
    scan.slot = table_slot_create(scan.table, nullptr);
    const int conditions = equals != InvalidOid ? 1 : 0;
    ScanKeyData condition;
    if (conditions == 1)
        ScanKeyEntryInitialize(&condition, 0, 1, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID,
                               equals, key);
    scan.scan = pg::index_scan_begin(scan.table, scan.index, scan.snapshot, conditions);
    index_rescan(scan.scan, &condition, conditions, nullptr, 0);
    return scan;
}

bool next(const Scan &scan)
{
    return index_getnext_slot(scan.scan, ForwardScanDirection, scan.slot);
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
