// Shared resource counters: memory, persistence across a clean restart, and the flush to a table.
// SPDX-License-Identifier: PostgreSQL
#include "counters.hpp"

#include "guc.hpp"
#include "owner.hpp"

#include <type_traits>

namespace tenancy::counters
{

namespace
{

constexpr const char *kFile = PGSTAT_STAT_PERMANENT_DIRECTORY "/tenancy.stat";
constexpr const char *kStandbyFile = PGSTAT_STAT_PERMANENT_DIRECTORY "/tenancy.standby.stat";
constexpr const char *kFileInMaking = PGSTAT_STAT_PERMANENT_DIRECTORY "/tenancy.stat.tmp";
constexpr uint32 kFileMagic = 0x74656e01;
// Not a tenant id: stands for all tenants past the limit.
constexpr const char *kOverflowKey = "(others)";

struct Key
{
    Oid database;
    char tenant[registry::kNameSize];
};
static_assert(std::has_unique_object_representations_v<Key>, "a hash key has no padding");

struct Entry
{
    Key key;
    pg_atomic_uint32 changes; // grows with each addition
    pg_atomic_uint32 flushed; // what `changes` was when the last successful flush looked
    pg_atomic_uint64 value[core::kCounters];
};

struct Shared
{
    LWLock *lock;
    uint64 epoch;
};

// A copy of an entry; what the file holds.
struct Saved
{
    Key key;
    uint32 changes;
    core::Counts counts;
};
static_assert(std::is_trivially_copyable_v<Saved>);

constinit Shared *shared = nullptr;
constinit HTAB *entries = nullptr;

Key make_key(Oid database, const char *tenant)
{
    Key key{};
    key.database = database;
    strlcpy(key.tenant, tenant, sizeof(key.tenant));
    return key;
}

core::Counts read(const Entry *entry)
{
    core::Counts counts;
    for (int i = 0; i < core::kCounters; i++)
        counts.value[i] = static_cast<int64>(
            pg_atomic_read_u64(const_cast<pg_atomic_uint64 *>(&entry->value[i])));
    return counts;
}

void add_to(Entry *entry, const core::Counts &counts)
{
#pragma GCC unroll 12
    for (int i = 0; i < core::kCounters; i++)
        if (counts.value[i] != 0)
            pg_atomic_fetch_add_u64(&entry->value[i], counts.value[i]);
    pg_atomic_fetch_add_u32(&entry->changes, 1);
}

void initialise(Entry *entry)
{
    pg_atomic_init_u32(&entry->changes, 0);
    pg_atomic_init_u32(&entry->flushed, 0);
    for (pg_atomic_uint64 &value : entry->value)
        pg_atomic_init_u64(&value, 0);
}

// Before the values are read, so that what comes meanwhile makes the entry dirty again.
Saved copy_of(const Entry *entry)
{
    Saved saved{};
    saved.key = entry->key;
    saved.changes = pg_atomic_read_u32(const_cast<pg_atomic_uint32 *>(&entry->changes));
    pg_read_barrier();
    saved.counts = read(entry);
    return saved;
}

// Caller holds the lock exclusively. Null when the memory is used up.
Entry *enter(const Key &key)
{
    // The common entry's place is kept free.
    const bool full = hash_get_num_entries(entries) >= guc::max_tracked_tenants;
    bool found;
    auto *entry = static_cast<Entry *>(
        hash_search(entries, &key, full ? HASH_FIND : HASH_ENTER_NULL, &found));
    if (entry != nullptr && !found)
        initialise(entry);
    return entry;
}

Entry *add_if_known(const Key &key, const core::Counts &counts)
{
    pg::LockGuard guard(shared->lock, LW_SHARED);
    auto *entry = static_cast<Entry *>(hash_search(entries, &key, HASH_FIND, nullptr));
    if (entry != nullptr)
        add_to(entry, counts);
    return entry;
}

Entry *add_new(const Key &key, const core::Counts &counts)
{
    pg::LockGuard guard(shared->lock, LW_EXCLUSIVE);
    Entry *entry = enter(key);
    if (entry != nullptr)
        add_to(entry, counts);
    return entry;
}

// Does the server begin by replaying what another one wrote, as a standby or a restored copy does?
bool follows_another()
{
    return access(STANDBY_SIGNAL_FILE, F_OK) == 0 || access(RECOVERY_SIGNAL_FILE, F_OK) == 0 ||
           access(BACKUP_LABEL_FILE, F_OK) == 0;
}

// The file is read once and removed: after a crash there is none, and a new epoch begins. A standby's
// has a name of its own, so that no copy of a primary's files goes on in the primary's epoch: the
// values that the primary has flushed since then come by replay, and the copy's would be below them.
void load()
{
    FILE *file = AllocateFile(follows_another() ? kStandbyFile : kFile, PG_BINARY_R);
    uint32 magic = 0;
    uint64 epoch = 0;
    uint32 counters = 0;
    if (file != nullptr && fread(&magic, sizeof(magic), 1, file) == 1 && magic == kFileMagic &&
        fread(&counters, sizeof(counters), 1, file) == 1 && counters == core::kCounters &&
        fread(&epoch, sizeof(epoch), 1, file) == 1)
    {
        shared->epoch = epoch;
        Saved saved;
        while (fread(&saved, sizeof(saved), 1, file) == 1)
        {
            Entry *entry = enter(saved.key);
            if (entry == nullptr)
                entry = enter(make_key(saved.key.database, kOverflowKey));
            if (entry != nullptr)
                add_to(entry, saved.counts);
        }
    }
    if (file != nullptr)
        FreeFile(file);
    unlink(kFile);
    unlink(kStandbyFile);
}

void save(const char *path)
{
    FILE *file = AllocateFile(kFileInMaking, PG_BINARY_W);
    bool good = file != nullptr;
    const uint32 counters = core::kCounters;
    good = good && fwrite(&kFileMagic, sizeof(kFileMagic), 1, file) == 1 &&
           fwrite(&counters, sizeof(counters), 1, file) == 1 &&
           fwrite(&shared->epoch, sizeof(shared->epoch), 1, file) == 1;
    if (good)
    {
        HASH_SEQ_STATUS scan;
        hash_seq_init(&scan, entries);
        while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
        {
            const Saved saved = copy_of(entry);
            good = good && fwrite(&saved, sizeof(saved), 1, file) == 1;
        }
    }
    if (file != nullptr && FreeFile(file) != 0)
        good = false;
    if (good)
        (void)durable_rename(kFileInMaking, path, LOG);
    else
    {
        ereport(LOG, (errcode_for_file_access(),
                      errmsg("could not write resource counters to file \"%s\": %m", path)));
        unlink(kFileInMaking);
    }
}

extern "C" {

// Runs in the postmaster when every other process has gone.
static void on_shutdown(int code, Datum)
{
    if (code == 0 && shared != nullptr && entries != nullptr)
        save(RecoveryInProgress() ? kStandbyFile : kFile);
}
}

Size entry_capacity()
{
    return guc::max_tracked_tenants + 64; // common entries of up to 64 databases
}

// Copies this database's entries, or those of all databases for the view of a superuser.
Saved *snapshot(Oid database, int64 *count)
{
    const int64 most = entry_capacity();
    auto *copies =
        static_cast<Saved *>(MemoryContextAllocHuge(CurrentMemoryContext, most * sizeof(Saved)));
    int64 taken = 0;
    {
        pg::LockGuard guard(shared->lock, LW_SHARED);
        HASH_SEQ_STATUS scan;
        hash_seq_init(&scan, entries);
        while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
            if (entry->key.database == database && taken < most)
                copies[taken++] = copy_of(entry);
    }
    *count = taken;
    return copies;
}

void require_memory()
{
    if (!is_available())
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("resource counters need shared memory"),
                 errdetail("The library tenancy was not loaded at server start."),
                 errhint("Add tenancy to shared_preload_libraries and restart the server.")));
}

} // namespace

