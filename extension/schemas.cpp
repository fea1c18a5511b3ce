// Knowing the tenants' schemas, and composing the search path.
// SPDX-License-Identifier: PostgreSQL
#include "schemas.hpp"

#include "context.hpp"
#include "core/search_path.hpp"
#include "registry.hpp"

namespace tenancy::schemas
{

namespace
{

static_assert(core::kSchemaNameSize == NAMEDATALEN);

// Columns of tenancy.tenant_schemas.
enum SchemaColumn : AttrNumber { kSchema = 1, kTenant = 2 };

enum class Use : uint8 { unknown, none, schemas };

struct Namespace
{
    Oid oid;
    uint64 generation;
    Kind kind;
};

// The search path.
constinit char *own_path = nullptr;      // the setting's value
constinit char *composed_path = nullptr; // ours, when it differs from the setting's
constinit GucStringAssignHook previous_assign = nullptr;

// What is known of the database.
constinit Use use = Use::unknown;
constinit bool is_path_stale = false;
constinit char template_name[NAMEDATALEN]{};
constinit Oid schemas_relation = InvalidOid;
constinit uint64 generation = 1;
constinit HTAB *namespaces = nullptr;

// Makes the path that the server searches.
void compose(const char *path)
{
    char *composed = nullptr;
    const char *wanted = path;
    if (context::is_set() && use != Use::none)
    {
        char schema[core::kSchemaNameSize];
        core::schema_name(context::key(), schema);
        composed = static_cast<char *>(MemoryContextAllocExtended(
            TopMemoryContext, core::composed_size(path), MCXT_ALLOC_NO_OOM));
        // This must not fail. Without memory nothing of anybody's is found.
        wanted = "pg_catalog";
        if (composed != nullptr)
        {
            (void)core::compose_search_path(path, template_name, schema, composed);
            wanted = composed;
        }
    }
    char *old = composed_path;
    composed_path = composed;
    namespace_search_path = const_cast<char *>(wanted);
    if (old != nullptr)
        pfree(old);
}

void compose_again()
{
    is_path_stale = false;
    if (own_path == nullptr)
        return;
    compose(own_path);
    // The server's own hook does no more than to make the server read the path again.
    previous_assign(own_path, nullptr);
}

extern "C" {
static void on_relation_changed(Datum, Oid relation)
{
    if (relation != InvalidOid && relation != schemas_relation)
        return;
    use = Use::unknown;
    generation++;
}

static void on_schema_changed(Datum, int, uint32)
{
    use = Use::unknown;
    generation++;
}
}

// The first row of the registry of schemas that has this value in its first index column; null = the
// row without a tenant, which is the template's. Under a snapshot of this moment, as the registry.
bool find(const char *index_name, const char *value, char *schema)
{
    Relation table = table_open(schemas_relation, AccessShareLock);
    Relation index =
        index_open(get_relname_relid(index_name, registry::relations().schema), AccessShareLock);
    Snapshot snapshot = RegisterSnapshot(GetCatalogSnapshot(schemas_relation));
    TupleTableSlot *slot = table_slot_create(table, nullptr);
    ScanKeyData key;
    if (value != nullptr)
        ScanKeyEntryInitialize(&key, 0, 1, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID,
                               F_TEXTEQ, CStringGetTextDatum(value));
    else
        ScanKeyEntryInitialize(&key, SK_ISNULL | SK_SEARCHNULL, 1, InvalidStrategy, InvalidOid,
                               C_COLLATION_OID, InvalidOid, 0);
    IndexScanDesc scan = pg::index_scan_begin(table, index, snapshot, 1);
    index_rescan(scan, &key, 1, nullptr, 0);
    const bool found = index_getnext_slot(scan, ForwardScanDirection, slot);
    if (found && schema != nullptr)
    {
        bool is_null;
        text_to_cstring_buffer(DatumGetTextPP(slot_getattr(slot, kSchema, &is_null)), schema,
                               NAMEDATALEN);
    }
    index_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    UnregisterSnapshot(snapshot);
    index_close(index, AccessShareLock);
    table_close(table, AccessShareLock);
    return found;
}

Kind look_up_kind(Oid oid)
{
    const char *name = get_namespace_name(oid);
    if (name == nullptr)
        return Kind::other;
    if (strcmp(name, template_name) == 0)
        return Kind::template_schema;
    if (strncmp(name, core::kSchemaPrefix.data(), core::kSchemaPrefix.size()) != 0)
        return Kind::other;
    return find("tenant_schemas_pkey", name, nullptr) ? Kind::tenant : Kind::other;
}

// Called while the server makes its path, so it must not make a new one itself.
pg_noinline bool find_out_use()
{
    if (!IsTransactionState() || !OidIsValid(MyDatabaseId) || !registry::is_installed())
        return false;
    const uint64 generation_read = generation;
    schemas_relation = get_relname_relid("tenant_schemas", registry::relations().schema);
    // While CREATE EXTENSION runs it is on its way.
    if (!OidIsValid(schemas_relation) ||
        !OidIsValid(get_relname_relid("tenant_schemas_tenant_key", registry::relations().schema)))
        return false;
    char name[NAMEDATALEN]{};
    const bool has_template = find("tenant_schemas_tenant_key", nullptr, name);
    is_path_stale = is_path_stale || strcmp(name, template_name) != 0 || !has_template;
    strlcpy(template_name, name, sizeof(template_name));
    // Reading may itself have brought news; then the next use reads again.
    if (generation_read == generation)
        use = has_template ? Use::schemas : Use::none;
    return has_template;
}

} // namespace

bool is_used()
{
    return likely(use != Use::unknown) ? use == Use::schemas : find_out_use();
}

Kind kind_of(Oid oid)
{
    if ((oid < FirstNormalObjectId && oid != PG_PUBLIC_NAMESPACE) || !is_used())
        return Kind::other;
    if (namespaces == nullptr)
    {
        HASHCTL control{};
        control.keysize = sizeof(Oid);
        control.entrysize = sizeof(Namespace);
        control.hcxt = TopMemoryContext;
        namespaces =
            hash_create("tenancy schemas", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    }
    bool found;
    auto *entry = static_cast<Namespace *>(hash_search(namespaces, &oid, HASH_ENTER, &found));
    if (!found)
        entry->generation = 0;
    if (entry->generation != generation)
    {
        const uint64 generation_read = generation;
        const Kind kind = look_up_kind(oid);
        entry->kind = kind;
        entry->generation = generation_read;
    }
    return entry->kind;
}

void init(GucStringAssignHook on_assign_search_path)
{
    auto *setting = reinterpret_cast<config_string *>(pg::find_setting("search_path"));
    own_path = *setting->variable;
    setting->variable = &own_path;
    previous_assign = setting->assign_hook;
    setting->assign_hook = on_assign_search_path;
    CacheRegisterRelcacheCallback(on_relation_changed, 0);
    CacheRegisterSyscacheCallback(NAMESPACEOID, on_schema_changed, 0);
    compose_again();
}

void search_path_changed(const char *value, void *extra)
{
    compose(value);
    previous_assign(value, extra);
}

void tenant_changed()
{
    if (use != Use::none)
        compose_again();
}

void prepare()
{
    (void)is_used();
    if (is_path_stale)
        compose_again();
}

} // namespace tenancy::schemas

using namespace tenancy;

TENANCY_FUNCTION(tenancy_schema_name)
{
    const char *id = text_to_cstring(PG_GETARG_TEXT_PP(0));
    char key[registry::kNameSize];
    char name[core::kSchemaNameSize];
    if (core::check_tenant_id(id, key) != core::IdFault::none)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid tenant id")));
    core::schema_name(key, name);
    PG_RETURN_TEXT_P(cstring_to_text(name));
}
