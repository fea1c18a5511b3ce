// The tenant context: what the session claims, resolved against the registry at first use.
// SPDX-License-Identifier: PostgreSQL
//
// The setting is transactional, travels to parallel workers and is reported to poolers because it
// is an ordinary GUC. What it names is checked at first use and not when it is set: a check hook may
// run without a transaction.
#include "context.hpp"

#include "claim.hpp"
#include "guc.hpp"
#include "token.hpp"
#include "trust.hpp"

namespace tenancy::context
{

namespace
{

constinit registry::Tenant *resolved =
    nullptr;                              // usable, as of that generation of the registry: the
constinit uint64 resolved_generation = 0; // entry's own may be newer, if others looked it up
constinit char confirmed_id[registry::kNameSize]{}; // of the claim, once it was found to exist
constinit uint32 confirmed_number = 1;              // grows with each change of it
constinit TimestampTz valid_until = PG_INT64_MAX;   // the token's end
constinit bool roles_matter = false;                // there are bindings
constinit trust::Roles resolved_roles{};            // whose bindings were asked

[[noreturn]] void report_unusable(const registry::Tenant *tenant)
{
    if (!tenant->exists)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("tenant \"%s\" does not exist", name()),
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

[[noreturn]] void report_expired()
{
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION), errmsg("token has expired"),
             errdetail("It made the session act for tenant \"%s\".", claim::present),
             errhint("Set tenancy.token to a new one, or RESET it.")));
}

[[noreturn]] void report_bound(Oid role)
{
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("role \"%s\" is bound to other tenants than \"%s\"",
                           GetUserNameFromId(role, true), name()),
                    errhint("tenancy.role_bindings has its tenants; an operator can add one with "
                            "tenancy.bind_role().")));
}

bool is_expired()
{
    return valid_until != PG_INT64_MAX && guc::statement_time() >= valid_until;
}

Oid find_objector()
{
    resolved_roles = trust::present_roles();
    roles_matter = trust::is_in_use();
    return roles_matter ? trust::find_objector(resolved_roles, claim::present) : InvalidOid;
}

bool is_resolved()
{
    return resolved != nullptr && resolved_generation == registry::generation() && !is_expired() &&
           (!roles_matter || resolved_roles == trust::present_roles());
}

// What may be said against the tenant that is claimed.
struct Finding
{
    enum class Fault { none, expired, bound, unusable };
    Fault fault;
    Oid objector;
    const registry::Tenant *tenant;
};

void confirm_as(const char *id)
{
    if (id[0] == '\0')
        confirmed_id[0] = '\0';
    else
        strlcpy(confirmed_id, id, sizeof(confirmed_id));
    confirmed_number = Max(confirmed_number + 1, 1);
}

pg_noinline Finding resolve()
{
    resolved = nullptr; // the entry is brought up to date, and may turn out not to be usable
    registry::Tenant *tenant = registry::lookup(claim::present);
    // Keys are retired in running sessions, too.
    if (const token::Proof *proof = claim::proof())
        valid_until = Min(proof->valid_until, token::key_deadline(proof->key_id));
    if (is_expired())
        return {Finding::Fault::expired, InvalidOid, tenant};
    // Nobody can have his work charged to a tenant that he is not allowed to be; nor, where there is none,
    // may the answer differ, or a bound role could find out who the others are.
    const Oid objector = find_objector();
    if (OidIsValid(objector))
        return {Finding::Fault::bound, objector, tenant};
    if (tenant->exists)
        confirm_as(tenant->id);
    if (!tenant->exists || tenant->status != registry::Status::active)
        return {Finding::Fault::unusable, InvalidOid, tenant};
    resolved = tenant;
    resolved_generation = tenant->generation;
    return {Finding::Fault::none, InvalidOid, tenant};
}

void set_option(const char *option, const char *value, bool local)
{
    (void)set_config_option(option, value, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION,
                            local ? GUC_ACTION_LOCAL : GUC_ACTION_SET, true, 0, false);
}

// A value that is made the default outside of any transaction, so that neither ROLLBACK nor RESET
// gives the session back what was pinned to keep it from.
void pin_session()
{
    (void)set_config_option("tenancy.pinned_tenant", claim::present, PGC_SUSET, PGC_S_OVERRIDE,
                            GUC_ACTION_SET, true, 0, false);
}

