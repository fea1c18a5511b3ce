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

// Reads the committed usage from the tables, in the windows that start at `starts`.
using Loader = void (*)(void *argument, const core::WindowStarts &starts, core::Windows *windows);

struct Request
{
    Key key;
    uint32 hash;
    core::WindowStarts present; // the windows of now
    core::WindowStarts when;    // the windows that the usage falls into, at most `present`
    int64 amount;
    bool enforce; // refuse past a limit
    bool reserve; // count it; otherwise only decide
    bool pin;     // this transaction has no pin on the entry yet
    core::Limits limits;
    Loader load;
    void *load_argument;
};

struct Answer
{
    core::Decision decision;
    core::Windows windows;   // after the request
    core::WindowStarts when; // the windows it was counted in
};

[[nodiscard]] Answer request(const Request &request);

// Gives an amount back. Cannot fail.
void release(const Key &key, uint32 hash, const core::WindowStarts &when, int64 amount);
void unpin(const Key &key, uint32 hash);
void pin(const Key &key, uint32 hash); // of an entry that is pinned already

void forget_database(Oid database);

} // namespace tenancy::reservations
