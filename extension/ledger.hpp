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

// Counts an amount for the slot's tenant. With `mode` enforce the verdict may be a refusal, and then
// nothing was counted. An error when a key comes again with other content.
struct Result
{
    bool counted; // false: the key had come before
    core::Decision decision;
};
[[nodiscard]] Result add(quota::Slot *slot, quota::Mode mode, int64 amount, const Event &event);

// What a request would meet now; counts nothing.
[[nodiscard]] quota::Outcome look(quota::Slot *slot, int64 amount);

// The ends of transactions and savepoints. Only write() can fail.
bool is_anything_pending();
void write();
void refuse_prepare();
void settle(bool committed);
void settle_savepoint(int level, bool committed);

} // namespace tenancy::ledger
