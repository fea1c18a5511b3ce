// Definitions of the governor's settings, which plans and tenants have values of.
// SPDX-License-Identifier: PostgreSQL
#include "guc.hpp"

namespace tenancy::guc
{

int governed = 0;
int max_connections = -1;
int max_running_statements = -1;
const core::RunawayRule *runaway_cancel = &core::kNoRule;
const core::RunawayRule *runaway_cool_down = &core::kNoRule;
const core::RunawayRule *runaway_note = &core::kNoRule;
bool has_runaway_rules = false;
int runaway_cool_down_seconds = 60;
bool runaway_dry_run = false;
int statement_burst = 0;
double statement_rate = 0;
int statement_wait_ms = 0;

namespace
{

constinit char *cancel_text = nullptr;
constinit char *cool_down_text = nullptr;
constinit char *note_text = nullptr;

extern "C" {

static bool check_rule(char **value, void **extra, GucSource)
{
    core::RunawayRule rule;
    if (!core::parse_runaway_rule(*value != nullptr ? *value : "", &rule))
    {
        GUC_check_errdetail(
            "A rule is made of elapsed and cpu with a time, and rows and blocks "
            "with a number, such as elapsed=30s cpu=10s rows=1000000 blocks=500000.");
        return false;
    }
    auto *made = static_cast<core::RunawayRule *>(pg::guc_extra_alloc(sizeof(rule)));
    if (made == nullptr)
        return false;
    *made = rule;
    *extra = made;
    return true;
}

static void rules_changed()
{
    has_runaway_rules =
        !runaway_note->is_empty || !runaway_cool_down->is_empty || !runaway_cancel->is_empty;
}

static void assign_cancel(const char *, void *extra)
{
    runaway_cancel = static_cast<const core::RunawayRule *>(extra);
    rules_changed();
}

static void assign_cool_down(const char *, void *extra)
{
    runaway_cool_down = static_cast<const core::RunawayRule *>(extra);
    rules_changed();
}

static void assign_note(const char *, void *extra)
{
    runaway_note = static_cast<const core::RunawayRule *>(extra);
    rules_changed();
}
}

} // namespace

void define_governor()
{
    // Set as the settings of a tenant are applied, and taken back with them.
    DefineCustomIntVariable("tenancy.governed", "Which tenant's settings are applied; internal.",
                            nullptr, &governed, 0, 0, INT_MAX, PGC_SUSET,
                            GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE |
                                GUC_NO_RESET_ALL,
                            nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "tenancy.max_connections", "Number of sessions that may have the tenant set at once.",
        "-1 means any number. Meant for tenancy.set_plan_setting().", &max_connections, -1, -1,
        INT_MAX, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "tenancy.max_running_statements", "Number of the tenant's statements that may run at once.",
        "-1 means any number. Meant for tenancy.set_plan_setting().", &max_running_statements, -1,
        -1, INT_MAX, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable(
        "tenancy.runaway_cancel", "Cancels a tenant's statement that takes more than this.",
        "Such as elapsed=30s cpu=10s rows=1000000 blocks=500000; empty means never.", &cancel_text,
        "", PGC_SUSET, 0, check_rule, assign_cancel, nullptr);
    DefineCustomStringVariable(
        "tenancy.runaway_cool_down",
        "Runs a tenant's statements one at a time for a while after one that took more than this.",
        "Written as tenancy.runaway_cancel.", &cool_down_text, "", PGC_SUSET, 0, check_rule,
        assign_cool_down, nullptr);
    DefineCustomIntVariable("tenancy.runaway_cool_down_time", "How long that is.", nullptr,
                            &runaway_cool_down_seconds, 60, 1, 86400, PGC_SUSET, GUC_UNIT_S,
                            nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("tenancy.runaway_dry_run",
                             "Only notes what runaway rules would have done.", nullptr,
                             &runaway_dry_run, false, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("tenancy.runaway_note",
                               "Notes a tenant's statement that took more than this.",
                               "Written as tenancy.runaway_cancel.", &note_text, "", PGC_SUSET, 0,
                               check_rule, assign_note, nullptr);
    DefineCustomIntVariable(
        "tenancy.statement_burst", "Number of statements that may come at once.",
        "0 means as many as tenancy.statement_rate allows in a second.", &statement_burst, 0, 0,
        1000000, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomRealVariable(
        "tenancy.statement_rate", "Number of statements a second that the tenant may send.",
        "0 means any number. Meant for tenancy.set_plan_setting().", &statement_rate, 0, 0, 1000000,
        PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "tenancy.statement_wait", "How long a statement waits for its turn before it is refused.",
        "Locks that its transaction holds are held meanwhile.", &statement_wait_ms, 0, 0, 600000,
        PGC_SUSET, GUC_UNIT_MS, nullptr, nullptr, nullptr);
}

bool may_cool_down()
{
    return has_runaway_rules && !runaway_cool_down->is_empty && !runaway_dry_run;
}

void set_governed(int serial)
{
    (void)set_config_option("tenancy.governed", psprintf("%d", serial), PGC_SUSET, PGC_S_SESSION,
                            GUC_ACTION_LOCAL, true, ERROR, false);
}

} // namespace tenancy::guc
