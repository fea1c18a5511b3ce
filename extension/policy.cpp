// Reading of the isolation policy from the relation cache.
// SPDX-License-Identifier: PostgreSQL
#include "policy.hpp"

namespace tenancy::policy
{

namespace
{

// Relations known not to be attached, each in the only place where it is looked for.
constexpr uint32 kPlaces = 256;
constinit Oid not_attached[kPlaces]{};

extern "C" {
static void on_relation_changed(Datum, Oid relation)
{
    if (relation == InvalidOid)
        memset(not_attached, 0, sizeof(not_attached));
    else if (not_attached[relation % kPlaces] == relation)
        not_attached[relation % kPlaces] = InvalidOid;
}
}

pg_noinline bool find_out_if_attached(Oid relation)
{
    Relation table = table_open(relation, NoLock);
    const bool attached = isolation_condition(table) != nullptr;
    table_close(table, NoLock);
    if (!attached)
        not_attached[relation % kPlaces] = relation;
    return attached;
}

} // namespace

void init()
{
    CacheRegisterRelcacheCallback(on_relation_changed, 0);
}

bool is_known_not_attached(Oid relation)
{
    return not_attached[relation % kPlaces] == relation;
}

bool may_be_attached(Oid relation)
{
    return !is_known_not_attached(relation) && find_out_if_attached(relation);
}

bool is_attached(Oid relation)
{
    Relation table = try_relation_open(relation, AccessShareLock);
    if (table == nullptr)
        return false;
    const bool found = isolation_condition(table) != nullptr;
    relation_close(table, AccessShareLock);
    return found;
}

Expr *isolation_condition(Relation relation)
{
    if (relation->rd_rsdesc == nullptr)
        return nullptr;
    ListCell *cell;
    foreach (cell, relation->rd_rsdesc->policies)
    {
        const auto *policy = static_cast<const RowSecurityPolicy *>(lfirst(cell));
        if (strcmp(policy->policy_name, kIsolationPolicy) == 0)
            return policy->qual;
    }
    return nullptr;
}

bool is_tenant_column(Oid relation, const char *column)
{
    const AttrNumber number = get_attnum(relation, column);
    Relation table = try_relation_open(relation, AccessShareLock);
    if (table == nullptr)
        return false;
    bool found = false;
    if (Expr *condition = isolation_condition(table))
    {
        Bitmapset *used = nullptr;
        // What a sub-select in a policy that is not attach()'s uses, is not looked for.
        found = checkExprHasSubLink(reinterpret_cast<Node *>(condition));
        if (!found)
            pull_varattnos(reinterpret_cast<Node *>(condition), 1, &used);
        found = found || bms_is_member(number - FirstLowInvalidHeapAttributeNumber, used);
    }
    relation_close(table, AccessShareLock);
    return found;
}

Oid relation_isolated_by(Oid policy)
{
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_policy_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(policy));
    Relation catalog = table_open(PolicyRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(catalog, PolicyOidIndexId, true, nullptr, 1, &key);
    Oid relation = InvalidOid;
    const HeapTuple row = systable_getnext(scan);
    if (HeapTupleIsValid(row))
    {
        const auto *form = reinterpret_cast<Form_pg_policy>(GETSTRUCT(row));
        if (strcmp(NameStr(form->polname), kIsolationPolicy) == 0)
            relation = form->polrelid;
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    return relation;
}

} // namespace tenancy::policy
