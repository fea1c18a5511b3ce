// The guard's rules.
// SPDX-License-Identifier: PostgreSQL
#include "guard.hpp"

#include "context.hpp"
#include "guc.hpp"
#include "policy.hpp"
#include "registry.hpp"

namespace tenancy::guard
{

namespace
{

void refuse(const char *what, Oid relation)
{
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
             errmsg("%s is not allowed on \"%s\" while a tenant is set", what,
                    get_rel_name(relation)),
             errdetail("The table is shared by tenants, and the statement does not stop at the "
                       "rows of tenant \"%s\".",
                       context::tenant_id_setting),
             errhint("Leave the tenant first: SELECT tenancy.reset_tenant().")));
}

void check_relation(const RangeVar *name, const char *what)
{
    const Oid relation = RangeVarGetRelid(name, NoLock, true);
    if (OidIsValid(relation) && policy::is_attached(relation))
        refuse(what, relation);
}

void check_alter_table(const AlterTableStmt *statement)
{
    ListCell *cell;
    foreach (cell, statement->cmds)
        switch (static_cast<const AlterTableCmd *>(lfirst(cell))->subtype)
        {
        case AT_DisableRowSecurity:
            check_relation(statement->relation, "DISABLE ROW LEVEL SECURITY");
            break;
        case AT_NoForceRowSecurity:
            check_relation(statement->relation, "NO FORCE ROW LEVEL SECURITY");
            break;
        default:
            break;
        }
}

// DROP POLICY names the table first and the policy last.
void check_drop(const DropStmt *statement)
{
    if (statement->removeType != OBJECT_POLICY)
        return;
    ListCell *cell;
    foreach (cell, statement->objects)
    {
        List *table = list_copy_head(static_cast<List *>(lfirst(cell)),
                                     list_length(static_cast<List *>(lfirst(cell))) - 1);
        check_relation(makeRangeVarFromNameList(table), "DROP POLICY");
    }
}

} // namespace

void check_plan(const PlannedStmt *plan)
{
    if (!context::is_set() && !guc::strict)
        return;
    if (!context::depends_on_tenant(plan))
        return;
    // Invalidations are otherwise read only when a new lock is taken: a suspension must stop a
    // transaction that holds all its locks already.
    AcceptInvalidationMessages();
    if (context::is_set())
        (void)context::current();
    else if (!has_bypassrls_privilege(GetUserId()))
        (void)context::require_current();
}

void check_utility(const Node *statement)
{
    if (!context::is_set())
        return;
    switch (nodeTag(statement))
    {
    case T_TruncateStmt: {
        if (!registry::is_installed())
            return;
        ListCell *cell;
        foreach (cell, reinterpret_cast<const TruncateStmt *>(statement)->relations)
            check_relation(static_cast<const RangeVar *>(lfirst(cell)), "TRUNCATE");
        break;
    }
    case T_AlterTableStmt:
        if (registry::is_installed())
            check_alter_table(reinterpret_cast<const AlterTableStmt *>(statement));
        break;
    case T_AlterPolicyStmt:
        if (registry::is_installed())
            check_relation(reinterpret_cast<const AlterPolicyStmt *>(statement)->table,
                           "ALTER POLICY");
        break;
    case T_DropStmt:
        if (registry::is_installed())
            check_drop(reinterpret_cast<const DropStmt *>(statement));
        break;
    default:
        break;
    }
}

} // namespace tenancy::guard
