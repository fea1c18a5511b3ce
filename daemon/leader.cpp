// One leader among all daemons of a database: who holds a session's advisory lock.
// SPDX-License-Identifier: PostgreSQL
#include "leader.hpp"

namespace tenancyd
{

bool try_to_lead(pg::Connection &connection, Duty duty)
{
    if (connection
            .exec(
                "SELECT tenancy.take_lock($1::integer, $2::integer, session => true, wait => false)"
                " AS leads",
                {std::to_string(kLeaderClass), std::to_string(static_cast<unsigned>(duty))})
            .text(0, "leads") != "t")
        return false;
    // A leader speaks every second. Keep-alives do not find a process that hangs: its machine's
    // kernel answers them.
    connection.exec("SET idle_session_timeout = '10s'");
    return true;
}

pg::Result find_leader(pg::Connection &connection)
{
    return connection.exec(
        R"(
        SELECT l.pid, a.application_name, coalesce(a.client_addr::text, 'local') AS client,
               a.backend_start AS since
        FROM pg_locks l
        JOIN pg_database d ON d.oid = l.database
        LEFT JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.granted AND d.datname = current_database()
          AND l.classid = $1::bigint::oid AND l.objid = $2::bigint::oid AND l.objsubid = 29779)",
        {std::to_string(kLeaderClass), std::to_string(static_cast<unsigned>(Duty::jobs))});
}

} // namespace tenancyd
