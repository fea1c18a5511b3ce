// Per-backend registry cache: direct index reads, invalidated through the relation cache.
// SPDX-License-Identifier: PostgreSQL
#include "registry.hpp"

#include "scans.hpp"

namespace tenancy::registry
{

constinit Presence presence = Presence::unknown;
constinit uint64 current_generation = 1;

namespace
{

// Past this many tenants a backend starts its cache afresh (about 1 kB each).
constexpr long kMaxCached = 10000;

// Columns of tenancy.tenants; upgrades only append.
enum TenantColumn : AttrNumber {
    kId = 1,
    kPlan = 3,
    kStatus = 4,
    kTimeZone = 5,
    kStatusChangedAt = 8,
    kStatusReason = 9,
};

constinit Relations known{};
constinit HTAB *tenants = nullptr;
constinit bool is_too_large = false;
constinit uint32 last_serial = 0;

void forget_relations()
{
    presence = Presence::unknown;
    current_generation++;
}

extern "C" {

// Runs whenever invalidations are read: sets flags, nothing more.
static void on_relation_changed(Datum, Oid relation)
{
    if (presence == Presence::outdated)
        forget_relations();
    if (presence != Presence::present)
        return;
    if (relation == InvalidOid || relation == known.tenants || relation == known.metrics ||
        relation == known.plan_limits || relation == known.tenant_limits ||
        relation == known.cost_stops || relation == known.plan_settings ||
        relation == known.tenant_settings || relation == known.role_tenants ||
        relation == known.token_secrets || relation == known.counted_tables ||
        relation == known.storage_tables)
        forget_relations();
}

// A new or dropped schema may be ours; this is what ends the verdict "not installed".
static void on_schema_changed(Datum, int, uint32)
{
    forget_relations();
}
}

void resolve()
{
    Relations found{};
    found.schema = get_namespace_oid("tenancy", true);
    if (!OidIsValid(found.schema) || IsBinaryUpgrade)
    {
        presence = Presence::absent;
        return;
    }
    found.tenants = get_relname_relid("tenants", found.schema);
    found.tenants_key = get_relname_relid("tenants_key", found.schema);
    found.metrics = get_relname_relid("metrics", found.schema);
    found.plan_limits = get_relname_relid("plan_limits", found.schema);
    found.tenant_limits = get_relname_relid("tenant_limits", found.schema);
    found.cost_stops = get_relname_relid("cost_stops", found.schema);
    found.plan_settings = get_relname_relid("plan_settings", found.schema);
    found.plan_settings_key = get_relname_relid("plan_settings_pkey", found.schema);
    found.tenant_settings = get_relname_relid("tenant_settings", found.schema);
    found.tenant_settings_key = get_relname_relid("tenant_settings_pkey", found.schema);
    found.ledger = get_relname_relid("usage_ledger", found.schema);
    found.ledger_stamp = get_relname_relid("usage_ledger_stamp", found.schema);
    found.role_tenants = get_relname_relid("role_tenants", found.schema);
    found.role_tenants_key = get_relname_relid("role_tenants_pkey", found.schema);
    found.token_secrets = get_relname_relid("token_secrets", found.schema);
    found.token_secrets_key = get_relname_relid("token_secrets_pkey", found.schema);
    found.counted_tables = get_relname_relid("counted_tables", found.schema);
    found.counted_tables_key = get_relname_relid("counted_tables_pkey", found.schema);
    found.row_changes = get_relname_relid("row_changes", found.schema);
    found.storage_tables = get_relname_relid("storage_tables", found.schema);
    if (!OidIsValid(get_extension_oid("tenancy", true)))
        return;
    // While CREATE EXTENSION runs the rest is on its way: ask again.
    if (!OidIsValid(found.tenants) || !OidIsValid(found.tenants_key) ||
        !OidIsValid(found.metrics) || !OidIsValid(found.plan_limits) ||
        !OidIsValid(found.plan_settings_key) || !OidIsValid(found.tenant_settings_key) ||
        !OidIsValid(found.tenant_limits) || !OidIsValid(found.cost_stops) ||
        !OidIsValid(found.ledger) || !OidIsValid(found.ledger_stamp) ||
        !OidIsValid(found.role_tenants_key) || !OidIsValid(found.token_secrets_key) ||
        !OidIsValid(found.counted_tables_key) || !OidIsValid(found.row_changes) ||
        !OidIsValid(found.storage_tables))
    {
        if (!creating_extension)
            presence = Presence::outdated;
        return;
    }
    known = found;
    presence = Presence::present;
}

void copy_text(char *target, size_t size, TupleTableSlot *slot, AttrNumber column)
{
    bool is_null;
    Datum value = slot_getattr(slot, column, &is_null);
    target[0] = '\0';
    if (is_null)
        return;
    const text *source = DatumGetTextPP(value);
    // Clipped between characters, never within one.
    const int length = pg_mbcliplen(VARDATA_ANY(source), VARSIZE_ANY_EXHDR(source), size - 1);
    memcpy(target, VARDATA_ANY(source), length);
    target[length] = '\0';
}

Status parse_status(const char *name)
{
    if (strcmp(name, "active") == 0)
        return Status::active;
    return strcmp(name, "suspended") == 0 ? Status::suspended : Status::closed;
}

void fill(Tenant *tenant, TupleTableSlot *slot)
{
    bool is_null;
    char status[16];
    copy_text(tenant->id, sizeof(tenant->id), slot, kId);
    copy_text(tenant->plan, sizeof(tenant->plan), slot, kPlan);
    copy_text(status, sizeof(status), slot, kStatus);
    copy_text(tenant->time_zone, sizeof(tenant->time_zone), slot, kTimeZone);
    copy_text(tenant->status_reason, sizeof(tenant->status_reason), slot, kStatusReason);
    tenant->status = parse_status(status);
    tenant->status_changed_at = DatumGetTimestampTz(slot_getattr(slot, kStatusChangedAt, &is_null));

    const size_t length = strlen(tenant->id);
    SET_VARSIZE(tenant->text_form, VARHDRSZ + length);
    memcpy(tenant->text_form + VARHDRSZ, tenant->id, length);
    tenant->is_number = core::parse_number({tenant->id, length}, &tenant->number);
    tenant->is_uuid = core::parse_uuid({tenant->id, length}, tenant->uuid.data);
    tenant->exists = true;
}

// Reads one row through the unique index, under a snapshot of this moment: a transaction that
// keeps an old snapshot must still see that its tenant was suspended.
void read(Tenant *tenant)
{
    const Relations &oids = relations();
    const uint64 generation_read = current_generation;
    const scans::Scan scan =
        scans::open(oids.tenants, oids.tenants_key, F_TEXTEQ, CStringGetTextDatum(tenant->key));
    tenant->exists = false;
    bool may_be_kept = false;
    if (scans::next(scan))
    {
        bool is_null;
        fill(tenant, scan.slot);
        // A row of this very transaction may still be rolled back, and nobody would tell us.
        may_be_kept = !TransactionIdIsCurrentTransactionId(DatumGetTransactionId(
            slot_getsysattr(scan.slot, MinTransactionIdAttributeNumber, &is_null)));
    }
    scans::close(scan);
    // Not the present generation: opening the table may have read an invalidation. And that there is
    // no such tenant is asked again each time, since new ones are not announced.
    tenant->generation = may_be_kept ? generation_read : 0;
}

} // namespace

void init()
{
    CacheRegisterRelcacheCallback(on_relation_changed, 0);
    CacheRegisterSyscacheCallback(NAMESPACENAME, on_schema_changed, 0);
}

bool find_out_presence()
{
    resolve();
    return presence == Presence::present;
}

const Relations &relations()
{
    if (!is_installed())
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("extension \"tenancy\" is not installed in this database"),
                 errhint("Run CREATE EXTENSION tenancy, or ALTER EXTENSION tenancy UPDATE if "
                         "its tables are older than the library (%s).",
                         TENANCY_VERSION)));
    return known;
}

