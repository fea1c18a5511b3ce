// The guard's rules.
// SPDX-License-Identifier: PostgreSQL
#include "guard.hpp"

#include "context.hpp"
#include "guc.hpp"
#include "owner.hpp"
#include "policy.hpp"
#include "registry.hpp"

namespace tenancy::guard
{

namespace
{

// How many plans over tenants' tables have started and still have their memory.
constinit int open_queries = 0;

// Cursors that outlive their transaction, and whose rows they hold.
struct HeldCursor
{
    char name[NAMEDATALEN];
    char tenant[registry::kNameSize];
};
constinit HTAB *held_cursors = nullptr;

extern "C" {
static void on_query_memory_gone(void *)
{
    open_queries--;
}
}

[[noreturn]] void refuse(const char *what, Oid relation)
{
    ereport(
        ERROR,
        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
         errmsg("%s is not allowed on \"%s\" while a tenant is set", what, get_rel_name(relation)),
         errdetail("The table is shared by tenants, and the statement does not stop at the "
                   "rows of tenant \"%s\".",
                   guc::tenant_id),
         errhint("Leave the tenant first: SELECT tenancy.reset_tenant().")));
}

void check_relation(const RangeVar *name, const char *what)
{
    const Oid relation = RangeVarGetRelid(name, NoLock, true);
    if (OidIsValid(relation) && policy::is_attached(relation))
        refuse(what, relation);
}

// Changes of a table that would open the wall or move rows across it.
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
        case AT_DropColumn:
        case AT_AlterColumnType:
        case AT_ColumnDefault:
        case AT_DropNotNull:
            if (policy::is_tenant_column(relation, command->name))
                refuse("changing the tenant column", relation);
            break;
        default:
            break;
        }
    }
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

void watch(const QueryDesc *query)
{
    if (!context::is_set() || !context::depends_on_tenant(query->plannedstmt))
        return;
    // The query's memory goes at its end, and at an error: no other event is as sure.
    auto *callback = static_cast<MemoryContextCallback *>(
        MemoryContextAllocZero(query->estate->es_query_cxt, sizeof(MemoryContextCallback)));
    callback->func = on_query_memory_gone;
    MemoryContextRegisterResetCallback(query->estate->es_query_cxt, callback);
    open_queries++;
}

bool is_query_open()
{
    return open_queries > 0;
}

void check_running()
{
    if (open_queries == 0 || !context::is_set())
        return;
    AcceptInvalidationMessages();
    (void)context::current();
}

void forget_held_cursor(const char *name)
{
    if (held_cursors == nullptr)
        return;
    if (name != nullptr)
        (void)hash_search(held_cursors, name, HASH_REMOVE, nullptr);
    else
    {
        hash_destroy(held_cursors);
        held_cursors = nullptr;
    }
}

void remember_held_cursor(const char *name)
{
    if (!context::is_set() || !registry::is_installed())
    {
        forget_held_cursor(name);
        return;
    }
    if (held_cursors == nullptr)
    {
        HASHCTL control{};
        control.keysize = NAMEDATALEN;
        control.entrysize = sizeof(HeldCursor);
        control.hcxt = TopMemoryContext;
        held_cursors = hash_create("tenancy held cursors", 16, &control,
                                   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
    }
    auto *held = static_cast<HeldCursor *>(hash_search(held_cursors, name, HASH_ENTER, nullptr));
    strlcpy(held->tenant, context::key(), sizeof(held->tenant));
}

void check_truncate(Oid relation)
{
    if (context::is_set() && registry::is_installed() && policy::is_attached(relation))
        refuse("TRUNCATE", relation);
}

namespace
{

// A held cursor has its rows stored, where no condition reaches them any more.
void check_fetch(const FetchStmt *statement)
{
    check_running();
    if (held_cursors == nullptr || statement->portalname == nullptr)
        return;
    const auto *held = static_cast<const HeldCursor *>(
        hash_search(held_cursors, statement->portalname, HASH_FIND, nullptr));
    if (held != nullptr && strcmp(held->tenant, context::key()) != 0)
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("cursor \"%s\" was opened for another tenant", statement->portalname),
                 errhint("Close it, or set the tenant it was opened for.")));
}

[[noreturn]] void refuse_materialized_view()
{
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("materialized views cannot be filled while a tenant is set"),
                    errdetail("A materialized view is shared, and would hold the rows of tenant "
                              "\"%s\" alone.",
                              guc::tenant_id),
                    errhint("Leave the tenant first: SELECT tenancy.reset_tenant().")));
}

} // namespace

void check_utility(const Node *statement)
{
    if (IsA(statement, FetchStmt))
        check_fetch(reinterpret_cast<const FetchStmt *>(statement));
    if (IsA(statement, DropStmt) &&
        reinterpret_cast<const DropStmt *>(statement)->removeType == OBJECT_EXTENSION)
        check_drop_extension(reinterpret_cast<const DropStmt *>(statement));
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
