// One look at a database: server, extension, tenants, ledger, leader.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "output.hpp"
#include "pg.hpp"

namespace tenancyd
{

// status and tenants: how many tenants are active, suspended, closed.
pg::Result count_tenants(pg::Connection &connection);

// watermark, rolled_at, pending: how far the rollup is, and the ledger rows it has yet to do.
pg::Result ledger_state(pg::Connection &connection);

Json status(pg::Connection &connection);
void print_status(std::ostream &out, const Json &status);

} // namespace tenancyd
