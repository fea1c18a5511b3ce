// Per-backend cache of what role bindings allow; out of date with the registry's generation.
// SPDX-License-Identifier: PostgreSQL
#include "trust.hpp"

#include "registry.hpp"
#include "scans.hpp"

#include <type_traits>

namespace tenancy::trust
{

namespace
{

// Past this many verdicts a backend starts afresh.
constexpr long kMaxCached = 10000;

// Columns of tenancy.role_tenants.
enum BindingColumn : AttrNumber { kRole = 1, kTenant = 2 };

struct Key
{
    Oid role;
    char tenant[registry::kNameSize];
};
static_assert(std::has_unique_object_representations_v<Key>);

struct Verdict
{
    Key key;
    bool allowed;
};

constinit HTAB *verdicts = nullptr;
constinit uint64 verdicts_generation = 0;

bool read(const Key &key)
{
    const registry::Relations &oids = registry::relations();
    bool bound = false;
    bool allowed = false;
    const scans::Scan scan =
        scans::open(oids.role_tenants, oids.role_tenants_key, F_OIDEQ, ObjectIdGetDatum(key.role));
    while (!allowed && scans::next(scan))
    {
        bool is_null;
        const text *tenant = DatumGetTextPP(slot_getattr(scan.slot, kTenant, &is_null));
        const size_t size = VARSIZE_ANY_EXHDR(tenant);
        bound = true;
        allowed = size == strlen(key.tenant) &&
                  pg_strncasecmp(VARDATA_ANY(tenant), key.tenant, size) == 0;
    }
    scans::close(scan);
    return allowed || !bound;
}

void forget_stale()
{
    if (verdicts != nullptr && (verdicts_generation != registry::generation() ||
                                hash_get_num_entries(verdicts) > kMaxCached))
    {
        hash_destroy(verdicts);
        verdicts = nullptr;
    }
    if (verdicts != nullptr)
        return;
    HASHCTL control{};
    control.keysize = sizeof(Key);
    control.entrysize = sizeof(Verdict);
    control.hcxt = TopMemoryContext;
    verdicts = hash_create("tenancy bindings", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    verdicts_generation = registry::generation();
}

bool may_act_for(Oid role, const char *tenant_key)
{
    Key key{};
    key.role = role;
    strlcpy(key.tenant, tenant_key, sizeof(key.tenant));
    forget_stale();
    const auto *known =
        static_cast<const Verdict *>(hash_search(verdicts, &key, HASH_FIND, nullptr));
    if (known != nullptr)
        return known->allowed;
    const bool allowed = read(key);
    // Reading may have brought news: then the verdict is good for now, but not to be kept.
    if (verdicts_generation == registry::generation())
        static_cast<Verdict *>(hash_search(verdicts, &key, HASH_ENTER, nullptr))->allowed = allowed;
    return allowed;
}

} // namespace

Roles present_roles()
{
    return {GetSessionUserId(), GetOuterUserId(), GetUserId()};
}

bool is_in_use()
{
    static constinit bool in_use = false;
    static constinit uint64 asked_generation = 0;
    const uint64 generation = registry::generation();
    if (asked_generation == generation)
        return in_use;
    const scans::Scan scan = scans::open(registry::relations().role_tenants,
                                         registry::relations().role_tenants_key, 0, 0);
    in_use = scans::next(scan);
    scans::close(scan);
    asked_generation = generation;
    return in_use;
}

Oid find_objector(const Roles &roles, const char *tenant_key)
{
    if (!may_act_for(roles.session, tenant_key))
        return roles.session;
    if (roles.outer != roles.session && !may_act_for(roles.outer, tenant_key))
        return roles.outer;
    if (roles.current != roles.outer && roles.current != roles.session &&
        !may_act_for(roles.current, tenant_key))
        return roles.current;
    return InvalidOid;
}

} // namespace tenancy::trust
