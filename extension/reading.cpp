// Reading tables of others row by row, past the planner.
// SPDX-License-Identifier: PostgreSQL
//
// Who plans a query over a table runs code of the table's owner: constants in the expressions of indexes,
// statistics and partition keys are folded by calling their functions, as the role that plans. And a name in
// SQL can mean something else by the time it is looked up. What counts or measures with the extension's
// rights therefore goes by OID, and asks of a column's type nothing but its output function.
#include "pg.hpp"

#include "context.hpp"
#include "counted_rows.hpp"

using namespace tenancy;

namespace
{

struct Reader
{
    Relation relation; // nullptr: it has no rows of its own
    Snapshot snapshot;
    TableScanDesc scan;
    TupleTableSlot *slot;
    AttrNumber column;
    FmgrInfo output;
    MemoryContext row_memory;
};

Reader begin(Oid table, const char *column, Snapshot snapshot)
{
    Reader reader{};
    reader.relation = table_open(table, AccessShareLock);
    if (reader.relation->rd_rel->relkind != RELKIND_RELATION)
    {
        table_close(reader.relation, NoLock);
        reader.relation = nullptr;
        return reader;
    }
    reader.column = get_attnum(table, column);
    const Oid type =
        reader.column > 0 ? getBaseType(get_atttype(table, reader.column)) : InvalidOid;
    if (!OidIsValid(type) || type >= FirstNormalObjectId)
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                        errmsg("column \"%s\" of table \"%s\" cannot hold tenants", column,
                               RelationGetRelationName(reader.relation))));
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(type, &output, &is_varlena);
    fmgr_info(output, &reader.output);
    reader.snapshot = RegisterSnapshot(snapshot);
    reader.slot = table_slot_create(reader.relation, nullptr);
    reader.row_memory =
        AllocSetContextCreate(CurrentMemoryContext, "tenancy row", ALLOCSET_SMALL_SIZES);
    return reader;
}

void end(const Reader &reader)
{
    if (reader.relation == nullptr)
        return;
    MemoryContextDelete(reader.row_memory);
    ExecDropSingleTupleTableSlot(reader.slot);
    UnregisterSnapshot(reader.snapshot);
    table_close(reader.relation, NoLock);
}

// The tenant of the row in the slot, in the row's memory; "" where it has none.
const char *tenant_of(const Reader &reader)
{
    bool is_null;
    const Datum value = slot_getattr(reader.slot, reader.column, &is_null);
    return is_null ? "" : OutputFunctionCall(const_cast<FmgrInfo *>(&reader.output), value);
}

struct Count
{
    const char *tenant; // the hash key
    int64 rows;
};

uint32 hash_tenant(const void *key, Size)
{
    const char *tenant = *static_cast<const char *const *>(key);
    return string_hash(tenant, strlen(tenant) + 1);
}

int compare_tenants(const void *left, const void *right, Size)
{
    return strcmp(*static_cast<const char *const *>(left),
                  *static_cast<const char *const *>(right));
}

