// The partitioned hash of usage windows.
// SPDX-License-Identifier: PostgreSQL
#include "reservations.hpp"

#include "guc.hpp"

#include <type_traits>

namespace tenancy::reservations
{

namespace
{

constexpr int kPartitions = 32;

static_assert(std::has_unique_object_representations_v<Key>, "a hash key has no padding");

struct Entry
{
    Key key;
    uint32 pins;
    bool is_stale;   // goes with the last pin
    dlist_node idle; // in the partition's list while there are no pins
    core::State state;
};

struct Partition
{
    LWLock *lock;
    uint64 evictions;
    dlist_head idle; // unpinned entries, the longest unused first
};

struct Shared
{
    Partition partitions[kPartitions];
};

constinit Shared *shared = nullptr;
constinit HTAB *entries = nullptr;

// Of the lock that a loader holds; the server's own advisory locks use 1 and 2.
constexpr uint16 kLoadLockClass = 0x7452;

enum class Outcome { done, missing, full };

Partition &partition_of(uint32 hash)
{
    return shared->partitions[hash % kPartitions];
}

Entry *find(const Key &key, uint32 hash)
{
    return static_cast<Entry *>(
        hash_search_with_hash_value(entries, &key, hash, HASH_FIND, nullptr));
}

// The following hold the partition's lock when called.

void pin(Entry *entry)
{
    if (entry->pins++ == 0)
        dlist_delete(&entry->idle);
}

void remove(Partition &partition, Entry *entry, uint32 hash)
{
    if (entry->pins == 0)
        dlist_delete(&entry->idle);
    hash_search_with_hash_value(entries, &entry->key, hash, HASH_REMOVE, nullptr);
    partition.evictions++;
}

void unpin(Partition &partition, Entry *entry, uint32 hash)
{
    if (entry->pins == 0 || --entry->pins > 0)
        return;
    dlist_push_tail(&partition.idle, &entry->idle);
    if (entry->is_stale)
        remove(partition, entry, hash);
}

void count(core::State &state, const Request &request, const core::WindowStarts &when)
{
    switch (request.act)
    {
    case Act::hold:
        return;
    case Act::release:
        state.releasing += request.amount;
        return;
    case Act::lease:
        state.leased += request.amount;
        return;
    default:
        core::add(state.windows, when, request.amount);
        state.in_flight += request.amount;
        // Late usage is of a time for which nobody can be slowed down any more.
        if (request.limits->rate.interval != 0 && request.when == request.present)
            state.bucket =
                core::take(request.limits->rate, state.bucket, request.now, request.amount);
    }
}

void look(const core::State &state, const Request &request, Answer *answer)
{
    // Only looking must not move the windows: a session may have a clock of its own.
    answer->state = state;
    core::advance(answer->state.windows, *request.present);
    core::adopt_rate(answer->state, request.limits->rate, request.now);
    answer->decision = decide(answer->state, request);
    answer->when = answer->state.windows.start;
}

void serve(Entry *entry, const Request &request, Answer *answer)
{
    core::State &state = entry->state;
    if (request.act == Act::look)
    {
        look(state, request, answer);
        return;
    }
    core::advance(state.windows, *request.present);
    core::adopt_rate(state, request.limits->rate, request.now);
    // A clock that went back, or a rollover seen by others first: count in the later window.
    answer->when = request.when == request.present ? state.windows.start : *request.when;
    answer->decision = decide(state, request);
    if (answer->decision.verdict != core::Verdict::admitted)
    {
        answer->state = state;
        return;
    }
    count(state, request, answer->when);
    if (request.pin)
        pin(entry);
    answer->state.windows = state.windows;
}

Outcome serve_known(const Request &request, uint32 hash, Answer *answer, uint64 *evictions)
{
    Partition &partition = partition_of(hash);
    pg::LockGuard guard(partition.lock, LW_EXCLUSIVE);
    *evictions = partition.evictions;
    Entry *entry = find(*request.key, hash);
    if (entry == nullptr)
        return Outcome::missing;
    serve(entry, request, answer);
    return Outcome::done;
}

bool evict_one(Partition &partition)
{
    if (dlist_is_empty(&partition.idle))
        return false;
    // The server's dlist_head_element is a C-only macro.
    char *node = reinterpret_cast<char *>(dlist_head_node(&partition.idle));
    auto *entry = reinterpret_cast<Entry *>(node - offsetof(Entry, idle));
    remove(partition, entry, hash_of(entry->key));
    return true;
}

Outcome serve_new(const Request &request, uint32 hash, const core::State &loaded, uint64 evictions,
                  Answer *answer)
{
    Partition &partition = partition_of(hash);
    pg::LockGuard guard(partition.lock, LW_EXCLUSIVE);
    Entry *entry = find(*request.key, hash);
    if (entry == nullptr)
    {
        if (partition.evictions != evictions)
            return Outcome::missing; // our entry may have come and gone: what we loaded is stale
        bool found;
        auto enter = [&] {
            return static_cast<Entry *>(
                hash_search_with_hash_value(entries, request.key, hash, HASH_ENTER_NULL, &found));
        };
        const bool at_limit = hash_get_num_entries(entries) >= guc::max_quota_entries;
        entry = at_limit ? nullptr : enter();
        if (entry == nullptr && evict_one(partition))
            entry = enter();
        if (entry == nullptr)
            return Outcome::full;
        entry->pins = 0;
        entry->is_stale = false;
        entry->state = loaded;
        dlist_push_tail(&partition.idle, &entry->idle);
    }
    serve(entry, request, answer);
    return Outcome::done;
}

} // namespace

core::Decision decide(const core::State &state, const Request &request)
{
    switch (request.act)
    {
    case Act::record: {
        constexpr core::Limits unlimited{{core::kUnlimited, core::kUnlimited, core::kUnlimited,
                                          core::kUnlimited, core::kUnlimited, core::kUnlimited}};
        return core::decide(state.windows, unlimited, request.amount);
    }
    case Act::release: {
        const int64 most = core::releasable(state, request.own.amount);
        return {request.amount <= most ? core::Verdict::admitted : core::Verdict::refused,
                core::kTotal, most, core::kUnlimited, most - request.amount};
    }
    case Act::hold:
        return {core::Verdict::admitted, -1, 0, core::kUnlimited, core::kUnlimited};
    case Act::lease:
        return core::decide_concurrency(state, request.limits->concurrency, request.amount);
    default:
        return core::decide(state, *request.limits, request.now, request.amount,
                            request.own.released);
    }
}

void request_memory()
{
    RequestAddinShmemSpace(
        add_size(MAXALIGN(sizeof(Shared)),
                 hash_estimate_size(guc::max_quota_entries + kPartitions, sizeof(Entry))));
    RequestNamedLWLockTranche("tenancy_reservations", kPartitions);
}

void start()
{
    bool found;
    shared = static_cast<Shared *>(ShmemInitStruct("tenancy reservations", sizeof(Shared), &found));
    HASHCTL control{};
    control.keysize = sizeof(Key);
    control.entrysize = sizeof(Entry);
    control.num_partitions = kPartitions;
    const long size = guc::max_quota_entries + kPartitions;
    entries = ShmemInitHash("tenancy reservation entries", size, size, &control,
                            HASH_ELEM | HASH_BLOBS | HASH_PARTITION);
    if (!found)
    {
        LWLockPadded *locks = GetNamedLWLockTranche("tenancy_reservations");
        for (int i = 0; i < kPartitions; i++)
        {
            shared->partitions[i].lock = &locks[i].lock;
            shared->partitions[i].evictions = 0;
            dlist_init(&shared->partitions[i].idle);
        }
    }
}

bool is_available()
{
    return shared != nullptr;
}

uint32 hash_of(const Key &key)
{
    return is_available() ? get_hash_value(entries, &key) : tag_hash(&key, sizeof(key));
}

namespace
{

// Makes room somewhere: the limit is one of all partitions, and ours may have nothing idle.
bool evict_anywhere()
{
    for (Partition &partition : shared->partitions)
    {
        pg::LockGuard guard(partition.lock, LW_EXCLUSIVE);
        if (evict_one(partition))
            return true;
    }
    return false;
}

// Loading reads all of the tenant's usage that no rollup has reached: one session does it, and those
// that want the same entry wait for it. A lock of the server's, because an error must release it.
Outcome load_and_serve(const Request &request, Answer *answer)
{
    LOCKTAG loading;
    SET_LOCKTAG_ADVISORY(loading, request.key->database, request.key->ledger, request.hash,
                         kLoadLockClass);
    (void)LockAcquire(&loading, ExclusiveLock, false, false);
    uint64 evictions;
    Outcome outcome = serve_known(request, request.hash, answer, &evictions);
    if (outcome != Outcome::done)
    {
        core::State loaded{};
        request.load(request.load_argument, *request.present, &loaded);
        outcome = serve_new(request, request.hash, loaded, evictions, answer);
    }
    LockRelease(&loading, ExclusiveLock, false);
    return outcome;
}

} // namespace

void request(const Request &request, Answer *answer)
{
    uint64 evictions;
    if (likely(serve_known(request, request.hash, answer, &evictions) == Outcome::done))
        return;
    for (;;)
    {
        const Outcome outcome = load_and_serve(request, answer);
        if (outcome == Outcome::done)
            return;
        if (outcome == Outcome::full && !evict_anywhere())
            ereport(ERROR,
                    (errcode(ERRCODE_OUT_OF_MEMORY),
                     errmsg("out of shared memory for usage of tenants"),
                     errdetail("Running transactions use more pairs of tenant and metric than "
                               "tenancy.max_quota_entries (%d) allows.",
                               guc::max_quota_entries),
                     errhint("Raise tenancy.max_quota_entries, or use fewer tenants a "
                             "transaction.")));
        CHECK_FOR_INTERRUPTS();
    }
}

void settle(const Key &key, uint32 hash, const core::WindowStarts &when, const core::Share &share,
            core::End end)
{
    Partition &partition = partition_of(hash);
    pg::LockGuard guard(partition.lock, LW_EXCLUSIVE);
    if (Entry *entry = find(key, hash))
    {
        core::settle(entry->state, when, share, end);
        unpin(partition, entry, hash);
    }
}

void pin(const Key &key, uint32 hash)
{
    pg::LockGuard guard(partition_of(hash).lock, LW_EXCLUSIVE);
    if (Entry *entry = find(key, hash))
        pin(entry);
}

void unpin(const Key &key, uint32 hash)
{
    Partition &partition = partition_of(hash);
    pg::LockGuard guard(partition.lock, LW_EXCLUSIVE);
    if (Entry *entry = find(key, hash))
        unpin(partition, entry, hash);
}

namespace
{

// A scan walks through all partitions, so it needs all their locks, taken in order.
template <typename Function>
void for_each_entry(Function function)
{
    for (Partition &partition : shared->partitions)
        LWLockAcquire(partition.lock, LW_EXCLUSIVE);
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, entries);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
    {
        const uint32 hash = hash_of(entry->key);
        function(partition_of(hash), entry, hash);
    }
    for (Partition &partition : shared->partitions)
        LWLockRelease(partition.lock);
}

} // namespace

void forget_metric(Oid database, Oid ledger, const char *metric)
{
    for_each_entry([=](Partition &partition, Entry *entry, uint32 hash) {
        if (entry->key.database != database || entry->key.ledger != ledger ||
            strcmp(entry->key.metric, metric) != 0)
            return;
        entry->is_stale = true;
        if (entry->pins == 0)
            remove(partition, entry, hash);
    });
    // Also where there was none: somebody may be loading what is out of date.
    for (Partition &partition : shared->partitions)
    {
        pg::LockGuard guard(partition.lock, LW_EXCLUSIVE);
        partition.evictions++;
    }
}

void forget_database(Oid database)
{
    if (!is_available())
        return;
    // The database is gone, and with it everybody who could hold a pin.
    for_each_entry([=](Partition &partition, Entry *entry, uint32 hash) {
        if (entry->key.database == database)
            remove(partition, entry, hash);
    });
}

} // namespace tenancy::reservations
