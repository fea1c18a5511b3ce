// Usage in the current windows of each tenant and metric, in shared memory: what limits are held to.
// SPDX-License-Identifier: PostgreSQL
//
// An entry holds what is committed plus what running transactions have reserved. Every transaction
// that uses a metric pins the entry before it counts and unpins it after its end, so that without
// an entry nothing is in flight and the ledger's committed rows are the whole truth to load from.
// Unpinned entries may be evicted; each eviction moves the partition's generation, so that a load
// that raced with it is repeated. One lock a partition guards its entries; under it only plain
// memory work is done. A limit is compared and counted under one hold of that lock: it cannot be
// passed at any concurrency.
#pragma once

#include "pg.hpp"

#include "core/admission.hpp"
#include "registry.hpp"

namespace tenancy::reservations
{

struct Key
{
    Oid database;
    Oid ledger; // the table: when the extension is made anew, what was before does not count
    char tenant[registry::kNameSize]; // folded id
    char metric[NAMEDATALEN];
};

void request_memory();
void start();
bool is_available();

// The hash by which an entry is found; callers keep it with the key.
uint32 hash_of(const Key &key);

// Reads the state from the tables: what is committed, in the windows that start at `starts`, and what
// prepared transactions hold.
using Loader = void (*)(void *argument, const core::WindowStarts &starts, core::State *state);

enum class Act {
    look,    // only decide
    consume, // count within the limits
    record,  // count, whatever the limits say
    release, // give up what is used; takes effect at commit
    hold,    // keep the entry there: the pin alone
    lease,   // hold within the limit of concurrency, without using
};

struct Request
{
    const Key *key;
    uint32 hash;
    Act act;
    bool pin; // this transaction has no pin on the entry yet
    int64 amount;
    core::Share own;                   // of this transaction, as far as the act depends on it
    int64 now;                         // microseconds, for rates
    const core::WindowStarts *present; // the windows of now
    const core::WindowStarts *when;    // the windows that the usage falls into: the same, or older
    const core::Limits *limits;
    Loader load;
    void *load_argument;
};

struct Answer
{
    core::Decision decision;
    core::WindowStarts when; // the windows it was counted in
    core::State state;       // after the request; of one that was admitted only the windows
};

void request(const Request &request, Answer *answer);

// The decision alone, over a state that is not in shared memory.
[[nodiscard]] core::Decision decide(const core::State &state, const Request &request);

// The end of what a transaction did, and of one pin. Cannot fail.
void settle(const Key &key, uint32 hash, const core::WindowStarts &when, const core::Share &share,
            core::End end);
void pin(const Key &key, uint32 hash); // of an entry that is pinned already
void unpin(const Key &key, uint32 hash);

// Entries of a metric are to be loaded again: at once, or after the last of those that use them.
void forget_metric(Oid database, Oid ledger, const char *metric);

void forget_database(Oid database);

} // namespace tenancy::reservations
