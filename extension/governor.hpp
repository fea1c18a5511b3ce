// Settings of the server that hold while a tenant is set, by its plan or its own.
// SPDX-License-Identifier: PostgreSQL
//
// They are set as SET LOCAL would, by the first statement of each transaction, so that the server
// takes them back at its end; what is left to do is to put them back when a statement finds them
// changed, and to take them back when the tenant changes within a transaction.
#pragma once

#include "pg.hpp"

namespace tenancy::governor
{

// Is there nothing to apply, as far as is known?
extern bool is_idle;
extern uint64 seen_generation;

void apply_now();

// Before anything of a statement runs. Needs a transaction that has not failed.
void apply();

// The tenant has changed. Cannot fail.
void tenant_changed();

// The server has taken everything back.
void end_transaction();

} // namespace tenancy::governor
