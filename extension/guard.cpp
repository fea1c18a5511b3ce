// The guard's rules.
// SPDX-License-Identifier: PostgreSQL
#include "guard.hpp"

#include "context.hpp"
#include "cursors.hpp"
#include "guc.hpp"
#include "open_queries.hpp"
#include "owner.hpp"
#include "policy.hpp"
#include "registry.hpp"
#include "schema_wall.hpp"
#include "wall.hpp"

namespace tenancy::guard
{

namespace
{

[[noreturn]] void refuse(const char *what, Oid relation)
{
    ereport(
        ERROR,
        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
         errmsg("%s is not allowed on \"%s\" while a tenant is set", what, get_rel_name(relation)),
         errdetail("The table is shared by tenants, and the statement does not stop at the "
                   "rows of tenant \"%s\".",
                   context::name()),
         errhint("Leave the tenant first: SELECT tenancy.reset_tenant().")));
}

void check_relation(const RangeVar *name, const char *what)
{
    const Oid relation = RangeVarGetRelid(name, NoLock, true);
    if (OidIsValid(relation) && policy::is_attached(relation))
        refuse(what, relation);
}

// A constant default asks and tells nothing.
bool is_harmless_column(const ColumnDef *column)
{
    ListCell *cell;
    foreach (cell, column->constraints)
    {
        const auto *constraint = static_cast<const Constraint *>(lfirst(cell));
        if (constraint->contype != CONSTR_NULL &&
            (constraint->contype != CONSTR_DEFAULT || !IsA(constraint->raw_expr, A_Const)))
            return false;
    }
    return true;
}

// A table's definition is common to all tenants. Most changes of it run expressions over the rows of
// all, leave them behind to run in the sessions of others, drop what is others', or open the wall. So
// the harmless ones are listed.
void check_alter_table(const AlterTableStmt *statement)
{
    const Oid relation = RangeVarGetRelid(statement->relation, NoLock, true);
    if (!OidIsValid(relation) || !policy::is_attached(relation))
        return;
    ListCell *cell;
    foreach (cell, statement->cmds)
    {
        const auto *command = static_cast<const AlterTableCmd *>(lfirst(cell));
        switch (command->subtype)
        {
        case AT_AddColumn:
            if (!is_harmless_column(castNode(ColumnDef, command->def)))
                refuse("ADD COLUMN with an expression or constraint", relation);
            break;
        case AT_EnableRowSecurity:
        case AT_ForceRowSecurity:
        case AT_SetStatistics:
        case AT_SetOptions:
        case AT_ResetOptions:
        case AT_SetStorage:
        case AT_SetCompression:
        case AT_SetRelOptions:
        case AT_ResetRelOptions:
        case AT_ReplicaIdentity:
        case AT_ClusterOn:
        case AT_DropCluster:
        case AT_SetTableSpace:
            break;
        case AT_DisableRowSecurity:
            refuse("DISABLE ROW LEVEL SECURITY", relation);
        case AT_NoForceRowSecurity:
            refuse("NO FORCE ROW LEVEL SECURITY", relation);
        case AT_AttachPartition:
            refuse("ATTACH PARTITION", relation);
        case AT_DetachPartition:
            refuse("DETACH PARTITION", relation);
        case AT_AddInherit:
            refuse("INHERIT", relation);
        case AT_DropInherit:
            refuse("NO INHERIT", relation);
        default:
            if (command->name != nullptr && policy::is_tenant_column(relation, command->name))
                refuse("changing the tenant column", relation);
            refuse("this kind of ALTER TABLE", relation);
        }
    }
}

// The index is built from the rows of all tenants: an expression sees them, and a duplicate is told.
void check_index(const IndexStmt *statement)
{
    bool sees_rows =
        statement->whereClause != nullptr || statement->unique || statement->excludeOpNames != NIL;
    ListCell *cell;
    foreach (cell, statement->indexParams)
        sees_rows = sees_rows || static_cast<const IndexElem *>(lfirst(cell))->expr != nullptr;
    if (sees_rows)
        check_relation(statement->relation, "CREATE INDEX with an expression or UNIQUE");
}

void check_statistics(const CreateStatsStmt *statement)
{
    ListCell *cell;
    bool sees_rows = false;
    foreach (cell, statement->exprs)
        sees_rows = sees_rows || static_cast<const StatsElem *>(lfirst(cell))->expr != nullptr;
    foreach (cell, sees_rows ? statement->relations : NIL)
        if (IsA(lfirst(cell), RangeVar))
            check_relation(static_cast<const RangeVar *>(lfirst(cell)),
                           "CREATE STATISTICS with an expression");
}

// The condition is asked of every row of every table that uses the domain.
void check_domain(const AlterDomainStmt *statement)
{
    if (statement->subtype != 'C' && statement->subtype != 'V')
        return;
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("domain constraints cannot be added while a tenant is set"),
                    errdetail("They are checked against the rows of all tenants."),
                    errhint("Leave the tenant first: SELECT tenancy.reset_tenant().")));
}

