// Shared resource counters: their memory, adding, and making room.
// SPDX-License-Identifier: PostgreSQL
#include "counters.hpp"

#include "counters_file.hpp"
#include "counters_memory.hpp"
#include "guc.hpp"

#include <type_traits>

namespace tenancy::counters
{

constinit Shared *shared = nullptr;
constinit HTAB *entries = nullptr;

namespace
{

// Common entries of up to as many databases find room when all others are taken.
constexpr int kKeptFree = 64;

static_assert(std::has_unique_object_representations_v<Key>, "a hash key has no padding");

// The entries this process has pinned: for work without a tenant, and the last tenant's or others'.
constinit Entry *nobodys = nullptr;
constinit Entry *last = nullptr;
constinit Entry *found = nullptr; // the one of the two that the last addition went to
constinit uint32 found_by = 0;    // by this number; 0 = it is to be searched for
constinit char overflown[registry::kNameSize]{}; // the tenant that `last` is the common entry for
constinit uint32 overflown_at = 0;               // the flush after which it found no room

Key make_key(Oid database, const char *tenant)
{
    Key key{};
    key.database = database;
    strlcpy(key.tenant, tenant, sizeof(key.tenant));
    return key;
}

int64 most_entries()
{
    return Max(guc::max_tracked_tenants, file::entries_at_start());
}

void add_to(Entry *entry, core::Tally &tally, const uint8 *latencies, int latency_count)
{
    tally.drain([entry](int counter, int64 amount) {
        pg_atomic_fetch_add_u64(&entry->value[counter], amount);
    });
    for (int i = 0; i < latency_count; i++)
        pg_atomic_fetch_add_u64(&entry->latency[latencies[i]], 1);
    pg_atomic_fetch_add_u32(&entry->changes, 1);
}

void initialise(Entry *entry)
{
    pg_atomic_init_u32(&entry->pins, 0);
    pg_atomic_init_u32(&entry->changes, 0);
    pg_atomic_init_u32(&entry->flushed, 0);
    entry->epoch = shared->next_epoch++;
    for (pg_atomic_uint64 &value : entry->value)
        pg_atomic_init_u64(&value, 0);
    for (pg_atomic_uint64 &bucket : entry->latency)
        pg_atomic_init_u64(&bucket, 0);
}

// Gives away places of entries that the table knows all of: several at once, because they are
// searched for. Caller holds the lock exclusively.
bool make_room()
{
    const uint32 flushes = pg_atomic_read_u32(&shared->flushes);
    if (shared->full_since == flushes)
        return false;
    int64 wanted = 1 + guc::max_tracked_tenants / 16;
    int64 removed = 0;
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, entries);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
    {
        if (pg_atomic_read_u32(&entry->pins) != 0)
            continue;
        pg_read_barrier(); // what was added before the last one unpinned it is seen
        if (!is_clean(entry))
            continue;
        (void)hash_search(entries, &entry->key, HASH_REMOVE, nullptr);
        removed++;
        if (removed == wanted)
        {
            hash_seq_term(&scan);
            break;
        }
    }
    if (removed == 0)
        shared->full_since = flushes;
    return removed > 0;
}

// Caller holds the lock exclusively.
void wake_launcher_if_nearly_full()
{
    const uint32 flushes = pg_atomic_read_u32(&shared->flushes);
    if (shared->woken_at == flushes || shared->launcher == nullptr ||
        hash_get_num_entries(entries) < most_entries() / 8 * 7)
        return;
    shared->woken_at = flushes;
    SetLatch(shared->launcher);
}

// Caller holds the lock exclusively. Null when there is no room.
Entry *enter(const Key &key, bool may_use_kept_places)
{
    auto *entry = static_cast<Entry *>(hash_search(entries, &key, HASH_FIND, nullptr));
    if (entry != nullptr)
        return entry;
    if (hash_get_num_entries(entries) >= most_entries() && !make_room() && !may_use_kept_places)
        return nullptr;
    entry = static_cast<Entry *>(hash_search(entries, &key, HASH_ENTER_NULL, nullptr));
    if (entry != nullptr)
        initialise(entry);
    wake_launcher_if_nearly_full();
    return entry;
}

Entry *pin(const char *tenant, bool may_use_kept_places)
{
    const Key key = make_key(MyDatabaseId, tenant);
    {
        pg::LockGuard guard(shared->lock, LW_SHARED);
        auto *entry = static_cast<Entry *>(hash_search(entries, &key, HASH_FIND, nullptr));
        if (entry != nullptr)
        {
            pg_atomic_fetch_add_u32(&entry->pins, 1);
            return entry;
        }
    }
    pg::LockGuard guard(shared->lock, LW_EXCLUSIVE);
    Entry *entry = enter(key, may_use_kept_places);
    if (entry != nullptr)
        pg_atomic_fetch_add_u32(&entry->pins, 1);
    return entry;
}

void unpin(Entry **entry)
{
    if (*entry != nullptr)
        pg_atomic_fetch_sub_u32(&(*entry)->pins, 1);
    *entry = nullptr;
}

Entry *count_session(Entry *entry)
{
    if (entry != nullptr && !IsParallelWorker())
        pg_atomic_fetch_add_u64(&entry->value[core::kSessions], 1);
    return entry;
}

pg_noinline Entry *change_entry(const char *tenant)
{
    if (tenant[0] == '\0')
    {
        nobodys = pin(tenant, true);
        return count_session(nobodys);
    }
    unpin(&last);
    overflown_at = pg_atomic_read_u32(&shared->flushes);
    last = pin(tenant, false);
    overflown[0] = '\0';
    if (last == nullptr)
    {
        last = pin(kOthers, true);
        strlcpy(overflown, tenant, sizeof(overflown));
    }
    return count_session(last);
}

Entry *entry_of(const char *tenant)
{
    if (tenant[0] == '\0' && likely(nobodys != nullptr))
        return nobodys;
    if (likely(last != nullptr && strcmp(last->key.tenant, tenant) == 0))
        return last;
    // No room: asked again only after a flush.
    if (overflown[0] != '\0' && strcmp(overflown, tenant) == 0 &&
        overflown_at == pg_atomic_read_u32(&shared->flushes))
        return last;
    return change_entry(tenant);
}

// Found again by its number, unless there was no room: then there may be the next time.
pg_noinline Entry *find(const char *tenant, uint32 number)
{
    found = entry_of(tenant);
    found_by = found != nullptr && overflown[0] == '\0' ? number : 0;
    return found;
}

extern "C" {

static void on_exit(int, Datum)
{
    found = nullptr;
    found_by = 0;
    unpin(&nobodys);
    unpin(&last);
    overflown[0] = '\0';
}

// Runs in the postmaster when every other process has gone.
static void on_shutdown(int code, Datum)
{
    if (code == 0 && shared != nullptr && entries != nullptr)
        file::save();
}
}

} // namespace

