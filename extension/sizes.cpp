// Estimates of a tenant's rows from the server's statistics, and the plans that were made for them.
// SPDX-License-Identifier: PostgreSQL
#include "sizes.hpp"

#include "context.hpp"

namespace tenancy::sizes
{

namespace
{

constexpr int kMostTables = 64;
constexpr long kMostTenants = 10000;

// The binary logarithm of an estimate. Under 64 rows all tenants are alike.
using Size = int8;
constexpr Size kUnknown = -1;
constexpr Size kSmallest = 6;
constexpr Size kNobody = 100; // planned without a tenant, for whom nothing fits
constexpr Size kStep = 3;     // the same plan does for eight times more or less

struct Watched
{
    Table table;
    uint32 mark;
    Size planned; // for which the valid plans were made, or kUnknown
};

struct Known
{
    char key[registry::kNameSize]; // of the tenant: the hash key
    uint64 generation;
    Size size[kMostTables];
};

constinit Watched watched[kMostTables]{};
constinit int watched_count = 0;
constinit HTAB *known = nullptr;
constinit Known *last_known = nullptr;
constinit uint64 generation = 1; // of statistics, and of the order of `watched`

extern "C" {
// Statistics come with a change of the relation; the server drops the plans by itself.
static void on_relation_changed(Datum, Oid relation)
{
    for (int i = 0; i < watched_count; i++)
        if (relation == InvalidOid || relation == watched[i].table.relation)
            generation++;
}
}

bool fits(Size size, Size planned)
{
    return planned == kUnknown ||
           (size != kUnknown && Max(size, planned) - Min(size, planned) < kStep);
}

void drop_plans(Watched &table)
{
    table.planned = kUnknown;
    CallSyscacheCallbacks(PROCOID, table.mark);
}

Datum value_of(const registry::Tenant *tenant, Oid type)
{
    switch (type)
    {
    case UUIDOID:
        return UUIDPGetDatum(&tenant->uuid);
    case INT8OID:
        return Int64GetDatum(tenant->number);
    case INT4OID:
        return Int32GetDatum(static_cast<int32>(tenant->number));
    default:
        return PointerGetDatum(tenant->text_form);
    }
}

bool can_compare(Oid equal, Oid type)
{
    Oid *arguments;
    int count;
    (void)get_func_signature(equal, &arguments, &count);
    return count == 2 && IsBinaryCoercible(type, arguments[0]);
}

// The share of a table's rows that the server expects a value to have, as it does for `column = value`.
double share_of(HeapTuple statistics, const Table &table, Datum value, double rows)
{
    const auto *column = reinterpret_cast<Form_pg_statistic>(GETSTRUCT(statistics));
    const double distinct =
        column->stadistinct < 0 ? -column->stadistinct * rows : column->stadistinct;
    double rest = 1.0 - column->stanullfrac;
    AttStatsSlot common;
    if (!get_attstatsslot(&common, statistics, STATISTIC_KIND_MCV, InvalidOid,
                          ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS))
        return rest / Max(distinct, 1.0);
    double share = -1.0;
    // The column may have got another type since the plan was made, whose values would crash the operator.
    if (!can_compare(table.equal, common.valuetype))
        common.nvalues = 0;
    for (int i = 0; i < common.nvalues && share < 0; i++)
    {
        rest -= common.numbers[i];
        if (DatumGetBool(
                OidFunctionCall2Coll(table.equal, table.collation, common.values[i], value)))
            share = common.numbers[i];
    }
    if (share < 0)
        share = Max(rest, 0.0) / Max(distinct - common.nvalues, 1.0);
    free_attstatsslot(&common);
    return share;
}

Size read_size(const Table &table, const registry::Tenant *tenant)
{
    HeapTuple relation = SearchSysCache1(RELOID, ObjectIdGetDatum(table.relation));
    if (!HeapTupleIsValid(relation))
        return kSmallest;
    double rows = reinterpret_cast<Form_pg_class>(GETSTRUCT(relation))->reltuples;
    ReleaseSysCache(relation);
    HeapTuple statistics =
        SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(table.relation),
                        Int16GetDatum(table.column), BoolGetDatum(table.is_partitioned));
    if (!HeapTupleIsValid(statistics))
        return kSmallest;
    rows *= share_of(statistics, table, value_of(tenant, table.type), rows);
    ReleaseSysCache(statistics);
    const auto whole = static_cast<uint64>(Max(rows, 1.0));
    return Max(kSmallest, static_cast<Size>(pg_leftmost_one_pos64(whole)));
}

// What is known of a tenant, as far as it holds; null if nothing does.
Known *find(const char *key)
{
    if (last_known != nullptr && strcmp(last_known->key, key) == 0)
        return last_known->generation == generation ? last_known : nullptr;
    if (known == nullptr)
        return nullptr;
    auto *entry = static_cast<Known *>(hash_search(known, key, HASH_FIND, nullptr));
    if (entry == nullptr || entry->generation != generation)
        return nullptr;
    return last_known = entry;
}

Known *enter(const char *key)
{
    if (known != nullptr && hash_get_num_entries(known) >= kMostTenants)
    {
        hash_destroy(known);
        known = nullptr;
        last_known = nullptr;
    }
    if (known == nullptr)
    {
        HASHCTL control{};
        control.keysize = registry::kNameSize;
        control.entrysize = sizeof(Known);
        control.hcxt = TopMemoryContext;
        known = hash_create("tenancy sizes", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
    }
    bool found;
    auto *entry = static_cast<Known *>(hash_search(known, key, HASH_ENTER, &found));
    if (!found || entry->generation != generation)
    {
        memset(entry->size, kUnknown, sizeof(entry->size));
        entry->generation = generation;
    }
    return entry;
}

Size size_of_present_tenant(int table)
{
    if (!context::is_set())
        return kNobody;
    const Known *entry = find(context::key());
    if (entry == nullptr || entry->size[table] == kUnknown)
    {
        learn(context::key());
        entry = find(context::key());
    }
    return entry != nullptr ? entry->size[table] : kUnknown;
}

int watch(const Table &table)
{
    for (int i = 0; i < watched_count; i++)
        if (watched[i].table.relation == table.relation)
        {
            if (watched[i].table != table) // another column, or one that has got another type
            {
                drop_plans(watched[i]);
                watched[i].table = table;
                generation++;
            }
            return i;
        }
    if (watched_count == kMostTables)
    {
        for (Watched &each : watched)
            drop_plans(each);
        watched_count = 0;
        generation++;
    }
    watched[watched_count] = {table, murmurhash32(table.relation ^ 0x74656e01), kUnknown};
    return watched_count++;
}

} // namespace

void init()
{
    CacheRegisterRelcacheCallback(on_relation_changed, 0);
}

uint32 mark_plan(const Table &table)
{
    const int index = watch(table);
    const Size size = size_of_present_tenant(index);
    // Reading may have brought news; the plan is invalid then, whatever is noted here.
    if (!fits(size, watched[index].planned))
        drop_plans(watched[index]);
    if (watched[index].planned == kUnknown)
        watched[index].planned = size;
    return watched[index].mark;
}

bool is_of_interest()
{
    return watched_count > 0;
}

void learn(const char *key)
{
    if (watched_count == 0 || key[0] == '\0')
        return;
    Known *entry = find(key);
    const registry::Tenant *tenant = nullptr;
    for (int i = 0; i < watched_count; i++)
    {
        if (entry != nullptr && entry->size[i] != kUnknown)
            continue;
        if (tenant == nullptr)
            tenant = registry::lookup(key);
        const uint64 generation_read = generation;
        const Size size = tenant->exists ? read_size(watched[i].table, tenant) : kSmallest;
        if (generation_read != generation)
            return; // what was read is out of date already, and stays unknown
        entry = enter(key);
        entry->size[i] = size;
    }
}

void change_to(const char *key)
{
    if (key[0] == '\0')
        return; // without a tenant nothing is found, by whatever plan
    const Known *entry = watched_count > 0 ? find(key) : nullptr;
    for (int i = 0; i < watched_count; i++)
        if (!fits(entry != nullptr ? entry->size[i] : kUnknown, watched[i].planned))
            drop_plans(watched[i]);
}

} // namespace tenancy::sizes
