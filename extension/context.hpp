// Which tenant this backend acts for: the setting, its checks, and the current_tenant functions.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include "registry.hpp"

namespace tenancy::context
{

// To be called when a claim has changed.
void forget_resolved();

// Has a tenant been named? Says nothing about whether it exists.
bool is_set();

// The folded id that is set, "" when none is; needs no catalog access.
const char *key();

// The id as it was set, for messages.
const char *name();

// The id to charge work to: the tenant's as registered, "" while none is set or the one named is
// not known to exist. confirm() looks (it needs a transaction), charged_id() needs nothing.
void confirm();
const char *charged_id();

// Another one, and never 0, whenever charged_id() may be another.
uint32 charge_number();

// The tenant, or nullptr when none is set. An error when it is unknown, suspended or closed.
const registry::Tenant *current();

// The same, but nullptr instead of an error.
const registry::Tenant *usable();

// As current(), but an error when none is set.
const registry::Tenant *require_current();

// Lets go of pointers into the registry's cache.
void forget_cache();

} // namespace tenancy::context