void request_memory()
{
    RequestAddinShmemSpace(add_size(MAXALIGN(sizeof(Shared)),
                                    hash_estimate_size(most_entries() + kKeptFree, sizeof(Entry))));
    RequestNamedLWLockTranche("tenancy_counters", 1);
}

void start()
{
    bool found;
    shared = static_cast<Shared *>(ShmemInitStruct("tenancy counters", sizeof(Shared), &found));
    HASHCTL control{};
    control.keysize = sizeof(Key);
    control.entrysize = sizeof(Entry);
    entries = ShmemInitHash("tenancy counter entries", most_entries() + kKeptFree,
                            most_entries() + kKeptFree, &control, HASH_ELEM | HASH_BLOBS);
    if (!found)
    {
        shared->lock = &GetNamedLWLockTranche("tenancy_counters")->lock;
        shared->launcher = nullptr;
        pg_atomic_init_u32(&shared->flushes, 1);
        shared->full_since = 0;
        shared->woken_at = 0;
        // Half of the numbers stay free, so that counting on from here never overflows.
        if (!pg_strong_random(&shared->next_epoch, sizeof(shared->next_epoch)))
            shared->next_epoch = static_cast<uint64>(GetCurrentTimestamp());
        shared->next_epoch &= PG_INT64_MAX / 2;
        file::load();
    }
    if (!IsUnderPostmaster)
        on_shmem_exit(on_shutdown, 0);
}

bool is_available()
{
    return shared != nullptr;
}

void join()
{
    static constinit bool joined = false;
    if (!joined)
        on_shmem_exit(on_exit, 0);
    joined = true;
}

void add(const char *tenant, uint32 number, core::Tally &tally, const uint8 *latencies,
         int latency_count)
{
    Entry *entry = number != 0 && number == found_by ? found : find(tenant, number);
    if (likely(entry != nullptr))
        add_to(entry, tally, latencies, latency_count);
    else
        tally = core::Tally{};
}

void set_launcher(Latch *latch)
{
    pg::LockGuard guard(shared->lock, LW_EXCLUSIVE);
    shared->launcher = latch;
}

// `changes` before the values: what comes meanwhile makes the entry dirty again.
Saved copy_of(Entry *entry)
{
    Saved saved{};
    saved.key = entry->key;
    saved.epoch = entry->epoch;
    saved.changes = pg_atomic_read_u32(&entry->changes);
    pg_read_barrier();
    for (int i = 0; i < core::kCounters; i++)
        saved.counts.value[i] = static_cast<int64>(pg_atomic_read_u64(&entry->value[i]));
    for (int i = 0; i < core::kBuckets; i++)
        saved.latency[i] = static_cast<int64>(pg_atomic_read_u64(&entry->latency[i]));
    return saved;
}

int64 count_all()
{
    return hash_get_num_entries(entries);
}

void for_each(void (*visit)(const Saved &saved, void *argument), void *argument)
{
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, entries);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
        visit(copy_of(entry), argument);
}

void restore(const Saved &saved)
{
    auto *entry = static_cast<Entry *>(hash_search(entries, &saved.key, HASH_ENTER_NULL, nullptr));
    if (entry == nullptr)
        return;
    initialise(entry);
    entry->epoch = saved.epoch;
    // Not clean, whatever it was: the commit of a flush may be lost where commits do not wait for
    // the disk.
    pg_atomic_write_u32(&entry->changes, 1);
    for (int i = 0; i < core::kCounters; i++)
        pg_atomic_write_u64(&entry->value[i], saved.counts.value[i]);
    for (int i = 0; i < core::kBuckets; i++)
        pg_atomic_write_u64(&entry->latency[i], saved.latency[i]);
}

uint64 *next_epoch()
{
    return &shared->next_epoch;
}

} // namespace tenancy::counters
