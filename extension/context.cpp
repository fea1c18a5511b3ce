// The tenant context: a setting of its own, resolved against the registry at first use.
// SPDX-License-Identifier: PostgreSQL
//
// The setting is transactional, travels to parallel workers and is reported to poolers because it
// is an ordinary GUC. What it names is checked at first use and not when it is set: a check hook may
// run without a transaction.
#include "context.hpp"

#include "guc.hpp"

namespace tenancy::context
{

namespace
{

// The "extra" of the setting: what the assign hook needs, so that it can do no wrong.
struct Setting
{
    char key[registry::kNameSize];
};

constinit const Setting *setting = nullptr;
constinit registry::Tenant *resolved = nullptr;     // usable, if its generation is the present one
constinit char confirmed_id[registry::kNameSize]{}; // of `setting`, once it was found to exist

[[noreturn]] void report_unusable(const registry::Tenant *tenant)
{
    if (!tenant->exists)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("tenant \"%s\" does not exist", guc::tenant_id),
                        errhint("Check the spelling, or create it with tenancy.create_tenant().")));
    const bool suspended = tenant->status == registry::Status::suspended;
    const char *since = timestamptz_to_str(tenant->status_changed_at);
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             suspended ? errmsg("tenant \"%s\" is suspended", tenant->id)
                       : errmsg("tenant \"%s\" is closed", tenant->id),
             tenant->status_reason[0] != '\0'
                 ? errdetail("Since %s: %s.", since, tenant->status_reason)
                 : errdetail("Since %s.", since),
             suspended ? errhint("An operator can lift this with tenancy.resume_tenant().")
                       : errhint("A closed tenant cannot be used; its data is kept for export.")));
}

[[noreturn]] void report_wrong_form(const registry::Tenant *tenant, const char *type)
{
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
             errmsg("tenant \"%s\" has no %s form", tenant->id, type),
             errdetail("A table whose tenant column is of type %s was used.", type),
             errhint("Only an id in the canonical spelling of type %s has that form.", type)));
}

// The tenant that the setting names, whatever may be said against it.
pg_noinline const registry::Tenant *resolve()
{
    resolved = nullptr; // the entry is brought up to date, and may turn out not to be usable
    registry::Tenant *tenant = registry::lookup(setting->key);
    if (tenant->exists)
        strlcpy(confirmed_id, tenant->id, sizeof(confirmed_id));
    if (tenant->exists && tenant->status == registry::Status::active)
        resolved = tenant;
    return tenant;
}

bool is_resolved()
{
    return resolved != nullptr && resolved->generation == registry::generation();
}

void set_tenant(const char *value, bool local)
{
    (void)set_config_option("tenancy.tenant_id", value, superuser() ? PGC_SUSET : PGC_USERSET,
                            PGC_S_SESSION, local ? GUC_ACTION_LOCAL : GUC_ACTION_SET, true, 0,
                            false);
    // Unlike SET, the function can look at once whether there is such a tenant.
    (void)current();
}

void report_null_tenant()
{
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("tenant id must not be null"),
                    errhint("To leave the tenant, call tenancy.reset_tenant().")));
}

} // namespace

bool check_setting(const char *value, void **extra)
{
    if (value[0] == '\0')
        return true; // no tenant: always closed
    const core::IdFault fault = core::check_tenant_id(value);
    if (fault != core::IdFault::none)
    {
        GUC_check_errcode(ERRCODE_INVALID_PARAMETER_VALUE);
        GUC_check_errmsg("invalid tenant id");
        GUC_check_errdetail("%s", fault == core::IdFault::too_long
                                      ? "A tenant id has at most 63 bytes."
                                  : fault == core::IdFault::first_character
                                      ? "A tenant id starts with an ASCII letter or digit."
                                      : "A tenant id consists of ASCII letters, digits and the "
                                        "characters - . _ : @ + ~.");
        return false;
    }
    auto *made = static_cast<Setting *>(pg::guc_extra_alloc(sizeof(Setting)));
    if (made == nullptr)
        return false;
    core::fold_tenant_id(value, made->key);
    *extra = made;
    return true;
}