void request_memory()
{
    RequestAddinShmemSpace(
        add_size(MAXALIGN(sizeof(Shared)), hash_estimate_size(entry_capacity(), sizeof(Entry))));
    RequestNamedLWLockTranche("tenancy_counters", 1);
}

void start()
{
    bool found;
    shared = static_cast<Shared *>(ShmemInitStruct("tenancy counters", sizeof(Shared), &found));
    HASHCTL control{};
    control.keysize = sizeof(Key);
    control.entrysize = sizeof(Entry);
    entries = ShmemInitHash("tenancy counter entries", entry_capacity(), entry_capacity(), &control,
                            HASH_ELEM | HASH_BLOBS);
    if (!found)
    {
        shared->lock = &GetNamedLWLockTranche("tenancy_counters")->lock;
        if (!pg_strong_random(&shared->epoch, sizeof(shared->epoch)))
            shared->epoch = static_cast<uint64>(GetCurrentTimestamp());
        shared->epoch &= PG_INT64_MAX;
        load();
    }
    if (!IsUnderPostmaster)
        on_shmem_exit(on_shutdown, 0);
}

bool is_available()
{
    return shared != nullptr;
}

void add(const char *tenant, const core::Counts &counts)
{
    // Entries leave only with their database, which is not dropped while we are in it.
    static constinit Entry *last = nullptr;
    if (likely(last != nullptr && strcmp(last->key.tenant, tenant) == 0))
    {
        add_to(last, counts);
        return;
    }
    if (!is_available() || !OidIsValid(MyDatabaseId) || core::is_zero(counts))
        return;
    const Key key = make_key(MyDatabaseId, tenant);
    last = add_if_known(key, counts);
    if (last == nullptr)
        last = add_new(key, counts);
    if (last != nullptr)
        return;
    const Key others = make_key(MyDatabaseId, kOverflowKey);
    if (add_if_known(others, counts) == nullptr)
    {
        // The common entry may use the places kept free.
        pg::LockGuard guard(shared->lock, LW_EXCLUSIVE);
        bool found;
        auto *entry = static_cast<Entry *>(hash_search(entries, &others, HASH_ENTER_NULL, &found));
        if (entry == nullptr)
            return;
        if (!found)
            initialise(entry);
        add_to(entry, counts);
    }
}

