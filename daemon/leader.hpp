// One leader among all daemons of a database: who holds a session's advisory lock.
// SPDX-License-Identifier: PostgreSQL
//
// The lock dies with its session, so a leader that was killed is replaced at the next poll of
// another one, and a leader that lost its connection cannot run jobs any more: they use the
// connection that holds the lock. One that hangs, or whose machine or network is gone, speaks no
// more: the server ends its session after some seconds.
#pragma once

#include "pg.hpp"

namespace tenancyd
{

// pg_locks shows class and duty as classid and objid: the letters of "tenancyd", of "tenancyw"
// for who sends webhooks.
inline constexpr unsigned kLeaderClass = 0x74656E61;
enum class Duty : unsigned { jobs = 0x6E637964, webhooks = 0x6E637977 };

bool try_to_lead(pg::Connection &connection, Duty duty);

// The session that leads the jobs: pid, application_name, client, since. No row when there is none.
pg::Result find_leader(pg::Connection &connection);

} // namespace tenancyd
