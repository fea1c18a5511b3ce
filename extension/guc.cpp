// Definitions of all settings, in alphabetical order.
// SPDX-License-Identifier: PostgreSQL
#include "guc.hpp"

#include "core/clock.hpp"
#include "core/token.hpp"

namespace tenancy::guc
{

const Thresholds *alert_thresholds = nullptr;
bool application_name_suffix = false;
bool auto_attach = true;
int context_mode = kContextOpen;
bool enforce_bypass = true;
int flush_interval_seconds = 10;
int index_promotion = kPromoteList;
bool log_tenant = false;
int max_quota_entries = 16384;
int max_tracked_tenants = 10000;
int max_used_tokens = 16384;
bool quota_warnings = false;
bool strict = false;
char *tenant_id = nullptr;
char *token_audience = nullptr;
char *token_claim = nullptr;
int token_leeway_seconds = 30;
bool token_single_use = false;

namespace
{

constexpr char kTenantSetting[] = "tenancy.tenant_id";

constinit char *alert_threshold_list = nullptr;
constinit Notice alert_thresholds_changed = nullptr;
constinit char *clock_setting = nullptr;
constinit char *pinned_tenant = nullptr;
constinit char *setting_name = nullptr;
constinit bool report_tenant = true;
constinit char *token_text = nullptr;
constinit char *tenant_column = nullptr;
constinit const int64 *fixed_clock = nullptr;

const config_enum_entry kPromotions[] = {{"off", kPromoteNone, false},
                                         {"list", kPromoteList, false},
                                         {"on", kPromoteAll, false},
                                         {nullptr, 0, false}};

const config_enum_entry kContexts[] = {
    {"open", kContextOpen, false}, {"token", kContextToken, false}, {nullptr, 0, false}};

extern "C" {

static bool check_alert_thresholds(char **value, void **extra, GucSource)
{
    Thresholds thresholds{};
    thresholds.count = core::parse_thresholds(*value != nullptr ? *value : "", thresholds.percent);
    if (thresholds.count < 0)
    {
        GUC_check_errdetail("It is a list of at most 8 percents from 1 to 1000 that rise, such as "
                            "50,80,100.");
        return false;
    }
    auto *made = static_cast<Thresholds *>(pg::guc_extra_alloc(sizeof(Thresholds)));
    if (made == nullptr)
        return false;
    *made = thresholds;
    *extra = made;
    return true;
}

static void assign_alert_thresholds(const char *, void *extra)
{
    alert_thresholds = static_cast<const Thresholds *>(extra);
    if (alert_thresholds_changed != nullptr)
        alert_thresholds_changed();
}

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

static bool check_token_claim(char **value, void **, GucSource)
{
    if (*value != nullptr && (*value)[0] != '\0' && strlen(*value) < NAMEDATALEN)
        return true;
    GUC_check_errdetail("The name of a claim has 1 to 63 bytes.");
    return false;
}

static bool check_token_audience(char **value, void **, GucSource)
{
    if (*value == nullptr || strlen(*value) < 2 * NAMEDATALEN)
        return true;
    GUC_check_errdetail("An audience has at most 127 bytes.");
    return false;
}
}

// A server that starts with a name it cannot use would have applications set a tenant in vain.
void require_setting_name()
{
    const char *name = tenant_setting_name();
    if (strcmp(name, kTenantSetting) == 0)
        return;
    if (!core::is_custom_setting_name(name))
        ereport(
            ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
             errmsg("invalid value for parameter \"tenancy.setting_name\": \"%s\"", name),
             errdetail("It is a setting's name of an application's own: two or more words of ASCII "
                       "letters, digits and _ with dots between, at most 63 bytes, and not "
                       "beginning with tenancy."),
             errhint("For example app.tenant_id.")));
    if (GetConfigOption(name, true, false) != nullptr &&
        !(GetConfigOptionFlags(name, true) & GUC_CUSTOM_PLACEHOLDER))
        ereport(ERROR,
                (errcode(ERRCODE_DUPLICATE_OBJECT),
                 errmsg("tenancy.setting_name is \"%s\", which is another library's setting", name),
                 errhint("Choose a name of the application's own, such as app.tenant_id.")));
}

} // namespace