int dirty_databases(Oid *databases, int most)
{
    int count = 0;
    if (!is_available())
        return 0;
    pg::LockGuard guard(shared->lock, LW_SHARED);
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, entries);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
    {
        if (pg_atomic_read_u32(&entry->changes) == pg_atomic_read_u32(&entry->flushed))
            continue;
        bool listed = false;
        for (int i = 0; i < count; i++)
            listed = listed || databases[i] == entry->key.database;
        if (!listed && count < most)
            databases[count++] = entry->key.database;
    }
    return count;
}

void forget_database(Oid database)
{
    if (!is_available())
        return;
    pg::LockGuard guard(shared->lock, LW_EXCLUSIVE);
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, entries);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
        if (entry->key.database == database)
            hash_search(entries, &entry->key, HASH_REMOVE, nullptr);
}

int64 flush(Flushed *flushed)
{
    require_memory();
    int64 count;
    Saved *saved = snapshot(MyDatabaseId, &count);
    *flushed = Flushed{saved, count};
    if (count == 0)
        return 0;
    auto *tenants = static_cast<Datum *>(palloc(count * sizeof(Datum)));
    auto *values = static_cast<Datum *>(palloc(count * core::kCounters * sizeof(Datum)));
    for (int64 i = 0; i < count; i++)
    {
        tenants[i] = CStringGetTextDatum(saved[i].key.tenant);
        for (int c = 0; c < core::kCounters; c++)
            values[c * count + i] = Int64GetDatum(saved[i].counts.value[c]);
    }

    // $1 epoch, $2 tenants, $3... one array a counter, in the order of core::Counter.
    constexpr int parameters = 2 + core::kCounters;
    Oid types[parameters] = {INT8OID, TEXTARRAYOID};
    Datum arguments[parameters];
    arguments[0] = Int64GetDatum(static_cast<int64>(shared->epoch));
    arguments[1] =
        PointerGetDatum(construct_array(tenants, count, TEXTOID, -1, false, TYPALIGN_INT));
    for (int c = 0; c < core::kCounters; c++)
    {
        types[2 + c] = INT8ARRAYOID;
        arguments[2 + c] = PointerGetDatum(construct_array(values + c * count, count, INT8OID, 8,
                                                           FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
    }
    constexpr const char *statement = "SELECT tenancy.store_counters($1, $2, $3, $4, $5, $6, $7, "
                                      "$8, $9, $10, $11, $12, $13, $14)";

    owner::Scope scope = owner::enter();
    if (SPI_execute_with_args(statement, parameters, types, arguments, nullptr, false, 1) !=
        SPI_OK_SELECT)
        elog(ERROR, "could not store resource counters");
    bool is_null;
    const int64 written =
        DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
    owner::leave(scope);
    return written;
}

void confirm(const Flushed &flushed)
{
    const auto *saved = static_cast<const Saved *>(flushed.copies);
    pg::LockGuard guard(shared->lock, LW_SHARED);
    for (int64 i = 0; i < flushed.count; i++)
        if (auto *entry =
                static_cast<Entry *>(hash_search(entries, &saved[i].key, HASH_FIND, nullptr)))
            pg_atomic_write_u32(&entry->flushed, saved[i].changes);
}

} // namespace tenancy::counters

using namespace tenancy;

TENANCY_FUNCTION(tenancy_flush_counters)
{
    counters::Flushed flushed;
    PG_RETURN_INT64(counters::flush(&flushed));
}

// One row a tenant of this database; tenant NULL is work without a tenant.
TENANCY_FUNCTION(tenancy_stat_counters)
{
    counters::require_memory();
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    int64 count;
    counters::Saved *saved = counters::snapshot(MyDatabaseId, &count);
    for (int64 i = 0; i < count; i++)
    {
        Datum values[2 + core::kCounters];
        bool nulls[2 + core::kCounters]{};
        nulls[0] = saved[i].key.tenant[0] == '\0';
        values[0] = nulls[0] ? Datum{0} : CStringGetTextDatum(saved[i].key.tenant);
        values[1] = Int64GetDatum(static_cast<int64>(counters::shared->epoch));
        for (int c = 0; c < core::kCounters; c++)
            values[2 + c] = Int64GetDatum(saved[i].counts.value[c]);
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    return Datum{0};
}