HTAB *make_counts()
{
    HASHCTL control{};
    control.keysize = sizeof(const char *);
    control.entrysize = sizeof(Count);
    control.hash = hash_tenant;
    control.match = compare_tenants;
    control.hcxt = CurrentMemoryContext;
    return hash_create("tenancy counts", 256, &control,
                       HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

void count_row(HTAB *counts, const Reader &reader, Count **last)
{
    MemoryContext memory = MemoryContextSwitchTo(reader.row_memory);
    const char *tenant = tenant_of(reader);
    MemoryContextSwitchTo(memory);
    if (*last == nullptr || strcmp((*last)->tenant, tenant) != 0)
    {
        bool found;
        *last = static_cast<Count *>(hash_search(counts, &tenant, HASH_ENTER, &found));
        if (!found)
            **last = {pstrdup(tenant), 0};
    }
    (*last)->rows++;
    MemoryContextReset(reader.row_memory);
}

// What a row takes up: as pg_column_size() says, column by column, with its header and its pointer.
int64 width_of(TupleTableSlot *slot)
{
    constexpr int64 kHeader = 28;
    int64 width = kHeader;
    slot_getallattrs(slot);
    for (int i = 0; i < slot->tts_tupleDescriptor->natts; i++)
    {
        const Form_pg_attribute column = TupleDescAttr(slot->tts_tupleDescriptor, i);
        if (column->attisdropped || column->attgenerated == 'v')
            continue;
        if (column->attlen > 0)
            width += column->attlen;
        else if (!slot->tts_isnull[i])
            width += column->attlen == -1 ? toast_datum_size(slot->tts_values[i])
                                          : strlen(DatumGetCString(slot->tts_values[i])) + 1;
    }
    return width;
}

void put_row(ReturnSetInfo *result, const Reader &reader)
{
    MemoryContext memory = MemoryContextSwitchTo(reader.row_memory);
    Datum values[] = {CStringGetTextDatum(tenant_of(reader)),
                      Int64GetDatum(ItemPointerGetBlockNumber(&reader.slot->tts_tid)),
                      Int64GetDatum(width_of(reader.slot))};
    bool nulls[lengthof(values)]{};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    MemoryContextSwitchTo(memory);
    MemoryContextReset(reader.row_memory);
}

// Whole pages are drawn, as by TABLESAMPLE SYSTEM.
struct Draw
{
    double part;
    uint32 seed;
};

bool is_drawn(const Draw &draw, BlockNumber page)
{
    return draw.part >= 1 || murmurhash32(page ^ draw.seed) < draw.part * PG_UINT32_MAX;
}

void put_rows(ReturnSetInfo *result, const Reader &reader, const Draw &draw)
{
    TableScanDesc scan = table_beginscan(reader.relation, reader.snapshot, 0, nullptr);
    while (table_scan_getnextslot(scan, ForwardScanDirection, reader.slot))
    {
        CHECK_FOR_INTERRUPTS();
        if (is_drawn(draw, ItemPointerGetBlockNumber(&reader.slot->tts_tid)))
            put_row(result, reader);
    }
    table_endscan(scan);
}

void put_rows_of_pages(ReturnSetInfo *result, const Reader &reader, const Draw &draw)
{
    const BlockNumber pages = RelationGetNumberOfBlocks(reader.relation);
    TableScanDesc scan = nullptr;
    for (BlockNumber page = 0; page < pages; page++)
    {
        CHECK_FOR_INTERRUPTS();
        if (!is_drawn(draw, page))
            continue;
        ItemPointerData first;
        ItemPointerData last;
        ItemPointerSet(&first, page, FirstOffsetNumber);
        ItemPointerSet(&last, page, MaxOffsetNumber);
        if (scan == nullptr)
            scan = table_beginscan_tidrange(reader.relation, reader.snapshot, &first, &last);
        else
            table_rescan_tidrange(scan, &first, &last);
        while (table_scan_getnextslot_tidrange(scan, ForwardScanDirection, reader.slot))
            put_row(result, reader);
    }
    if (scan != nullptr)
        table_endscan(scan);
}

} // namespace

// The rows of a table itself, by tenant, as they are now: its lock keeps writers out, and a snapshot of
// the transaction's may be older.
TENANCY_FUNCTION(tenancy_begin_count)
{
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    const Oid table = PG_GETARG_OID(0);
    if (context::is_set()) // whose statements end at its rows
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("rows cannot be counted while a tenant is set"),
                        errhint("Leave the tenant first: SELECT tenancy.reset_tenant().")));
    counted_rows::take_back(table);
    const Reader reader = begin(table, NameStr(*PG_GETARG_NAME(1)), GetLatestSnapshot());
    if (reader.relation == nullptr)
        return Datum{0};
    HTAB *counts = make_counts();
    Count *last = nullptr;
    TableScanDesc scan = table_beginscan(reader.relation, reader.snapshot, 0, nullptr);
    while (table_scan_getnextslot(scan, ForwardScanDirection, reader.slot))
    {
        CHECK_FOR_INTERRUPTS();
        count_row(counts, reader, &last);
    }
    table_endscan(scan);
    end(reader);
    HASH_SEQ_STATUS each;
    hash_seq_init(&each, counts);
    while (const auto *count = static_cast<const Count *>(hash_seq_search(&each)))
    {
        Datum values[] = {CStringGetTextDatum(count->tenant), Int64GetDatum(count->rows)};
        bool nulls[lengthof(values)]{};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    return Datum{0};
}

TENANCY_FUNCTION(tenancy_sample_rows)
{
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    const Draw draw{PG_GETARG_FLOAT8(2), pg_prng_uint32(&pg_global_prng_state)};
    const Reader reader = begin(PG_GETARG_OID(0), NameStr(*PG_GETARG_NAME(1)), GetActiveSnapshot());
    if (reader.relation == nullptr)
        return Datum{0};
    if (draw.part >= 1 || reader.relation->rd_tableam->scan_getnextslot_tidrange == nullptr)
        put_rows(result, reader, draw);
    else
        put_rows_of_pages(result, reader, draw);
    end(reader);
    return Datum{0};
}

// LOCK TABLE by OID, with partitions and children.
TENANCY_FUNCTION(tenancy_lock_writers_out)
{
    const Oid table = PG_GETARG_OID(0);
    LockRelationOid(table, ShareRowExclusiveLock);
    if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(table)))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                        errmsg("table with OID %u does not exist", table)));
    if (PG_GETARG_BOOL(1))
        (void)find_all_inheritors(table, ShareRowExclusiveLock, nullptr);
    PG_RETURN_VOID();
}
