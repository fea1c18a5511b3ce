// What tenancyd expects of a server: its version, the extension and the extension's version.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancyd
{

// Throws when the server (150004 is 15.4) is too old.
void check_server_version(int version);

// Throws when the extension is missing (nullopt) or not of tenancyd's own version.
void check_extension_version(const pg::Value &installed);

// The extension's version in this database, nullopt when it is not installed.
pg::Value extension_version(pg::Connection &connection);

// Whether the library came with shared_preload_libraries; any role may ask.
bool is_preloaded(pg::Connection &connection);

// Throws on a standby: there a lock to lead by can be had, but nothing can be done.
void require_primary(pg::Connection &connection);

// Throws unless server and extension are such as commands need.
void require_extension(pg::Connection &connection);

// The server's idea of now (tenancy.clock_time()): tests and simulations set it.
std::chrono::sys_seconds server_clock(pg::Connection &connection);

} // namespace tenancyd
