// Names the tenant where operators look: in the server's log and in pg_stat_activity.
// SPDX-License-Identifier: PostgreSQL
//
// EXPLAIN (SETTINGS) and auto_explain need nothing of this: the setting is marked for them (guc.cpp).
#pragma once

#include "pg.hpp"

namespace tenancy::labels
{

// Has the tenant been set before pg_stat_activity knew of this session?
extern bool is_pending;

// Adds the tenant to a message on its way to the log, where that is wanted, and not to what the
// client gets. For the log hook: it must not fail.
void mark(ErrorData *error);

// Shows the tenant in pg_stat_activity, or no longer; after the tenant, application_name or what is
// wanted have changed. Cannot fail.
void show();

} // namespace tenancy::labels
