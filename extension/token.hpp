// Signed tokens: whose they are, and until when.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include "core/token.hpp"
#include "registry.hpp"

namespace tenancy::token
{

// What a good token proves: all that is kept of it.
struct Proof
{
    char key[registry::kNameSize]; // the tenant's folded id
    char key_id[core::kMaxKeyIdSize + 1];
    TimestampTz valid_until; // leeway included
};

// Why a token is refused. The texts hold nothing of it.
struct Refusal
{
    int sqlstate;
    const char *message;
    const char *detail;
};

// Verifies a token; nullptr when it is good. Needs a transaction and the extension. Only failures
// of the server itself (of memory, of storage) are raised as errors.
[[nodiscard]] const Refusal *verify(const char *text, Proof *proof);

// Until when tokens of a key are good: 0 if there is no such key.
[[nodiscard]] TimestampTz key_deadline(const char *key_id);

} // namespace tenancy::token
