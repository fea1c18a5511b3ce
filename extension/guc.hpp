// All settings of the extension, and the clock that one of them can fix.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::guc
{

extern bool auto_attach;
extern bool enforce_bypass;
extern int flush_interval_seconds;
extern int index_promotion;
extern int max_quota_entries;
extern int max_tracked_tenants;
extern bool strict;
extern char *tenant_id; // as it was set, "" = none

// Values of index_promotion.
inline constexpr int kPromoteNone = 0;
inline constexpr int kPromoteList = 1;
inline constexpr int kPromoteAll = 2;

// What has to happen when a setting changes that other modules act on.
struct Hooks
{
    GucStringCheckHook check_tenant_id;
    GucStringAssignHook assign_tenant_id;
    GucBoolAssignHook assign_enforce_bypass;
};

void init(const Hooks &hooks);

// The present as all of tenancy sees it: the clock, unless tenancy.clock fixes it.
TimestampTz clock_time();

} // namespace tenancy::guc
