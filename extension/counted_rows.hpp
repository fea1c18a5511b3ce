// Exact numbers of rows a tenant and table, from triggers on the tables that are counted.
// SPDX-License-Identifier: PostgreSQL
//
// Triggers see every way into a table: statements, COPY, cascades, partitions, replication. The
// server's own statistics would be cheaper, but do not say whose rows a role that bypasses the wall
// has written. Changes are added up in the backend, savepoint by savepoint, and appended to
// row_changes at pre-commit, one row a table and tenant: nobody waits for a counter's lock.
#pragma once

#include "pg.hpp"

namespace tenancy::counted_rows
{

// Are rows of the table counted? A trigger alone counts nothing.
bool is_counted(Oid relation);

// A row more or less, whose tenant stands in the column.
void count_row(Relation relation, AttrNumber column, TupleTableSlot *row, int64 change);

// What this transaction has changed is part of a new count: it must not be added to it.
void take_back(Oid relation);

// What this transaction has changed so far.
using PendingVisitor = void (*)(void *argument, Oid relation, const char *tenant, int64 rows);
void visit_pending(PendingVisitor visit, void *argument);

// The ends of transactions and savepoints. Only write() can fail.
bool is_anything_pending();
void write();
void forget();
void settle_savepoint(int level, bool committed);

} // namespace tenancy::counted_rows
