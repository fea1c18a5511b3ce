// The hooks of settings: may the tenant change, and what changes with it.
// SPDX-License-Identifier: PostgreSQL
#include "hooks_parts.hpp"

#include "claim.hpp"
#include "context.hpp"
#include "cursors.hpp"
#include "governor.hpp"
#include "labels.hpp"
#include "metering.hpp"
#include "open_queries.hpp"
#include "quota.hpp"
#include "schemas.hpp"
#include "sizes.hpp"
#include "traffic.hpp"
#include "wall.hpp"

namespace tenancy::hooks
{

namespace
{

// An open query has read under one tenant, and what it reads on would be another's.
bool may_become(const char *tenant_key, GucSource source)
{
    // The last moment before the setting changes at which the catalog can be read.
    schemas::prepare();
    if (source < PGC_S_INTERACTIVE || !open_queries::is_any() ||
        pg_strcasecmp(tenant_key, context::key()) == 0)
        return true;
    GUC_check_errcode(ERRCODE_OBJECT_IN_USE);
    GUC_check_errmsg("cannot change the tenant while a query of the present one is open");
    GUC_check_errhint("Finish the query or close the cursor first.");
    return false;
}

// Work done so far belongs to the tenant that is being left.
template <typename Value>
void change_context(void (*assign)(Value), Value value)
{
    metering::close_epoch();
    const bool was_set = context::is_set();
    assign(value);
    context::forget_resolved();
    if (context::is_set() != was_set)
        wall::forget_plans();
    schemas::tenant_changed();
    open_queries::tenant_changed();
    cursors::tenant_changed();
    sizes::change_to(context::key());
    governor::tenant_changed();
    traffic::tenant_changed();
    labels::show();
}

// The tenant is about to change, and catalogs can be read: how much does it have?
bool learn_size(const char *tenant_key, GucSource source)
{
    if (sizes::is_of_interest() && source >= PGC_S_INTERACTIVE && tenant_key[0] != '\0' &&
        IsTransactionState())
    {
        char folded[registry::kNameSize];
        core::fold_tenant_id(tenant_key, folded);
        sizes::learn(folded);
    }
    return true;
}

extern "C" {

static bool on_check_tenant_id(char **value, void **extra, GucSource source)
{
    const char *wanted = *value != nullptr ? *value : "";
    return may_become(claim::key_if_named(wanted), source) &&
           claim::check_setting(wanted, extra, source) &&
           learn_size(claim::key_if_named(wanted), source);
}

static bool on_check_token(char **value, void **extra, GucSource source)
{
    return *value == nullptr || (claim::check_token(*value, extra, source) &&
                                 may_become(claim::key_if_proven(*extra), source) &&
                                 learn_size(claim::key_if_proven(*extra), source));
}

static bool on_check_pinned_tenant(char **value, void **extra, GucSource source)
{
    return claim::check_pin(*value != nullptr ? *value : "", extra, source);
}

static bool on_check_context(int *mode, void **, GucSource source)
{
    return may_become(claim::key_if_mode(*mode), source);
}

static void on_assign_tenant_id(const char *, void *extra)
{
    change_context(claim::assign_setting, extra);
}

static void on_assign_token(const char *, void *extra)
{
    change_context(claim::assign_token, extra);
}

static void on_assign_pinned_tenant(const char *, void *extra)
{
    change_context(claim::assign_pin, extra);
}

static void on_assign_context(int mode, void *)
{
    change_context(claim::assign_mode, mode);
}

static void on_assign_application_name_suffix(bool wanted, void *)
{
    guc::application_name_suffix = wanted; // the server sets it after this
    labels::show();
}

static void on_assign_enforce_bypass(bool, void *)
{
    wall::forget_plans();
}
}

} // namespace

const guc::Hooks &of_settings()
{
    static constexpr guc::Hooks hooks{on_assign_application_name_suffix,
                                      on_check_tenant_id,
                                      on_assign_tenant_id,
                                      on_assign_enforce_bypass,
                                      on_check_context,
                                      on_assign_context,
                                      on_check_pinned_tenant,
                                      on_assign_pinned_tenant,
                                      on_check_token,
                                      on_assign_token,
                                      quota::rearm_alerts};
    return hooks;
}

extern "C" void on_assign_search_path(const char *value, void *extra)
{
    schemas::search_path_changed(value, extra);
}

} // namespace tenancy::hooks
