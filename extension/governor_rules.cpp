// Which settings of the server a plan or a tenant may have, and whoever asks may give it.
// SPDX-License-Identifier: PostgreSQL
#include "governor.hpp"

#include "guc.hpp"

// Which settings of a superuser's a plan may have though whoever sets them there is none: they
// only take from the tenant.
static bool may_set(const config_generic *record)
{
    static const char *const kHarmless[] = {
        "temp_file_limit",         "tenancy.max_connections",   "tenancy.max_running_statements",
        "tenancy.statement_rate",  "tenancy.statement_burst",   "tenancy.statement_wait",
        "tenancy.runaway_cancel",  "tenancy.runaway_cool_down", "tenancy.runaway_cool_down_time",
        "tenancy.runaway_dry_run", "tenancy.runaway_note"};
    if (record->context == PGC_USERSET)
        return true;
    for (const char *each : kHarmless)
        if (strcmp(record->name, each) == 0)
            return true;
    return pg_parameter_aclcheck(record->name, GetOuterUserId(), ACL_SET) == ACLCHECK_OK;
}

// Why a setting cannot be governed, or nullptr. Ours with PGC_USERSET name or strengthen the tenant.
static const char *obstacle(const config_generic *record)
{
    static const char *const kActsElsewhere[] = {
        "default_transaction_deferrable", "default_transaction_isolation",
        "default_transaction_read_only",  "idle_session_timeout",
        "transaction_deferrable",         "transaction_isolation",
        "transaction_read_only"};
    static const char *const kOurs[] = {"role",
                                        "row_security",
                                        "search_path",
                                        "session_authorization",
                                        "seed",
                                        "tenancy.clock",
                                        "tenancy.enforce_bypass",
                                        "tenancy.governed",
                                        "tenancy.token"};
    if (record->context != PGC_USERSET && record->context != PGC_SUSET)
        return "It cannot be changed within a session.";
    // Before the next: PostgreSQL 18 reports search_path, too.
    for (const char *each : kOurs)
        if (strcmp(record->name, each) == 0)
            return "What a session may see depends on it.";
    // Reported only where tenancy.report_tenant says so.
    if (strcmp(record->name, tenancy::guc::tenant_setting_name()) == 0)
        return "What a session may see depends on it.";
    if (record->flags & GUC_REPORT)
        return "It is reported to clients and poolers, who would see it change with each "
               "transaction.";
    for (const char *each : kActsElsewhere)
        if (strcmp(record->name, each) == 0)
            return "It acts before a transaction's first statement, or outside of transactions.";
    if (strncmp(record->name, "tenancy.", 8) == 0 && !may_set(record))
        return "What a session may see depends on it.";
    return nullptr;
}

TENANCY_FUNCTION(tenancy_check_setting)
{
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("name and value of a setting must not be null"),
                        errhint("To remove one use tenancy.remove_plan_setting() or "
                                "tenancy.remove_tenant_setting().")));
    const char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    const char *value = text_to_cstring(PG_GETARG_TEXT_PP(1));
    const config_generic *record = tenancy::pg::find_setting(name);
    if (record == nullptr || (record->flags & GUC_CUSTOM_PLACEHOLDER))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("unknown setting \"%s\"", name),
                        errhint("A library's settings are known once it is loaded: see "
                                "session_preload_libraries.")));
    const char *detail = obstacle(record);
    if (detail != nullptr)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("setting \"%s\" cannot be a plan's or a tenant's", record->name),
                        errdetail("%s", detail)));
    if (!may_set(record))
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("permission denied to set parameter \"%s\"", record->name),
                        errhint("Ask a superuser, or for GRANT SET ON PARAMETER.")));
    (void)set_config_option(record->name, value, PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SET, false,
                            ERROR, false);
    PG_RETURN_TEXT_P(cstring_to_text(record->name));
}
