// Who the session says it is: what the settings for tenant, token and pin come to.
// SPDX-License-Identifier: PostgreSQL
//
// A token goes before the setting that merely names a tenant, and a pin leaves of either only what
// is its own tenant. All are settings, so that they follow transactions and parallel workers.
#pragma once

#include "pg.hpp"

#include "token.hpp"

namespace tenancy::claim
{

// The folded id, nullptr when no tenant is set. Says nothing about whether it may be used.
extern const char *present;

// The token that proves it, or nullptr.
const token::Proof *proof();

// The check hooks' parts: validate and make the setting's "extra"; false with the reason given.
bool check_setting(const char *value, void **extra, GucSource source);
bool check_token(char *value, void **extra, GucSource source);
bool check_pin(const char *value, void **extra, GucSource source);

// The assign hooks' parts. Cannot fail.
void assign_setting(void *extra);
void assign_token(void *extra);
void assign_pin(void *extra);
void assign_mode(int mode);

// The folded id that would be set after such a change, "" when none would.
const char *key_if_named(const char *id);
const char *key_if_proven(const void *token_extra);
const char *key_if_mode(int mode);

} // namespace tenancy::claim