// Unlike SET, the functions can look at once whether there is such a tenant.
void set_and_look(const char *option, const char *value, bool local, bool pinned)
{
    if (pinned && value[0] == '\0')
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a session cannot be pinned to no tenant")));
    // In an index's function, for example, that ANALYZE calls as the table's owner.
    if (pinned && InSecurityRestrictedOperation())
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("cannot pin a session within a security-restricted operation")));
    set_option(option, value, local);
    (void)current();
    if (pinned)
        pin_session();
}

void set_tenant(FunctionCallInfo fcinfo, const char *value)
{
    set_and_look(guc::tenant_setting_name(), value, !PG_ARGISNULL(1) && PG_GETARG_BOOL(1),
                 !PG_ARGISNULL(2) && PG_GETARG_BOOL(2));
}

void report_null_tenant()
{
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("tenant id must not be null"),
                    errhint("To leave the tenant, call tenancy.reset_tenant().")));
}

} // namespace

bool is_set()
{
    return claim::present != nullptr;
}

const char *key()
{
    return claim::present != nullptr ? claim::present : "";
}

const char *name()
{
    return claim::present == nullptr   ? ""
           : claim::proof() != nullptr ? claim::present
                                       : guc::tenant_id;
}

void confirm()
{
    if (claim::present != nullptr && confirmed_id[0] == '\0' && !is_expired())
        (void)resolve();
}

const char *charged_id()
{
    return confirmed_id;
}

uint32 charge_number()
{
    return confirmed_number;
}

const registry::Tenant *current()
{
    if (claim::present == nullptr)
        return nullptr;
    if (likely(is_resolved()))
        return resolved;
    const Finding finding = resolve();
    switch (finding.fault)
    {
    case Finding::Fault::expired:
        report_expired();
    case Finding::Fault::bound:
        report_bound(finding.objector);
    case Finding::Fault::unusable:
        report_unusable(finding.tenant);
    case Finding::Fault::none:
        break;
    }
    return resolved;
}

const registry::Tenant *usable()
{
    if (claim::present == nullptr)
        return nullptr;
    if (!is_resolved())
        (void)resolve();
    return resolved;
}

const registry::Tenant *require_current()
{
    const registry::Tenant *tenant = current();
    if (tenant == nullptr)
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE), errmsg("no tenant is set"),
                 errhint("Run SET %s = '...' or tenancy.set_tenant() first.",
                         guc::tenant_setting_name())));
    return tenant;
}

void forget_resolved()
{
    resolved = nullptr;
    confirm_as("");
    valid_until = claim::proof() != nullptr ? claim::proof()->valid_until : PG_INT64_MAX;
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
    context::set_tenant(fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(0)));
    PG_RETURN_VOID();
}

TENANCY_FUNCTION(tenancy_set_tenant_uuid)
{
    if (PG_ARGISNULL(0))
        context::report_null_tenant();
    context::set_tenant(fcinfo, DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(0))));
    PG_RETURN_VOID();
}

TENANCY_FUNCTION(tenancy_set_tenant_bigint)
{
    if (PG_ARGISNULL(0))
        context::report_null_tenant();
    context::set_tenant(fcinfo, DatumGetCString(DirectFunctionCall1(int8out, PG_GETARG_DATUM(0))));
    PG_RETURN_VOID();
}

TENANCY_FUNCTION(tenancy_set_tenant_token)
{
    if (PG_ARGISNULL(0))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("token must not be null"),
                        errhint("To leave the tenant, call tenancy.reset_tenant().")));
    context::set_and_look("tenancy.token", text_to_cstring(PG_GETARG_TEXT_PP(0)),
                          !PG_ARGISNULL(1) && PG_GETARG_BOOL(1),
                          !PG_ARGISNULL(2) && PG_GETARG_BOOL(2));
    PG_RETURN_VOID();
}

TENANCY_FUNCTION(tenancy_reset_tenant)
{
    // In this order an open query is refused before anything has changed.
    context::set_option("tenancy.token", "", false);
    context::set_option(guc::tenant_setting_name(), "", false);
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

TENANCY_FUNCTION(tenancy_present_tenant_key)
{
    PG_RETURN_TEXT_P(cstring_to_text(context::key()));
}
