// Definitions of all settings, in alphabetical order.
// SPDX-License-Identifier: PostgreSQL
#include "guc.hpp"

#include "core/clock.hpp"

namespace tenancy::guc
{

bool auto_attach = true;
bool enforce_bypass = true;
int flush_interval_seconds = 10;
int index_promotion = kPromoteList;
int max_quota_entries = 16384;
int max_tracked_tenants = 10000;
bool strict = false;
char *tenant_id = nullptr;

namespace
{

constinit char *clock_setting = nullptr;
constinit char *tenant_column = nullptr;
constinit const int64 *fixed_clock = nullptr;

const config_enum_entry kPromotions[] = {{"off", kPromoteNone, false},
                                         {"list", kPromoteList, false},
                                         {"on", kPromoteAll, false},
                                         {nullptr, 0, false}};

extern "C" {

static bool check_clock(char **value, void **extra, GucSource)
{
    if (*value == nullptr || (*value)[0] == '\0')
        return true;
    int64 instant;
    if (!core::parse_utc(*value, &instant))
    {
        GUC_check_errdetail("A fixed clock is written as 'YYYY-MM-DD HH:MM:SS' in UTC.");
        return false;
    }
    auto *made = static_cast<int64 *>(pg::guc_extra_alloc(sizeof(int64)));
    if (made == nullptr)
        return false;
    *made = instant;
    *extra = made;
    return true;
}

static void assign_clock(const char *, void *extra)
{
    fixed_clock = static_cast<const int64 *>(extra);
}

static bool check_tenant_column(char **value, void **, GucSource)
{
    if (*value != nullptr && (*value)[0] != '\0' && strlen(*value) < NAMEDATALEN)
        return true;
    GUC_check_errdetail("A column name has 1 to 63 bytes.");
    return false;
}
}

} // namespace

void init(const Hooks &hooks)
{
    DefineCustomBoolVariable(
        "tenancy.auto_attach", "Attaches new tables that have the tenant column.",
        "Tables made or altered get row security, default, NOT NULL and index by themselves.",
        &auto_attach, true, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "tenancy.clock", "Fixes the time that tenancy sees, for tests and simulations.",
        "'YYYY-MM-DD HH:MM:SS' in UTC; empty means the real time.", &clock_setting, "", PGC_SUSET,
        0, check_clock, assign_clock, nullptr);
    DefineCustomBoolVariable(
        "tenancy.enforce_bypass", "Isolates roles that bypass row security while a tenant is set.",
        "Off, superusers and BYPASSRLS roles see all tenants' rows even with a tenant set.",
        &enforce_bypass, true, PGC_SUSET, 0, nullptr, hooks.assign_enforce_bypass, nullptr);
    DefineCustomIntVariable("tenancy.flush_interval",
                            "Time between two flushes of resource counters to their table.",
                            nullptr, &flush_interval_seconds, 10, 1, 3600, PGC_SIGHUP, GUC_UNIT_S,
                            nullptr, nullptr, nullptr);
    DefineCustomEnumVariable(
        "tenancy.index_promotion", "Lets trusted operators use indexes behind the wall.",
        "list trusts the server's own and those of well-known contrib modules, on those of all "
        "extensions; a tenant's own functions are never trusted.",
        &index_promotion, kPromoteList, kPromotions, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    // The server refuses to add settings of this kind once it runs.
    if (process_shared_preload_libraries_in_progress)
    {
        DefineCustomIntVariable(
            "tenancy.max_quota_entries",
            "Number of pairs of tenant and metric whose usage is kept in shared memory.", nullptr,
            &max_quota_entries, 16384, 128, 1 << 22, PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
        DefineCustomIntVariable("tenancy.max_tracked_tenants",
                                "Number of tenants whose resource use is counted one by one.",
                                "Tenants past that number are counted together.",
                                &max_tracked_tenants, 10000, 100, 1 << 22, PGC_POSTMASTER, 0,
                                nullptr, nullptr, nullptr);
    }
    DefineCustomBoolVariable("tenancy.strict",
                             "Makes using tenants' tables without a tenant an error.",
                             "Otherwise a role subject to row security sees no rows.", &strict,
                             false, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "tenancy.tenant_column", "Name of the column that makes a new table a tenants' table.",
        nullptr, &tenant_column, "tenant_id", PGC_SUSET, 0, check_tenant_column, nullptr, nullptr);
    // Reported, so that a pooler that tracks reported parameters carries it from client to client.
    DefineCustomStringVariable(
        "tenancy.tenant_id", "The tenant this session acts for.",
        "Empty means none: no rows of tenants' tables for roles subject to row security.",
        &tenant_id, "", PGC_USERSET, GUC_REPORT, hooks.check_tenant_id, hooks.assign_tenant_id,
        nullptr);

    MarkGUCPrefixReserved("tenancy");
}

TimestampTz clock_time()
{
    return fixed_clock != nullptr ? *fixed_clock : GetCurrentTimestamp();
}

} // namespace tenancy::guc

TENANCY_FUNCTION(tenancy_clock_time)
{
    PG_RETURN_TIMESTAMPTZ(tenancy::guc::clock_time());
}
