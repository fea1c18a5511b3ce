// Applies the settings of the present tenant, and takes them back.
// SPDX-License-Identifier: PostgreSQL
#include "governor.hpp"

#include "context.hpp"
#include "guc.hpp"
#include "registry.hpp"
#include "scans.hpp"

namespace tenancy::governor
{

constinit bool is_idle = false;
constinit uint64 seen_generation = 0;

namespace
{

constexpr long kMostLists = 1000;

// Settings that are the most a session may have, not the value it has, and which of their values
// means no limit.
struct Ceiling
{
    const char *name;
    int unlimited;
};

constexpr int kHasNone = -2;
constexpr Ceiling kCeilings[] = {{"statement_timeout", 0},
                                 {"transaction_timeout", 0},
                                 {"lock_timeout", 0},
                                 {"idle_in_transaction_session_timeout", 0},
                                 {"temp_file_limit", -1},
                                 {"work_mem", kHasNone},
                                 {"maintenance_work_mem", kHasNone},
                                 {"max_parallel_workers_per_gather", kHasNone},
                                 {"max_parallel_maintenance_workers", kHasNone}};

struct Governed
{
    config_generic *record;
    const char *value;
    const Ceiling *ceiling; // null: the setting is to have this value
    int number;             // of a ceiling
    bool is_applied;        // of the others, once; then what they were found to be
    union
    {
        bool boolean;
        int integer;
        double real;
        const char *string;
    } applied;
};

// The settings of one tenant.
struct Settings
{
    char key[registry::kNameSize]; // the hash key
    uint64 generation;             // of the registry; 0 = not read
    int serial;                    // what tenancy.governed is while they are applied
    TimestampTz valid_until;
    int count;
    Governed *items;
};

// What a setting was before we changed it, in this transaction.
struct Original
{
    config_generic *record;
    char *value;
};

constinit MemoryContext memory = nullptr; // of the lists
constinit HTAB *lists = nullptr;
constinit Settings *active = nullptr; // null: nothing holds
constinit bool is_stale = true;
constinit bool has_any = false; // of the database, as of any_generation
constinit uint64 any_generation = 0;
constinit int last_serial = 0;
constinit List *originals = NIL; // in the transaction's memory

const Ceiling *ceiling_of(const config_generic *record)
{
    for (const Ceiling &each : kCeilings)
        if (strcmp(each.name, record->name) == 0)
            return &each;
    return nullptr;
}

void forget_lists()
{
    if (memory != nullptr)
        MemoryContextDelete(memory);
    memory = nullptr;
    lists = nullptr;
    active = nullptr;
}

// ---- reading -------------------------------------------------------------------------------

bool has_rows(Oid table, Oid index)
{
    const scans::Scan scan = scans::open(table, index, InvalidOid, Datum{0});
    const bool found = scans::next(scan);
    scans::close(scan);
    return found;
}

void add(Settings *list, int capacity, const char *name, const char *value)
{
    for (int i = 0; i < list->count; i++)
        if (pg_strcasecmp(list->items[i].record->name, name) == 0)
            return; // the tenant's own came first
    config_generic *record = pg::find_setting(name);
    // Of a library that this session has not loaded: its record will be another one.
    if (record == nullptr || (record->flags & GUC_CUSTOM_PLACEHOLDER) || list->count == capacity)
        return;
    Governed item{};
    item.record = record;
    item.value = MemoryContextStrdup(memory, value);
    item.ceiling = record->vartype == PGC_INT ? ceiling_of(record) : nullptr;
    if (item.ceiling != nullptr && !parse_int(value, &item.number, record->flags, nullptr))
        return;
    list->items[list->count++] = item;
}

constexpr int kMostItems = 64;

// Columns: of tenant_settings (tenant_id, name, value, until), of plan_settings (plan, name, value).
void read_rows(Settings *list, Oid table, Oid index, const char *key, bool has_end)
{
    const scans::Scan scan = scans::open(table, index, F_TEXTEQ, CStringGetTextDatum(key));
    while (scans::next(scan))
    {
        bool is_null = true;
        const Datum until = has_end ? slot_getattr(scan.slot, 4, &is_null) : Datum{0};
        if (!is_null && DatumGetTimestampTz(until) <= guc::statement_time())
            continue;
        if (!is_null)
            list->valid_until = Min(list->valid_until, DatumGetTimestampTz(until));
        add(list, kMostItems, TextDatumGetCString(slot_getattr(scan.slot, 2, &is_null)),
            TextDatumGetCString(slot_getattr(scan.slot, 3, &is_null)));
    }
    scans::close(scan);
}

void read(Settings *list)
{
    const registry::Relations &oids = registry::relations();
    const registry::Tenant *tenant = registry::lookup(list->key);
    list->generation = registry::generation();
    list->serial = ++last_serial;
    list->valid_until = PG_INT64_MAX;
    list->count = 0;
    list->items =
        static_cast<Governed *>(MemoryContextAlloc(memory, kMostItems * sizeof(Governed)));
    if (!tenant->exists)
        return;
    MemoryContext scratch =
        AllocSetContextCreate(CurrentMemoryContext, "tenancy settings", ALLOCSET_SMALL_SIZES);
    MemoryContext previous = MemoryContextSwitchTo(scratch);
    read_rows(list, oids.tenant_settings, oids.tenant_settings_key, tenant->id, true);
    if (tenant->plan[0] != '\0')
        read_rows(list, oids.plan_settings, oids.plan_settings_key, tenant->plan, false);
    MemoryContextSwitchTo(previous);
    MemoryContextDelete(scratch);
}

bool is_current(const Settings *list)
{
    return list->generation == registry::generation() && list->valid_until > guc::statement_time();
}

Settings *settings_of(const char *key)
{
    const registry::Relations &oids = registry::relations();
    if (any_generation != registry::generation())
    {
        forget_lists();
        const uint64 generation = registry::generation();
        has_any = has_rows(oids.tenant_settings, oids.tenant_settings_key) ||
                  has_rows(oids.plan_settings, oids.plan_settings_key);
        any_generation = generation;
    }
    if (!has_any)
        return nullptr;
    if (lists != nullptr && hash_get_num_entries(lists) >= kMostLists)
        forget_lists();
    if (lists == nullptr)
    {
        memory = AllocSetContextCreate(TopMemoryContext, "tenancy governor", ALLOCSET_SMALL_SIZES);
        HASHCTL control{};
        control.keysize = registry::kNameSize;
        control.entrysize = sizeof(Settings);
        control.hcxt = memory;
        lists =
            hash_create("tenancy settings", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
    }
    bool found;
    auto *list = static_cast<Settings *>(hash_search(lists, key, HASH_ENTER, &found));
    if (!found)
        list->generation = 0;
    if (list->generation == 0 || !is_current(list))
        read(list);
    return list->count > 0 || list->valid_until != PG_INT64_MAX ? list : nullptr;
}

// ---- applying ------------------------------------------------------------------------------

bool holds(const Governed &item)
{
    switch (item.record->vartype)
    {
    case PGC_BOOL:
        return item.is_applied &&
               *reinterpret_cast<config_bool *>(item.record)->variable == item.applied.boolean;
    case PGC_INT: {
        const int present = *reinterpret_cast<config_int *>(item.record)->variable;
        if (item.ceiling == nullptr)
            return item.is_applied && present == item.applied.integer;
        return item.number == item.ceiling->unlimited ||
               (present != item.ceiling->unlimited && present <= item.number);
    }
    case PGC_REAL:
        return item.is_applied &&
               *reinterpret_cast<config_real *>(item.record)->variable == item.applied.real;
    case PGC_ENUM:
        return item.is_applied &&
               *reinterpret_cast<config_enum *>(item.record)->variable == item.applied.integer;
    case PGC_STRING: {
        const char *present = *reinterpret_cast<config_string *>(item.record)->variable;
        return item.is_applied && present != nullptr && strcmp(present, item.applied.string) == 0;
    }
    }
    return true;
}

// Check hooks may have changed the value, so it is compared with what came of it.
void note_applied(Governed *item)
{
    const char *previous =
        item->is_applied && item->record->vartype == PGC_STRING ? item->applied.string : nullptr;
    item->is_applied = true;
    switch (item->record->vartype)
    {
    case PGC_BOOL:
        item->applied.boolean = *reinterpret_cast<config_bool *>(item->record)->variable;
        break;
    case PGC_INT:
        item->applied.integer = *reinterpret_cast<config_int *>(item->record)->variable;
        break;
    case PGC_REAL:
        item->applied.real = *reinterpret_cast<config_real *>(item->record)->variable;
        break;
    case PGC_ENUM:
        item->applied.integer = *reinterpret_cast<config_enum *>(item->record)->variable;
        break;
    case PGC_STRING: {
        // Once a transaction, for as long as the session lives: what it was the last time is kept.
        const char *present = *reinterpret_cast<config_string *>(item->record)->variable;
        if (present == nullptr)
            present = ""; // it has never had a value, and ours was refused
        item->applied.string = previous;
        if (previous == nullptr || strcmp(previous, present) != 0)
            item->applied.string = MemoryContextStrdup(memory, present);
        if (previous != nullptr && previous != item->applied.string)
            pfree(const_cast<char *>(previous));
        break;
    }
    }
}

// LOG, because an error would keep the tenant from working at all until somebody mends the value.
void set_local(const config_generic *record, const char *value)
{
    (void)set_config_option(record->name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true,
                            LOG, false);
}

void keep_original(config_generic *record)
{
    ListCell *cell;
    foreach (cell, originals)
        if (static_cast<Original *>(lfirst(cell))->record == record)
            return;
    MemoryContext previous = MemoryContextSwitchTo(TopTransactionContext);
    auto *original = static_cast<Original *>(palloc(sizeof(Original)));
    original->record = record;
    const char *value = GetConfigOption(record->name, false, false);
    original->value = pstrdup(value != nullptr ? value : ""); // some libraries' have none
    originals = lappend(originals, original);
    MemoryContextSwitchTo(previous);
}

void restore_originals()
{
    ListCell *cell;
    foreach (cell, originals)
    {
        const auto *original = static_cast<const Original *>(lfirst(cell));
        set_local(original->record, original->value);
    }
}

void put_in_place(Governed *item)
{
    if (holds(*item))
        return;
    keep_original(item->record);
    set_local(item->record, item->value);
    note_applied(item);
}

// The server started the timeout of this statement, or did not, by what the setting was then.
void restart_statement_timeout(int before)
{
    if (StatementTimeout == before)
        return;
    if (StatementTimeout > 0)
        enable_timeout_at(
            STATEMENT_TIMEOUT,
            TimestampTzPlusMilliseconds(GetCurrentStatementStartTimestamp(), StatementTimeout));
    else if (get_timeout_active(STATEMENT_TIMEOUT))
        disable_timeout(STATEMENT_TIMEOUT, false);
}

bool is_out_of_date()
{
    return is_stale || seen_generation != registry::generation() ||
           (active != nullptr && active->valid_until <= guc::statement_time());
}

} // namespace

pg_noinline void apply_now()
{
    // Workers have their leader's settings, and while there are any the leader's cannot change.
    if (IsInParallelMode() || !registry::is_installed())
        return;
    if (is_out_of_date())
    {
        is_stale = false;
        active = context::is_set() ? settings_of(context::key()) : nullptr;
        seen_generation = registry::generation();
    }
    const int wanted = active != nullptr ? active->serial : 0;
    const int timeout = StatementTimeout;
    if (guc::governed == 0)
        originals = NIL; // the server has taken them back, at a savepoint
    else if (guc::governed != wanted)
        restore_originals();
    for (int i = 0; active != nullptr && i < active->count; i++)
        put_in_place(&active->items[i]);
    if (guc::governed != wanted)
        guc::set_governed(wanted);
    restart_statement_timeout(timeout);
    is_idle = active == nullptr && guc::governed == 0;
}

void apply()
{
    if (unlikely(!is_idle || seen_generation != registry::generation()))
        apply_now();
}

void tenant_changed()
{
    is_stale = true;
    // As long as the registry stays as it is, nobody has settings where nobody had any.
    if (has_any || guc::governed != 0 || any_generation != registry::generation())
        is_idle = false;
}

void end_transaction()
{
    originals = NIL;
}

} // namespace tenancy::governor
