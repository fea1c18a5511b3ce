// Usage of the running transaction, and its one way into the table usage_ledger.
// SPDX-License-Identifier: PostgreSQL
//
// Amounts are added up in the backend and written at pre-commit, one row a tenant, metric and
// quarter hour, so that usage commits with the work it measures. What is kept here is at the same
// time what is reserved in shared memory: at abort, also of a savepoint, it is given back.
#pragma once

#include "pg.hpp"

#include "quota.hpp"

namespace tenancy::ledger
{

// An event that has a row of its own because it carries a key, a time or attributes.
struct Event
{
    const text *key;         // or nullptr
    const TimestampTz *at;   // or nullptr: now
    const Jsonb *attributes; // or nullptr
};

struct Result
{
    bool counted; // false: the key had come before
    quota::Outcome outcome;
};

// Counts an amount for the slot's tenant; a verdict other than admitted means nothing was counted.
// An error when a key comes again with other content. A lease ends with the transaction.
void add(quota::Slot *slot, quota::Act act, int64 amount, const Event &event, Result *result);

// Leases of this transaction.
int64 held_leases(const quota::Slot *slot);

// Gives back leases of this transaction, at most that many; returns how many.
int64 end_leases(quota::Slot *slot, int64 amount);

// What a request would meet now; counts nothing.
void look(quota::Slot *slot, int64 amount, quota::Outcome *outcome);

// The ends of transactions and savepoints. Only write() can fail.
bool is_anything_pending();
void write(bool prepare);
void settle(core::End end);
void settle_savepoint(int level, bool committed);

} // namespace tenancy::ledger