void check_rename(const RenameStmt *statement)
{
    if (statement->renameType == OBJECT_POLICY)
        check_relation(statement->relation, "renaming a policy");
    if (statement->renameType != OBJECT_COLUMN || statement->relation == nullptr)
        return;
    const Oid relation = RangeVarGetRelid(statement->relation, NoLock, true);
    if (OidIsValid(relation) && policy::is_tenant_column(relation, statement->subname))
        refuse("renaming the tenant column", relation);
}

// The extension takes its policies along. A permissive policy of the owner's would stay, without
// the restrictive one that held it to the tenant.
void check_drop_extension(const DropStmt *statement)
{
    ListCell *cell;
    bool drops_us = false;
    foreach (cell, statement->objects)
        drops_us = drops_us || strcmp(strVal(lfirst(cell)), "tenancy") == 0;
    if (!drops_us || statement->behavior != DROP_CASCADE || !registry::is_installed())
        return;
    const owner::Scope scope = owner::enter();
    if (SPI_execute("SELECT min(p.polrelid::regclass::text) FROM pg_policy p JOIN pg_policy i "
                    "USING (polrelid)"
                    " WHERE i.polname = 'tenancy_isolation' AND p.polpermissive"
                    " AND p.polname <> 'tenancy_access'",
                    true, 1) != SPI_OK_SELECT)
        elog(ERROR, "could not read policies");
    const char *table = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
    if (table != nullptr)
        ereport(
            ERROR,
            (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
             errmsg("cannot drop extension tenancy: it would open table %s", table),
             errdetail("The table has a permissive policy that would stay without the isolation "
                       "policy and show the rows of all tenants."),
             errhint("Drop that policy, or take the table out with tenancy.detach(), first.")));
    owner::leave(scope);
}

// DROP POLICY and DROP RULE name the table first and the policy or rule last.
void check_drop(const DropStmt *statement)
{
    if (statement->removeType != OBJECT_POLICY && statement->removeType != OBJECT_RULE)
        return;
    ListCell *cell;
    foreach (cell, statement->objects)
    {
        List *table = list_copy_head(static_cast<List *>(lfirst(cell)),
                                     list_length(static_cast<List *>(lfirst(cell))) - 1);
        check_relation(makeRangeVarFromNameList(table), "dropping a policy or rule");
    }
}

} // namespace

void check_plan(const plans::Dependence &dependence)
{
    if (context::is_set() || guc::strict)
    {
        // Invalidations are otherwise read only when a new lock is taken: a suspension must stop a
        // transaction that holds all its locks already.
        AcceptInvalidationMessages();
        if (context::is_set())
            (void)context::current();
        else if (!has_bypassrls_privilege(GetUserId()))
            (void)context::require_current();
    }
    if (dependence.made_for != 0)
        check_tenant_of(dependence);
}

void check_version()
{
    if (unlikely(registry::is_outdated()) &&
        (context::is_set() || !has_bypassrls_privilege(GetUserId())))
        (void)registry::relations();
}

void check_past_wall()
{
    if (wall::is_up())
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("the query was planned without a tenant"),
                        errdetail("It would reach the rows of all tenants."),
                        errhint("Set the tenant before the statement, or the function it is in, "
                                "begins.")));
}

void check_tenant_of(const plans::Dependence &dependence)
{
    if (!plans::is_present(dependence.made_for))
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("the query was planned for another tenant"),
                        errhint("Set the tenant before the statement begins, and close its cursors "
                                "before the tenant changes.")));
}

void check_running()
{
    if (!open_queries::is_any() || !context::is_set())
        return;
    AcceptInvalidationMessages();
    (void)context::current();
}

void check_drop_of_policy(Oid policy)
{
    if (!context::is_set() || !registry::is_installed())
        return;
    const Oid relation = policy::relation_isolated_by(policy);
    if (OidIsValid(relation))
        refuse("DROP", relation);
}

