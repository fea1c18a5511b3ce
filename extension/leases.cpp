// The session's list of leases.
// SPDX-License-Identifier: PostgreSQL
#include "leases.hpp"

#include "guc.hpp"

namespace tenancy::leases
{

namespace
{

// Apart from the slots, which may be forgotten while a session lives. A lease that holds something
// has a pin on its entry.
struct Lease
{
    Lease *next;
    reservations::Key key;
    uint32 hash;
    int64 amount;
};

constinit Lease *leases = nullptr;
constinit bool ends_with_process = false;

Lease *find(const quota::Slot *slot)
{
    for (Lease *lease = leases; lease != nullptr; lease = lease->next)
        if (memcmp(&lease->key, &slot->key, sizeof(lease->key)) == 0)
            return lease;
    return nullptr;
}

void give_back(Lease *lease, int64 amount)
{
    if (amount == 0)
        return;
    lease->amount -= amount;
    // Settling takes a pin along.
    if (lease->amount > 0)
        reservations::pin(lease->key, lease->hash);
    reservations::settle(lease->key, lease->hash, {}, {0, 0, amount}, core::End::committed);
}

extern "C" {
static void on_process_exit(int, Datum)
{
    release_all();
}
}

} // namespace

void acquire(quota::Slot *slot, int64 amount, quota::Outcome *outcome)
{
    // Memory comes first: after it is counted nothing may fail before it is linked.
    Lease *lease = find(slot);
    if (lease == nullptr)
    {
        lease = static_cast<Lease *>(MemoryContextAllocZero(TopMemoryContext, sizeof(Lease)));
        lease->key = slot->key;
        lease->hash = slot->hash;
        lease->next = leases;
        leases = lease;
    }
    if (!ends_with_process)
        before_shmem_exit(on_process_exit, Datum{0});
    ends_with_process = true;
    quota::request(slot,
                   {quota::Act::lease,
                    lease->amount == 0 && amount > 0,
                    amount,
                    guc::clock_time(),
                    {},
                    nullptr},
                   outcome);
    if (outcome->decision.verdict == core::Verdict::admitted)
        lease->amount += amount;
}

int64 held(const quota::Slot *slot)
{
    const Lease *lease = find(slot);
    return lease != nullptr ? lease->amount : 0;
}

int64 release(const quota::Slot *slot, int64 amount)
{
    Lease *lease = find(slot);
    if (lease == nullptr)
        return 0;
    const int64 part = Min(amount, lease->amount);
    give_back(lease, part);
    return part;
}

void release_all()
{
    for (Lease *lease = leases; lease != nullptr; lease = lease->next)
        give_back(lease, lease->amount);
}

} // namespace tenancy::leases
