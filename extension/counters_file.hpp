// The file that carries resource counters over a clean restart.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::counters::file
{

// How many entries the file has that the server starts with. There is room for all of them, also
// when tenancy.max_tracked_tenants was lowered: what no flush has written cannot be given away.
int64 entries_at_start();

// Reads the file and removes it: after a crash there is none.
void load();

// When every other process has gone.
void save();

} // namespace tenancy::counters::file