void init(const Hooks &hooks)
{
    alert_thresholds_changed = hooks.alert_thresholds_changed;
    DefineCustomStringVariable(
        "tenancy.alert_thresholds", "Percents of a limit at which an alert is written.",
        "Once for each window of a limit; empty means none.", &alert_threshold_list, "50,80,100",
        PGC_SUSET, 0, check_alert_thresholds, assign_alert_thresholds, nullptr);
    DefineCustomBoolVariable(
        "tenancy.application_name_suffix", "Shows the tenant in pg_stat_activity.",
        "After the name of the application, in brackets; the setting application_name stays.",
        &application_name_suffix, false, PGC_SUSET, 0, nullptr,
        hooks.assign_application_name_suffix, nullptr);
    DefineCustomBoolVariable(
        "tenancy.auto_attach", "Attaches new tables that have the tenant column.",
        "Tables made or altered get row security, default, NOT NULL and index by themselves.",
        &auto_attach, true, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "tenancy.clock", "Fixes the time that tenancy sees, for tests and simulations.",
        "'YYYY-MM-DD HH:MM:SS' in UTC; empty means the real time.", &clock_setting, "", PGC_SUSET,
        0, check_clock, assign_clock, nullptr);
    DefineCustomEnumVariable("tenancy.context", "What makes a session act for a tenant.",
                             "open: whoever sets it; token: nothing but a signed token.",
                             &context_mode, kContextOpen, kContexts, PGC_SUSET, 0,
                             hooks.check_context, hooks.assign_context, nullptr);
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
    DefineCustomBoolVariable("tenancy.log_tenant", "Names the tenant in the server's log.",
                             "As a last line of the detail, which clients do not get.", &log_tenant,
                             false, PGC_SUSET, 0, nullptr, nullptr, nullptr);
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
        DefineCustomIntVariable("tenancy.max_used_tokens",
                                "Number of single-use tokens that are remembered.",
                                "More that have not expired are refused.", &max_used_tokens, 16384,
                                128, 1 << 24, PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
    }
    DefineCustomStringVariable(
        "tenancy.pinned_tenant", "The only tenant this session can act for; empty means any.",
        "Cannot be set: set_tenant() with pin => true does, for the rest of the session.",
        &pinned_tenant, "", PGC_SUSET, GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
        hooks.check_pinned_tenant, hooks.assign_pinned_tenant, nullptr);
    DefineCustomBoolVariable("tenancy.quota_warnings",
                             "Warns the client whose use reaches a threshold of a limit.",
                             "See tenancy.alert_thresholds.", &quota_warnings, false, PGC_USERSET,
                             0, nullptr, nullptr, nullptr);
    if (process_shared_preload_libraries_in_progress)
    {
        DefineCustomBoolVariable(
            "tenancy.report_tenant", "Reports the tenant to the client, for poolers that carry it.",
            "Off, each SET LOCAL is cheaper, and no pooler can track the setting.", &report_tenant,
            true, PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
        DefineCustomStringVariable(
            "tenancy.setting_name", "What the setting is called that names the tenant.",
            "An application that sets a variable of its own keeps doing so.", &setting_name,
            kTenantSetting, PGC_POSTMASTER, 0, nullptr, nullptr, nullptr);
        require_setting_name();
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
        tenant_setting_name(), "The tenant this session acts for.",
        "Empty means none: no rows of tenants' tables for roles subject to row security.",
        &tenant_id, "", PGC_USERSET, (report_tenant ? GUC_REPORT : 0) | GUC_EXPLAIN,
        hooks.check_tenant_id, hooks.assign_tenant_id, nullptr);
    // Its value is what the token proved, never the token: see context.cpp. Not reported, because a
    // pooler would replay that.
    DefineCustomStringVariable(
        "tenancy.token", "Signed token that makes this session act for a tenant.",
        "Shows the tenant, the end of its time and the key; never the token.", &token_text, "",
        PGC_USERSET, GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE | GUC_EXPLAIN, hooks.check_token,
        hooks.assign_token, nullptr);
    DefineCustomStringVariable("tenancy.token_audience",
                               "Audience (aud) that a JSON Web Token has to be meant for.",
                               "Empty means any.", &token_audience, "", PGC_SUSET, 0,
                               check_token_audience, nullptr, nullptr);
    DefineCustomStringVariable(
        "tenancy.token_claim", "Claim of a JSON Web Token that names the tenant.", nullptr,
        &token_claim, "tenant_id", PGC_SUSET, 0, check_token_claim, nullptr, nullptr);
    DefineCustomIntVariable(
        "tenancy.token_leeway", "How far an issuer's clock may differ from the server's.", nullptr,
        &token_leeway_seconds, 30, 0, 600, PGC_SUSET, GUC_UNIT_S, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("tenancy.token_single_use", "Accepts each token once.",
                             "Tokens then need an id (jti) and the date of their issue (iat).",
                             &token_single_use, false, PGC_SUSET, 0, nullptr, nullptr, nullptr);

    define_governor();
    MarkGUCPrefixReserved("tenancy");
}

const char *tenant_setting_name()
{
    return setting_name != nullptr ? setting_name : kTenantSetting;
}

TimestampTz statement_time()
{
    return fixed_clock != nullptr ? *fixed_clock : GetCurrentStatementStartTimestamp();
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
