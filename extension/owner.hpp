// Runs the extension's own SQL as the owner of its tables, whoever called.
// SPDX-License-Identifier: PostgreSQL
//
// Between enter() and leave() errors need no care: the transaction's abort restores user,
// settings and SPI.
#pragma once

#include "pg.hpp"

namespace tenancy::owner
{

struct Scope
{
    Oid user;
    int security_context;
    int setting_level;
};

[[nodiscard]] Scope enter();
void leave(const Scope &scope);

} // namespace tenancy::owner
