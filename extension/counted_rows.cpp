// Adding up rows by table, tenant and savepoint.
// SPDX-License-Identifier: PostgreSQL
#include "counted_rows.hpp"

#include "registry.hpp"
#include "row_quota.hpp"
#include "scans.hpp"

namespace tenancy::counted_rows
{

namespace
{

// What tenancy.counted_tables says of a table: a trigger alone counts nothing, for any owner of a
// table can make one.
struct Table
{
    Oid relation; // the hash key
    uint64 generation;
    int64 count;     // the id of its present count; 0: it is not counted
    NameData metric; // that its rows are limited by, or ""
};

struct Key
{
    Oid relation;
    const char *tenant; // in the transaction's memory
};

struct Item;

struct Counter
{
    Key key;
    Item *newest;
    quota::Slot *account; // nullptr: nobody's limit
};

// Lives in the transaction's memory. Items stand newest first, so levels never rise along the list.
struct Item
{
    Item *next;  // of all
    Item *older; // of the same counter
    Counter *counter;
    int level;
    int64 change;
};

// The row counted last; most statements write the rows of one tenant.
constexpr Size kMostBytes = 64;
struct Last
{
    Item *item;
    Oid relation;
    Size size;
    char bytes[kMostBytes]; // of the tenant column's value
};

// Columns of tenancy.counted_tables; upgrades only append.
enum TableColumn : AttrNumber { kRelation = 1, kCountId, kRoot, kSince, kMetric };

// Columns of tenancy.row_changes.
enum ChangeColumn : int { kCount, kTenant, kRows, kChangeColumns };

constinit HTAB *tables = nullptr;
constinit HTAB *counters = nullptr;
constinit Item *items = nullptr;
constinit Last last{};

const Table &table_of(Oid relation)
{
    if (tables == nullptr)
    {
        HASHCTL control{};
        control.keysize = sizeof(Oid);
        control.entrysize = sizeof(Table);
        control.hcxt = TopMemoryContext;
        tables = hash_create("tenancy counted tables", 64, &control,
                             HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    }
    bool found;
    auto *table = static_cast<Table *>(hash_search(tables, &relation, HASH_ENTER, &found));
    if (!found)
        table->generation = 0;
    if (likely(table->generation == registry::generation()))
        return *table;
    table->generation = 0;
    const registry::Relations &oids = registry::relations();
    // Reading may bring news that make the result stale; then the next use reads again.
    const uint64 generation = registry::generation();
    const scans::Scan scan = scans::open(oids.counted_tables, oids.counted_tables_key, F_OIDEQ,
                                         ObjectIdGetDatum(relation));
    table->count = 0;
    if (scans::next(scan))
    {
        bool is_null;
        table->count = DatumGetInt64(slot_getattr(scan.slot, kCountId, &is_null));
        const Datum metric = slot_getattr(scan.slot, kMetric, &is_null);
        namestrcpy(&table->metric, is_null ? "" : text_to_cstring(DatumGetTextPP(metric)));
    }
    scans::close(scan);
    table->generation = generation;
    return *table;
}

uint32 hash_key(const void *key, Size)
{
    const auto *counter = static_cast<const Key *>(key);
    return hash_combine(murmurhash32(counter->relation),
                        string_hash(counter->tenant, strlen(counter->tenant) + 1));
}

int compare_keys(const void *left, const void *right, Size)
{
    const auto *a = static_cast<const Key *>(left);
    const auto *b = static_cast<const Key *>(right);
    return a->relation == b->relation ? strcmp(a->tenant, b->tenant) : 1;
}

Counter *counter_of(Oid relation, const char *tenant)
{
    if (counters == nullptr)
    {
        HASHCTL control{};
        control.keysize = sizeof(Key);
        control.entrysize = sizeof(Counter);
        control.hash = hash_key;
        control.match = compare_keys;
        control.hcxt = TopTransactionContext;
        counters = hash_create("tenancy row counters", 64, &control,
                               HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
    }
    Key key{relation, tenant};
    if (void *known = hash_search(counters, &key, HASH_FIND, nullptr))
        return static_cast<Counter *>(known);
    const char *metric = NameStr(table_of(relation).metric);
    quota::Slot *account = *metric != '\0' ? row_quota::account_of(tenant, metric) : nullptr;
    key.tenant = MemoryContextStrdup(TopTransactionContext, tenant);
    auto *counter = static_cast<Counter *>(hash_search(counters, &key, HASH_ENTER, nullptr));
    counter->newest = nullptr;
    counter->account = account;
    return counter;
}

// The item of a table and tenant at the present level of savepoints.
Item *item_of(Oid relation, const char *tenant)
{
    Counter *counter = counter_of(relation, tenant);
    const int level = GetCurrentTransactionNestLevel();
    if (counter->newest != nullptr && counter->newest->level == level)
        return counter->newest;
    auto *item = static_cast<Item *>(MemoryContextAlloc(TopTransactionContext, sizeof(Item)));
    *item = {items, counter->newest, counter, level, 0};
    items = item;
    counter->newest = item;
    return item;
}

void add(Item *item, int64 change)
{
    item->change += change;
    if (item->counter->account != nullptr)
        row_quota::change(item->counter->account, change);
}

const char *text_of(Datum value, Oid type)
{
    Oid output;
    bool is_varlena;
    getTypeOutputInfo(type, &output, &is_varlena);
    return OidOutputFunctionCall(output, value);
}

void count_value(Oid relation, Datum value, bool is_null, Form_pg_attribute column, int64 change)
{
    const char *bytes = "";
    Size size = 0;
    if (is_null) // only where somebody dropped NOT NULL
        value = 0;
    else if (column->attbyval)
    {
        bytes = reinterpret_cast<const char *>(&value);
        size = sizeof(value);
    }
    else if (column->attlen == -1)
    {
        value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
        bytes = VARDATA_ANY(DatumGetPointer(value));
        size = VARSIZE_ANY_EXHDR(DatumGetPointer(value));
    }
    else
    {
        bytes = DatumGetPointer(value);
        size = column->attlen;
    }
    if (likely(last.item != nullptr && last.relation == relation && last.size == size &&
               memcmp(last.bytes, bytes, size) == 0 &&
               last.item->level == GetCurrentTransactionNestLevel()))
    {
        add(last.item, change);
        return;
    }
    Item *item = item_of(relation, is_null ? "" : text_of(value, column->atttypid));
    add(item, change);
    last.item = nullptr;
    if (size <= kMostBytes)
    {
        memcpy(last.bytes, bytes, size);
        last.item = item;
        last.relation = relation;
        last.size = size;
    }
}

int64 sum_of(const Counter *counter)
{
    int64 sum = 0;
    for (const Item *item = counter->newest; item != nullptr; item = item->older)
        sum += item->change;
    return sum;
}

} // namespace

bool is_counted(Oid relation)
{
    return table_of(relation).count != 0;
}

void count_row(Relation relation, AttrNumber column, TupleTableSlot *row, int64 change)
{
    bool is_null;
    const Datum value = slot_getattr(row, column, &is_null);
    count_value(RelationGetRelid(relation), value, is_null,
                TupleDescAttr(RelationGetDescr(relation), column - 1), change);
}

void take_back(Oid relation)
{
    if (counters == nullptr)
        return;
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, counters);
    while (const auto *counter = static_cast<const Counter *>(hash_seq_search(&scan)))
        if (counter->key.relation == relation)
        {
            const int64 sum = sum_of(counter);
            add(item_of(relation, counter->key.tenant), -sum);
        }
}

void visit_pending(PendingVisitor visit, void *argument)
{
    if (counters == nullptr)
        return;
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, counters);
    while (const auto *counter = static_cast<const Counter *>(hash_seq_search(&scan)))
        if (const int64 sum = sum_of(counter))
            visit(argument, counter->key.relation, counter->key.tenant, sum);
}

bool is_anything_pending()
{
    return counters != nullptr;
}

void write()
{
    if (counters == nullptr)
        return;
    Relation changes = table_open(registry::relations().row_changes, RowExclusiveLock);
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, counters);
    while (const auto *counter = static_cast<const Counter *>(hash_seq_search(&scan)))
    {
        const int64 sum = sum_of(counter);
        const int64 count = sum == 0 ? 0 : table_of(counter->key.relation).count;
        if (count == 0) // the table may be gone, or no longer counted
            continue;
        Datum values[kChangeColumns];
        bool nulls[kChangeColumns]{};
        values[kCount] = Int64GetDatum(count);
        values[kTenant] = CStringGetTextDatum(counter->key.tenant);
        values[kRows] = Int64GetDatum(sum);
        HeapTuple row = heap_form_tuple(RelationGetDescr(changes), values, nulls);
        simple_heap_insert(changes, row);
        heap_freetuple(row);
    }
    table_close(changes, NoLock);
    forget();
}

void forget()
{
    counters = nullptr; // gone with the transaction's memory
    items = nullptr;
    last.item = nullptr;
}

void settle_savepoint(int level, bool committed)
{
    last.item = nullptr;
    while (items != nullptr && items->level >= level && !committed)
    {
        items->counter->newest = items->older;
        items = items->next;
    }
    Item **link = &items;
    while (*link != nullptr && (*link)->level == level)
    {
        Item *item = *link;
        Item *older = item->older;
        item->level = level - 1;
        if (older == nullptr || older->level != level - 1)
        {
            link = &item->next;
            continue;
        }
        older->change += item->change;
        item->counter->newest = older;
        *link = item->next;
    }
}

} // namespace tenancy::counted_rows
