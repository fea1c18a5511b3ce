// The library's entry: magic block, and the modules' initialisation in order.
// SPDX-License-Identifier: PostgreSQL
#include "pg.hpp"

#include "guc.hpp"
#include "hooks.hpp"
#include "policy.hpp"
#include "registry.hpp"
#include "sizes.hpp"
#include "worker.hpp"

extern "C" {
TENANCY_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
}

// Settings first: if one cannot be defined, nothing is half installed. Hooks last, when all that
// they call is ready.
extern "C" void _PG_init(void)
{
    tenancy::guc::init(tenancy::hooks::of_settings());
    tenancy::registry::init();
    tenancy::policy::init();
    tenancy::sizes::init();
    if (process_shared_preload_libraries_in_progress)
        tenancy::worker::register_launcher();
    tenancy::hooks::init();
}
