// Fingerprints of used tokens in shared memory.
// SPDX-License-Identifier: PostgreSQL
//
// In memory and not in a table, because a rollback must not make a token new, and because read-only
// transactions and standbys use tokens as well. What is lost with the memory is made good by
// refusing tokens that were issued before it began.
#include "replay.hpp"

#include "guc.hpp"

namespace tenancy::replay
{

namespace
{

struct Entry
{
    unsigned char fingerprint[16];
    TimestampTz valid_until;
};

struct Shared
{
    TimestampTz started_at;
    TimestampTz earliest; // no entry ends before
    int64 count;
};

constinit Shared *shared = nullptr;
constinit HTAB *used = nullptr;
constinit LWLock *lock = nullptr;

constexpr char kName[] = "tenancy used tokens";

void sweep(TimestampTz now)
{
    TimestampTz earliest = PG_INT64_MAX;
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, used);
    while (auto *entry = static_cast<Entry *>(hash_seq_search(&status)))
    {
        if (entry->valid_until <= now)
        {
            (void)hash_search(used, entry->fingerprint, HASH_REMOVE, nullptr);
            shared->count--;
        }
        else if (entry->valid_until < earliest)
            earliest = entry->valid_until;
    }
    shared->earliest = earliest;
}

} // namespace

void request_memory()
{
    RequestAddinShmemSpace(MAXALIGN(sizeof(Shared)));
    RequestAddinShmemSpace(hash_estimate_size(guc::max_used_tokens, sizeof(Entry)));
    RequestNamedLWLockTranche(kName, 1);
}

void start()
{
    bool found;
    shared = static_cast<Shared *>(ShmemInitStruct("tenancy replay guard", sizeof(Shared), &found));
    if (!found)
    {
        shared->started_at = GetCurrentTimestamp();
        shared->earliest = PG_INT64_MAX;
        shared->count = 0;
    }
    HASHCTL control{};
    control.keysize = sizeof(Entry::fingerprint);
    control.entrysize = sizeof(Entry);
    used = ShmemInitHash(kName, guc::max_used_tokens, guc::max_used_tokens, &control,
                         HASH_ELEM | HASH_BLOBS | HASH_FIXED_SIZE);
    lock = &GetNamedLWLockTranche(kName)->lock;
}

Use mark_used(const unsigned char fingerprint[16], TimestampTz issued, TimestampTz valid_until,
              TimestampTz now)
{
    if (shared == nullptr)
        return Use::no_memory;
    // An issuer's clock may go ahead of ours by as much as the leeway.
    if (issued < shared->started_at + guc::token_leeway_seconds * USECS_PER_SEC)
        return Use::too_old;
    const pg::LockGuard guard(lock, LW_EXCLUSIVE);
    bool found;
    if (hash_search(used, fingerprint, HASH_FIND, nullptr) != nullptr)
        return Use::repeated;
    if (shared->count >= guc::max_used_tokens && shared->earliest <= now)
        sweep(now);
    auto *entry =
        shared->count >= guc::max_used_tokens
            ? nullptr
            : static_cast<Entry *>(hash_search(used, fingerprint, HASH_ENTER_NULL, &found));
    if (entry == nullptr)
        return Use::full;
    entry->valid_until = valid_until;
    shared->earliest = Min(shared->earliest, valid_until);
    shared->count++;
    return Use::first;
}

} // namespace tenancy::replay
