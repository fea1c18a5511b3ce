// Limits on rows: what a transaction adds to and takes from counted tables, held to a metric's limits.
// SPDX-License-Identifier: PostgreSQL
//
// A metric of rows has no entries in the ledger: the counts of its tables are what is used. Rows are
// reserved like any other use, at the end of each statement and again at pre-commit; rows that are
// deleted make room for the same transaction at once, and for others when it has committed.
#pragma once

#include "pg.hpp"

#include "quota.hpp"

namespace tenancy::row_quota
{

// The account to which rows of a tenant (the tenant column's text) are charged; nullptr when it is
// nobody's who is registered.
quota::Slot *account_of(const char *tenant, const char *metric);

// Rows more or less, to be held to the limits by the next check().
void change(quota::Slot *account, int64 rows);

// Accounts with changes that have not been checked.
extern quota::Slot *unchecked;
void check_all();
inline void check()
{
    if (unlikely(unchecked != nullptr))
        check_all();
}

// The part of the running transaction, for whoever looks without shared memory.
void add_pending(const quota::Slot *account, core::State *state);

// Counts of a metric have changed otherwise than by rows, in tables that are locked: once this
// transaction commits, they are to be read again.
void forget_at_commit(const char *metric);

// The ends of transactions and savepoints. Only before_end(), when the counts are written, can fail.
bool is_anything_pending();
void before_end(bool prepare);
void settle(bool committed);
void settle_savepoint(int level, bool committed);

} // namespace tenancy::row_quota
