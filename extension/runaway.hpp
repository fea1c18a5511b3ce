// Statements of a client's that take too much: noted, followed by a pause, or cancelled.
// SPDX-License-Identifier: PostgreSQL
//
// What was noted stands in shared memory, not in a table: the transaction of a cancelled statement
// is rolled back, and a read-only one writes nothing.
#pragma once

#include "pg.hpp"

namespace tenancy::runaway
{

void request_memory();
void start();

// Is there a rule that a statement of the present tenant could meet?
bool is_watching();

// Around a client's statement. A query's rows are looked at while it runs, if it is one.
void begin(const QueryDesc *query);
void end(int64 rows);

// In place of end() when it failed, within PG_CATCH: the error of a statement that was cancelled
// here says so.
void fail();

} // namespace tenancy::runaway
