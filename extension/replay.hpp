// Which single-use tokens have been used, for all sessions of the server.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::replay
{

void request_memory();
void start();

enum class Use {
    first,
    repeated,
    no_memory, // the library is not preloaded
    full,      // of tokens that are still good
    too_old,   // issued before this server could remember its use
};

// Marks a token as used, whatever becomes of the transaction: one that is rolled back has shown the
// token, too. Each is remembered until it is past its time.
[[nodiscard]] Use mark_used(const unsigned char fingerprint[16], TimestampTz issued,
                            TimestampTz valid_until, TimestampTz now);

} // namespace tenancy::replay
