// Resource counters of all tenants in shared memory.
// SPDX-License-Identifier: PostgreSQL
//
// A hash of (database, tenant) to atomic counters that only grow. To find an entry hold the lock
// shared; to add one hold it exclusively; entries leave only with their database, and counting needs
// no lock beyond the shared one. Values are absolute since `epoch`, which is drawn when the memory
// is made and survives a clean restart in a file: writing them twice is harmless.
#pragma once

#include "pg.hpp"

#include "core/counts.hpp"
#include "registry.hpp"

namespace tenancy::counters
{

void request_memory();
void start();

// Is there shared memory, i.e. was the library preloaded?
bool is_available();

// Adds to a tenant's counters; the key "" is work without a tenant. Never fails: past
// tenancy.max_tracked_tenants the counts go to one common entry.
void add(const char *key, const core::Counts &counts);

// Databases with counts that no flush has confirmed; returns how many.
int dirty_databases(Oid *databases, int most);

void forget_database(Oid database);

// What a flush has written, in the memory context it ran in.
struct Flushed
{
    void *copies;
    int64 count;
};

// Writes this database's counters to tenancy.resource_usage; needs a transaction. Once that has
// committed, confirm() makes the entries clean.
int64 flush(Flushed *flushed);
void confirm(const Flushed &flushed);

} // namespace tenancy::counters
