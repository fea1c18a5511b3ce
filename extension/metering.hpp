// Resource use of this backend, charged to the tenant that caused it; flushed once a transaction.
// SPDX-License-Identifier: PostgreSQL
//
// The server's buffer and WAL counters always run: the difference between two boundaries (tenant
// set, switched, transaction ended) is the tenant's. Only statements, rows and time need hooks.
#pragma once

#include "pg.hpp"

#include "core/counts.hpp"

namespace tenancy::metering
{

// A client's statement begins: finds out whether to meter (only in databases that have the
// extension, and not in our own workers) and whom to charge. Needs a transaction.
void begin_statement();
void disable();

// Adds to the counts of the present tenant; memory of this backend only.
void count(core::Counter counter, int64 amount);

// The transaction ends: hands everything counted to shared memory. Cannot fail.
void end_transaction();

// Ends what is charged to the present tenant, before another one is set. Cannot fail.
void close_epoch();

} // namespace tenancy::metering
