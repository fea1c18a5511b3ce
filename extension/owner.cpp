// Entering and leaving the extension's own SQL.
// SPDX-License-Identifier: PostgreSQL
#include "owner.hpp"

#include "registry.hpp"

namespace tenancy::owner
{

Scope enter()
{
    Scope scope{};
    GetUserIdAndSecContext(&scope.user, &scope.security_context);
    SetUserIdAndSecContext(registry::table_owner(),
                           scope.security_context | SECURITY_LOCAL_USERID_CHANGE);
    // The caller's search_path could put operators of its own before the system's, and what an
    // administrator's trigger on a table of ours calls by a bare name.
    scope.setting_level = NewGUCNestLevel();
    (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
                            GUC_ACTION_SAVE, true, 0, false);
    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "could not connect to the SQL interface");
    return scope;
}

void leave(const Scope &scope)
{
    SPI_finish();
    AtEOXact_GUC(false, scope.setting_level);
    SetUserIdAndSecContext(scope.user, scope.security_context);
}

} // namespace tenancy::owner
