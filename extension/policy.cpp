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
    bool found = false;
    if (table->rd_rsdesc != nullptr)
    {
        ListCell *cell;
        foreach (cell, table->rd_rsdesc->policies)
            found = found || strcmp(static_cast<const RowSecurityPolicy *>(lfirst(cell))->policy_name,
                                    kIsolationPolicy) == 0;
    }
    relation_close(table, AccessShareLock);
    return found;
}

} // namespace tenancy::policy
