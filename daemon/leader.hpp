// One leader among all daemons of a database: who holds a session's advisory lock.
// SPDX-License-Identifier: PostgreSQL
//
// The lock dies with its session, so a leader that was killed is replaced at the next poll of
// another one, and a leader that lost its connection cannot run jobs any more: they use the
// connection that holds the lock.
#pragma once

#include "pg.hpp"

namespace tenancyd
{

// pg_locks shows the key's halves as classid and objid: the letters of "tenancyd".
inline constexpr unsigned kLeaderClass = 0x74656E61, kLeaderObject = 0x6E637964;

bool try_to_lead(pg::Connection &connection);

// The leader's session: pid, application_name, client, since. No row when there is none.
pg::Result find_leader(pg::Connection &connection);

} // namespace tenancyd
