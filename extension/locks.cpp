// Advisory locks of the extension's own, which SQL of anybody's cannot take.
// SPDX-License-Identifier: PostgreSQL
#include "pg.hpp"

namespace
{

// The server's own advisory locks use 1 and 2, and pg_locks shows it as objsubid.
constexpr uint16 kLockClass = 0x7453;

LOCKTAG tag_of(FunctionCallInfo fcinfo)
{
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, PG_GETARG_UINT32(0), PG_GETARG_UINT32(1), kLockClass);
    return tag;
}

} // namespace

TENANCY_FUNCTION(tenancy_take_lock)
{
    const LOCKTAG tag = tag_of(fcinfo);
    const bool for_session = PG_GETARG_BOOL(2), shared = PG_GETARG_BOOL(3),
               wait = PG_GETARG_BOOL(4);
    PG_RETURN_BOOL(LockAcquire(&tag, shared ? ShareLock : ExclusiveLock, for_session, !wait) !=
                   LOCKACQUIRE_NOT_AVAIL);
}

TENANCY_FUNCTION(tenancy_release_lock)
{
    const LOCKTAG tag = tag_of(fcinfo);
    PG_RETURN_BOOL(LockRelease(&tag, ExclusiveLock, true));
}
