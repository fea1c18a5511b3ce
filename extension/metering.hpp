// Resource use of this process, charged to the tenant that caused it; folded once a transaction.
// SPDX-License-Identifier: PostgreSQL
//
// The server's buffer, WAL and table counters always run: the difference between two boundaries
// (tenant set, switched, transaction ended) is the tenant's. Only statements and time need hooks.
#pragma once

#include "pg.hpp"

#include "core/counts.hpp"

namespace tenancy::metering
{

// Is this process's work counted?
extern bool enabled;

// Counted by hooks for the present tenant.
extern core::Tally present;

inline void count(core::Counter counter, int64 amount)
{
    if (enabled)
        present.add(counter, amount);
}

// A query or utility statement begins: finds out whether to meter (only in databases that have the
// extension, and not in our own workers) and whom to charge. Needs a transaction.
void begin_statement();
void disable();

// A client's statement begins; it ends when it has run, or with the transaction.
void begin_client_statement(core::Counter kind);
void end_client_statement();

// Time of the client's statement that runs, or is about to.
void add_time(const instr_time &started);

// The transaction ends: hands everything counted to shared memory. Cannot fail.
void end_transaction(bool aborting);

// A parallel worker's transaction ends: the leader counts all of its use but processor time and
// rows read.
pg_noinline void end_parallel_work(bool aborting);

// A savepoint is rolled back or released.
void end_savepoint(int level, bool aborting);

// Ends what is charged to the present tenant, before another one is set. Cannot fail.
void close_epoch();

} // namespace tenancy::metering
