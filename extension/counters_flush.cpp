// Reading resource counters, and their flush: which are news, and when they are known to be in the table.
// SPDX-License-Identifier: PostgreSQL
#include "counters_memory.hpp"

namespace tenancy::counters
{

namespace
{

// What a flush in this transaction has written.
struct Flushed
{
    Key key;
    uint64 epoch;
    uint32 changes;
};
constinit Flushed *flushed_entries = nullptr;
constinit int64 flushed_count = 0;
constinit int flushed_level = 0;

pg_noinline void confirm_flush(bool committed)
{
    if (committed)
    {
        pg::LockGuard guard(shared->lock, LW_SHARED);
        for (int64 i = 0; i < flushed_count; i++)
        {
            auto *entry = static_cast<Entry *>(
                hash_search(entries, &flushed_entries[i].key, HASH_FIND, nullptr));
            if (entry != nullptr && entry->epoch == flushed_entries[i].epoch)
                pg_atomic_write_u32(&entry->flushed, flushed_entries[i].changes);
        }
        pg_atomic_fetch_add_u32(&shared->flushes, 1);
    }
    flushed_entries = nullptr; // its memory goes with the transaction
}

} // namespace

Oid next_dirty_database(Oid after)
{
    Oid next = InvalidOid;
    pg::LockGuard guard(shared->lock, LW_SHARED);
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, entries);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
        if (!is_clean(entry) && entry->key.database > after &&
            (!OidIsValid(next) || entry->key.database < next))
            next = entry->key.database;
    return next;
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

void discard(Oid database)
{
    pg::LockGuard guard(shared->lock, LW_EXCLUSIVE);
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, entries);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
    {
        if (entry->key.database != database)
            continue;
        if (pg_atomic_read_u32(&entry->pins) == 0)
        {
            pg_read_barrier(); // what its last process did with it is over
            hash_search(entries, &entry->key, HASH_REMOVE, nullptr);
            continue;
        }
        // What is added meanwhile may stay.
        const uint32 changes = pg_atomic_read_u32(&entry->changes);
        pg_read_barrier();
        entry->epoch = shared->next_epoch++;
        for (pg_atomic_uint64 &value : entry->value)
            pg_atomic_exchange_u64(&value, 0);
        for (pg_atomic_uint64 &bucket : entry->latency)
            pg_atomic_exchange_u64(&bucket, 0);
        pg_atomic_write_u32(&entry->flushed, changes);
    }
}

Saved *snapshot(Oid database, bool only_dirty, int64 *count)
{
    const int64 most = count_all();
    auto *copies = static_cast<Saved *>(MemoryContextAllocHuge(
        CurrentMemoryContext, Max(most, 1) * static_cast<Size>(sizeof(Saved))));
    int64 taken = 0;
    {
        pg::LockGuard guard(shared->lock, LW_SHARED);
        HASH_SEQ_STATUS scan;
        hash_seq_init(&scan, entries);
        // What has been entered since they were counted comes the next time.
        while (auto *entry = static_cast<Entry *>(hash_seq_search(&scan)))
            if (entry->key.database == database && taken < most &&
                (!only_dirty || !is_clean(entry)))
                copies[taken++] = copy_of(entry);
    }
    *count = taken;
    return copies;
}

void remember_flush(const Saved *saved, int64 count)
{
    auto *list = static_cast<Flushed *>(MemoryContextAllocHuge(
        TopTransactionContext, Max(count, 1) * static_cast<Size>(sizeof(Flushed))));
    for (int64 i = 0; i < count; i++)
        list[i] = Flushed{saved[i].key, saved[i].epoch, saved[i].changes};
    flushed_entries = list;
    flushed_count = count;
    flushed_level = GetCurrentTransactionNestLevel();
}

void end_flush(bool committed)
{
    if (flushed_entries != nullptr)
        confirm_flush(committed);
}

void end_flush_savepoint(int level, bool committed)
{
    if (likely(flushed_entries == nullptr) || flushed_level < level)
        return;
    if (committed)
        flushed_level = level - 1;
    else
        flushed_entries = nullptr;
}

} // namespace tenancy::counters