const char *key_of(const void *extra)
{
    return static_cast<const Setting *>(extra)->key;
}

void assign_setting(void *extra)
{
    setting = static_cast<const Setting *>(extra);
    resolved = nullptr;
    confirmed_id[0] = '\0';
}

bool is_set()
{
    return setting != nullptr;
}

const char *key()
{
    return setting != nullptr ? setting->key : "";
}

void confirm()
{
    if (setting != nullptr && confirmed_id[0] == '\0')
        (void)resolve();
}

const char *charged_id()
{
    return confirmed_id;
}

const registry::Tenant *current()
{
    if (setting == nullptr)
        return nullptr;
    if (likely(is_resolved()))
        return resolved;
    const registry::Tenant *tenant = resolve();
    if (resolved == nullptr)
        report_unusable(tenant);
    return tenant;
}

const registry::Tenant *usable()
{
    if (setting != nullptr && !is_resolved())
        (void)resolve();
    return setting != nullptr ? resolved : nullptr;
}

const registry::Tenant *require_current()
{
    const registry::Tenant *tenant = current();
    if (tenant == nullptr)
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("no tenant is set"),
                 errhint("Run SET tenancy.tenant_id = '...' or tenancy.set_tenant() first.")));
    return tenant;
}

void forget_cache()
{
    resolved = nullptr;
}

} // namespace tenancy::context

using namespace tenancy;

TENANCY_FUNCTION(tenancy_set_tenant_text)
{
    if (PG_ARGISNULL(0))
        context::report_null_tenant();
    context::set_tenant(text_to_cstring(PG_GETARG_TEXT_PP(0)),
                        !PG_ARGISNULL(1) && PG_GETARG_BOOL(1));
    PG_RETURN_VOID();
}

TENANCY_FUNCTION(tenancy_set_tenant_uuid)
{
    if (PG_ARGISNULL(0))
        context::report_null_tenant();
    context::set_tenant(DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(0))),
                        !PG_ARGISNULL(1) && PG_GETARG_BOOL(1));
    PG_RETURN_VOID();
}

TENANCY_FUNCTION(tenancy_set_tenant_bigint)
{
    if (PG_ARGISNULL(0))
        context::report_null_tenant();
    context::set_tenant(DatumGetCString(DirectFunctionCall1(int8out, PG_GETARG_DATUM(0))),
                        !PG_ARGISNULL(1) && PG_GETARG_BOOL(1));
    PG_RETURN_VOID();
}

TENANCY_FUNCTION(tenancy_reset_tenant)
{
    context::set_tenant("", false);
    PG_RETURN_VOID();
}

TENANCY_FUNCTION(tenancy_current_tenant_text)
{
    const registry::Tenant *tenant = context::current();
    if (tenant == nullptr)
        PG_RETURN_NULL();
    PG_RETURN_TEXT_P(tenant->text_form);
}

TENANCY_FUNCTION(tenancy_current_tenant_uuid)
{
    const registry::Tenant *tenant = context::current();
    if (tenant == nullptr)
        PG_RETURN_NULL();
    if (unlikely(!tenant->is_uuid))
        context::report_wrong_form(tenant, "uuid");
    PG_RETURN_POINTER(&tenant->uuid);
}

TENANCY_FUNCTION(tenancy_current_tenant_bigint)
{
    const registry::Tenant *tenant = context::current();
    if (tenant == nullptr)
        PG_RETURN_NULL();
    if (unlikely(!tenant->is_number))
        context::report_wrong_form(tenant, "bigint");
    PG_RETURN_INT64(tenant->number);
}

TENANCY_FUNCTION(tenancy_current_tenant_int)
{
    const registry::Tenant *tenant = context::current();
    if (tenant == nullptr)
        PG_RETURN_NULL();
    if (unlikely(!tenant->is_number || tenant->number > PG_INT32_MAX))
        context::report_wrong_form(tenant, "integer");
    PG_RETURN_INT32(static_cast<int32>(tenant->number));
}
