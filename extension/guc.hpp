// All settings of the extension, and the clock that one of them can fix.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include "core/runaway.hpp"
#include "core/thresholds.hpp"

namespace tenancy::guc
{

// Percents of a limit at which an alert is written, rising.
struct Thresholds
{
    int count;
    int percent[core::kMaxThresholds];
};
extern const Thresholds *alert_thresholds;
extern bool application_name_suffix;
extern bool auto_attach;
extern int context_mode;
extern bool enforce_bypass;
extern int flush_interval_seconds;
extern int index_promotion;
extern bool log_tenant;
extern int max_quota_entries;
extern int max_tracked_tenants;
extern int max_used_tokens;
extern bool quota_warnings;
extern bool strict;
extern char *tenant_id; // as it was set, "" = none; tenancy.setting_name says how it is called
extern char *token_audience;
extern char *token_claim;
extern int token_leeway_seconds;
extern bool token_single_use;

// Values of context_mode.
inline constexpr int kContextOpen = 0;
inline constexpr int kContextToken = 1;

// Values of index_promotion.
inline constexpr int kPromoteNone = 0;
inline constexpr int kPromoteList = 1;
inline constexpr int kPromoteAll = 2;

using Notice = void (*)(); // never fails

// What has to happen when a setting changes that other modules act on.
struct Hooks
{
    GucBoolAssignHook assign_application_name_suffix;
    GucStringCheckHook check_tenant_id;
    GucStringAssignHook assign_tenant_id;
    GucBoolAssignHook assign_enforce_bypass;
    GucEnumCheckHook check_context;
    GucEnumAssignHook assign_context;
    GucStringCheckHook check_pinned_tenant;
    GucStringAssignHook assign_pinned_tenant;
    GucStringCheckHook check_token;
    GucStringAssignHook assign_token;
    Notice alert_thresholds_changed;
};

void init(const Hooks &hooks);

// The governor's, which the settings of plans and tenants have values of.
extern int governed; // which list of them is applied; 0 = none
extern int max_connections;
extern int max_running_statements;
extern const core::RunawayRule *runaway_cancel;
extern const core::RunawayRule *runaway_cool_down;
extern const core::RunawayRule *runaway_note;
extern bool has_runaway_rules; // any of the three
extern int runaway_cool_down_seconds;
extern bool runaway_dry_run;
extern int statement_burst;
extern double statement_rate;
extern int statement_wait_ms;

void define_governor();
[[nodiscard]] bool may_cool_down();

// As SET LOCAL would: the server takes it back at the end of the transaction.
void set_governed(int serial);

// What the setting is called that names the tenant.
const char *tenant_setting_name();

// The present as all of tenancy sees it: the clock, unless tenancy.clock fixes it.
TimestampTz clock_time();

// The same, but standing still while a statement of the client's runs, and cheap.
TimestampTz statement_time();

} // namespace tenancy::guc