void check_truncate(Oid relation)
{
    if (context::is_set() && registry::is_installed() && policy::is_attached(relation))
        refuse("TRUNCATE", relation);
}

namespace
{

[[noreturn]] void refuse_materialized_view()
{
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("materialized views cannot be filled while a tenant is set"),
                    errdetail("A materialized view is shared, and would hold the rows of tenant "
                              "\"%s\" alone.",
                              context::name()),
                    errhint("Leave the tenant first: SELECT tenancy.reset_tenant().")));
}

// EXPLAIN ANALYZE makes what it explains, and no event trigger sees it.
void check_explain(const ExplainStmt *explain)
{
    const Node *explained = castNode(Query, explain->query)->utilityStmt;
    if (explained == nullptr || !IsA(explained, CreateTableAsStmt) || !registry::is_installed())
        return;
    bool makes = false;
    ListCell *cell;
    foreach (cell, explain->options)
        if (strcmp(static_cast<DefElem *>(lfirst(cell))->defname, "analyze") == 0)
            makes = defGetBoolean(static_cast<DefElem *>(lfirst(cell)));
    const auto *made = reinterpret_cast<const CreateTableAsStmt *>(explained);
    if (makes && made->objtype == OBJECT_MATVIEW && context::is_set())
        refuse_materialized_view();
    if (makes && made->objtype == OBJECT_TABLE && guc::auto_attach &&
        made->into->rel->relpersistence != RELPERSISTENCE_TEMP)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("EXPLAIN ANALYZE cannot make a table"),
                 errdetail("Event triggers do not see it, so the table would not be attached."),
                 errhint("Explain the query alone, or make a temporary table.")));
}

} // namespace

void check_utility(const Node *statement)
{
    if (IsA(statement, ExplainStmt))
        check_explain(reinterpret_cast<const ExplainStmt *>(statement));
    if (IsA(statement, FetchStmt))
    {
        check_running();
        cursors::check_fetch(reinterpret_cast<const FetchStmt *>(statement));
    }
    if (IsA(statement, DropStmt) &&
        reinterpret_cast<const DropStmt *>(statement)->removeType == OBJECT_EXTENSION)
        check_drop_extension(reinterpret_cast<const DropStmt *>(statement));
    if (context::is_set() && !IsA(statement, DiscardStmt) && !IsA(statement, ClosePortalStmt))
        check_version();
    if (!context::is_set() || !registry::is_installed())
        return;
    switch (nodeTag(statement))
    {
    case T_AlterTableStmt:
        check_alter_table(reinterpret_cast<const AlterTableStmt *>(statement));
        break;
    case T_RenameStmt:
        check_rename(reinterpret_cast<const RenameStmt *>(statement));
        break;
    case T_CreatePolicyStmt:
        check_relation(reinterpret_cast<const CreatePolicyStmt *>(statement)->table,
                       "CREATE POLICY");
        break;
    case T_AlterPolicyStmt:
        check_relation(reinterpret_cast<const AlterPolicyStmt *>(statement)->table, "ALTER POLICY");
        break;
    case T_RuleStmt:
        check_relation(reinterpret_cast<const RuleStmt *>(statement)->relation, "CREATE RULE");
        break;
    case T_CreateTrigStmt: // would run in the sessions of other tenants
        check_relation(reinterpret_cast<const CreateTrigStmt *>(statement)->relation,
                       "CREATE TRIGGER");
        break;
    case T_IndexStmt:
        check_index(reinterpret_cast<const IndexStmt *>(statement));
        break;
    case T_CreateStatsStmt:
        check_statistics(reinterpret_cast<const CreateStatsStmt *>(statement));
        break;
    case T_AlterDomainStmt:
        check_domain(reinterpret_cast<const AlterDomainStmt *>(statement));
        break;
    case T_DropStmt:
        check_drop(reinterpret_cast<const DropStmt *>(statement));
        break;
    case T_RefreshMatViewStmt:
        refuse_materialized_view();
    case T_CreateTableAsStmt:
        if (reinterpret_cast<const CreateTableAsStmt *>(statement)->objtype == OBJECT_MATVIEW)
            refuse_materialized_view();
        break;
    case T_CreatePublicationStmt:
    case T_AlterPublicationStmt:
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("publications cannot be changed while a tenant is set"),
                        errdetail("A publication carries the rows of all tenants."),
                        errhint("Leave the tenant first: SELECT tenancy.reset_tenant().")));
    default:
        break;
    }
}

} // namespace tenancy::guard
