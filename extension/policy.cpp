// Reading of the isolation policy from the relation cache.
// SPDX-License-Identifier: PostgreSQL
#include "policy.hpp"

namespace tenancy::policy
{

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
        pull_varattnos(reinterpret_cast<Node *>(condition), 1, &used);
        found = bms_is_member(number - FirstLowInvalidHeapAttributeNumber, used);
    }
    relation_close(table, AccessShareLock);
    return found;
}

} // namespace tenancy::policy
