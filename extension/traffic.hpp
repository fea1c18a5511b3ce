// How many connections and statements a tenant has at once and a second, over all sessions.
// SPDX-License-Identifier: PostgreSQL
//
// Each backend has a slot that it alone writes, so that what a session holds goes with it, whatever
// way it ends; who counts them does so under the tenant's lock. Rates are one instant a tenant.
#pragma once

#include "pg.hpp"

namespace tenancy::traffic
{

void request_memory();
void start();

// For how long this process's statements have waited for their turn; only grows.
extern constinit int64 waited_microseconds;

// Before a client's statement: is there room for its connection, and has it come too soon?
void admit_statement();

// Around its execution: how many run at once. leave() may be called without enter().
void enter();
void leave();

// The tenant has changed: its connection is free for others. Cannot fail.
void tenant_changed();

// For a while the present tenant's statements run one at a time.
void cool_down(int64 microseconds);

} // namespace tenancy::traffic
