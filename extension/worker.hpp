// Background processes that write resource counters to their tables.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::worker
{

// At server start: registers the launcher.
void register_launcher();

} // namespace tenancy::worker

extern "C" {
PGDLLEXPORT void tenancy_launcher_main(Datum);
PGDLLEXPORT void tenancy_sweep_main(Datum);
PGDLLEXPORT void tenancy_flush_main(Datum);
}
