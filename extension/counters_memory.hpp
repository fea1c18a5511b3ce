// What the files of the counters share: an entry, the memory, and a copy of an entry.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "counters.hpp"

namespace tenancy::counters
{

struct Entry
{
    Key key;
    pg_atomic_uint32 pins;    // processes that may add at any time
    pg_atomic_uint32 changes; // grows with each addition
    pg_atomic_uint32 flushed; // what `changes` was when the last committed flush looked
    uint64 epoch;
    pg_atomic_uint64 value[core::kCounters];
    pg_atomic_uint64 latency[core::kBuckets];
};

struct Shared
{
    LWLock *lock;
    uint64 next_epoch;
    Latch *launcher;
    pg_atomic_uint32 flushes; // committed ones
    uint32 full_since;        // the flush after which nothing could make room; guarded by `lock`
    uint32 woken_at;          // the flush after which the launcher was woken; guarded by `lock`
};

extern constinit Shared *shared;
extern constinit HTAB *entries;

inline bool is_clean(Entry *entry)
{
    return pg_atomic_read_u32(&entry->changes) == pg_atomic_read_u32(&entry->flushed);
}

Saved copy_of(Entry *entry);

} // namespace tenancy::counters
