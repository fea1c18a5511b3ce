// Resource counters of all tenants in shared memory.
// SPDX-License-Identifier: PostgreSQL
//
// A hash of (database, tenant) to atomic counters that only grow. To find an entry hold the lock
// shared; to add or remove one hold it exclusively. A process pins the entries it adds to, and then
// adds without a lock. Each entry has an epoch of its own, which is given to no other: what a flush
// writes are absolute values since it began, so writing them twice is harmless. When the memory is
// full, entries that nobody has pinned and that have not changed since a flush was committed make
// room: all they knew is in the table.
#pragma once

#include "pg.hpp"

#include "core/counts.hpp"
#include "core/histogram.hpp"
#include "registry.hpp"

namespace tenancy::counters
{

struct Key
{
    Oid database;
    char tenant[registry::kNameSize];
};

// A copy of an entry; what the file holds.
struct Saved
{
    Key key;
    uint32 changes;
    uint64 epoch;
    core::Counts counts;
    int64 latency[core::kBuckets];
};

// Not a tenant id: stands for all tenants past the limit.
inline constexpr const char *kOthers = "(others)";

void request_memory();
void start();

// Is there shared memory, i.e. was the library preloaded?
bool is_available();

// To be called once in a process, before it adds anything.
void join();

// Moves a tally to a tenant's counters; the key "" is work without a tenant. Never fails: when there
// is no room the counts go to one common entry. Who gives the same number, and not 0, means the same
// tenant as the last time.
void add(const char *tenant, uint32 number, core::Tally &tally, const uint8 *latencies,
         int latency_count);

// The first database after another (in the order of their ids) with counts that no flush has
// confirmed; InvalidOid when there is none.
Oid next_dirty_database(Oid after);

// The database is gone, and with it who could have pinned an entry.
void forget_database(Oid database);

// The extension is gone from the database: what it counted there is no news, now or for one that
// is made later.
void discard(Oid database);

// The launcher tells where to wake it before its time; nullptr when it ends.
void set_launcher(Latch *latch);

// Copies a database's entries, all or those with news, into the present memory context.
Saved *snapshot(Oid database, bool only_dirty, int64 *count);

// What a flush has written becomes clean when its transaction commits.
void remember_flush(const Saved *saved, int64 count);
void end_flush(bool committed);
void end_flush_savepoint(int level, bool committed);

// For the file (counters_file.cpp), while no other process runs: all entries as they are, and
// entries as they were.
int64 count_all();
void for_each(void (*visit)(const Saved &saved, void *argument), void *argument);
void restore(const Saved &saved);
uint64 *next_epoch();

} // namespace tenancy::counters