Oid table_owner()
{
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relations().ledger));
    if (!HeapTupleIsValid(tuple))
        elog(ERROR, "cache lookup failed for relation %u", known.ledger);
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relowner;
    ReleaseSysCache(tuple);
    return owner;
}

Tenant *lookup(const char *key)
{
    if (tenants == nullptr)
    {
        HASHCTL control{};
        control.keysize = kNameSize;
        control.entrysize = sizeof(Tenant);
        control.hcxt = TopMemoryContext;
        tenants =
            hash_create("tenancy tenants", 64, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
    }
    bool found;
    auto *tenant = static_cast<Tenant *>(hash_search(tenants, key, HASH_ENTER, &found));
    if (!found)
    {
        tenant->serial = ++last_serial;
        tenant->generation = 0;
        is_too_large = hash_get_num_entries(tenants) > kMaxCached;
    }
    // Reading may itself bring news that make the result stale; the next use reads again.
    is_installed();
    if (tenant->generation != current_generation)
    {
        MemoryContext scratch =
            AllocSetContextCreate(CurrentMemoryContext, "tenancy lookup", ALLOCSET_SMALL_SIZES);
        MemoryContext previous = MemoryContextSwitchTo(scratch);
        read(tenant);
        MemoryContextSwitchTo(previous);
        MemoryContextDelete(scratch);
    }
    return tenant;
}

bool trim_at_transaction_end()
{
    if (likely(!is_too_large))
        return false;
    hash_destroy(tenants);
    tenants = nullptr;
    is_too_large = false;
    return true;
}

} // namespace tenancy::registry

// Trigger on the registry's tables: tells every backend, at commit, to read them again.
TENANCY_FUNCTION(tenancy_registry_changed)
{
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("function must be called by a trigger")));
    auto *trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    CacheInvalidateRelcache(trigger->tg_relation);
    return PointerGetDatum(nullptr);
}

// The role that called, also seen from inside a SECURITY DEFINER function: what SET ROLE chose, or
// the session's user.
TENANCY_FUNCTION(tenancy_calling_role)
{
    auto *name = static_cast<Name>(palloc0(NAMEDATALEN));
    namestrcpy(name, GetUserNameFromId(GetOuterUserId(), false));
    PG_RETURN_NAME(name);
}

TENANCY_FUNCTION(tenancy_library_version)
{
    PG_RETURN_TEXT_P(cstring_to_text(TENANCY_VERSION));
}
