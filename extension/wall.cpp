// Completing queries with the isolation condition, and the one door in the wall.
// SPDX-License-Identifier: PostgreSQL
#include "wall.hpp"

#include "context.hpp"
#include "guc.hpp"
#include "policy.hpp"
#include "registry.hpp"

namespace tenancy::wall
{

namespace
{

// Plans of this backend reach an attached table past row security, with or without our condition.
constinit bool has_bypassing_plans = false;
constinit int planning_depth = 0;
constinit TimestampTz glass_broken_until = 0; // 0 = whole

bool glass_is_broken()
{
    return glass_broken_until != 0 && GetCurrentTimestamp() < glass_broken_until;
}

Expr *condition_for(Expr *condition, int entry)
{
    auto *copy = static_cast<Expr *>(copyObjectImpl(condition));
    ChangeVarNodes(reinterpret_cast<Node *>(copy), 1, entry, 0);
    return copy;
}

void add_check(Query *query, WCOKind kind, const char *relation, Expr *condition)
{
    WithCheckOption *check = makeNode(WithCheckOption);
    check->kind = kind;
    check->relname = pstrdup(relation);
    check->qual = reinterpret_cast<Node *>(condition_for(condition, query->resultRelation));
    query->withCheckOptions = lappend(query->withCheckOptions, check);
}

void add_checks(Query *query, const char *relation, Expr *condition)
{
    switch (query->commandType)
    {
    case CMD_INSERT:
        add_check(query, WCO_RLS_INSERT_CHECK, relation, condition);
        if (query->onConflict != nullptr && query->onConflict->action == ONCONFLICT_UPDATE)
        {
            // The row that is there must be the tenant's, and stay it.
            add_check(query, WCO_RLS_CONFLICT_CHECK, relation, condition);
            add_check(query, WCO_RLS_UPDATE_CHECK, relation, condition);
        }
        break;
    case CMD_UPDATE:
        add_check(query, WCO_RLS_UPDATE_CHECK, relation, condition);
        break;
    case CMD_MERGE:
        add_check(query, WCO_RLS_MERGE_UPDATE_CHECK, relation, condition);
        add_check(query, WCO_RLS_MERGE_DELETE_CHECK, relation, condition);
        add_check(query, WCO_RLS_UPDATE_CHECK, relation, condition);
        add_check(query, WCO_RLS_INSERT_CHECK, relation, condition);
        break;
    default:
        break;
    }
}

void complete_entry(Query *query, int index, RangeTblEntry *entry)
{
    if (entry->rtekind != RTE_RELATION || entry->securityQuals != NIL ||
        (entry->relkind != RELKIND_RELATION && entry->relkind != RELKIND_PARTITIONED_TABLE))
        return;
    Relation relation = table_open(entry->relid, NoLock); // locked by the parser or rewriter
    Expr *condition = policy::isolation_condition(relation);
    if (condition != nullptr && is_bypassed(entry->relid, pg::check_as_user(query, entry)))
    {
        has_bypassing_plans = true;
        if (is_up())
        {
            if (index == query->resultRelation)
                add_checks(query, RelationGetRelationName(relation), condition);
            if (index != query->resultRelation || query->commandType != CMD_INSERT)
                entry->securityQuals = list_make1(condition_for(condition, index));
            query->hasRowSecurity = true;
        }
    }
    table_close(relation, NoLock);
}

extern "C" {
static bool complete_walker(Node *node, void *nothing)
{
    if (node == nullptr)
        return false;
    if (!IsA(node, Query))
        return expression_tree_walker(node, pg::walker(complete_walker), nothing);
    auto *query = reinterpret_cast<Query *>(node);
    int index = 0;
    ListCell *cell;
    foreach (cell, query->rtable)
        complete_entry(query, ++index, static_cast<RangeTblEntry *>(lfirst(cell)));
    return query_tree_walker(query, pg::walker(complete_walker), nothing, 0);
}
}

} // namespace

bool is_up()
{
    return context::is_set() && guc::enforce_bypass && !glass_is_broken();
}

void complete(Query *query)
{
    // Foreign keys are checked by queries of the server's own, which must see all rows.
    if (query->commandType == CMD_UTILITY || InNoForceRLSOperation() || !IsTransactionState() ||
        !registry::is_installed())
        return;
    (void)complete_walker(reinterpret_cast<Node *>(query), nullptr);
}

bool keeps_from_inlining(Oid function)
{
    return planning_depth > 0 && function >= FirstNormalObjectId && get_func_retset(function) &&
           has_bypassrls_privilege(GetUserId()) && is_up();
}

void planning_begins()
{
    planning_depth++;
}

void planning_ends()
{
    planning_depth--;
}

void forget_plans()
{
    if (!has_bypassing_plans)
        return;
    ResetPlanCache();
    has_bypassing_plans = false;
}

bool is_bypassed(Oid relation, Oid role)
{
    return check_enable_rls(relation, role, true) != RLS_ENABLED;
}

void close_glass_if_over()
{
    if (glass_broken_until == 0 || GetCurrentTimestamp() < glass_broken_until)
        return;
    glass_broken_until = 0;
    forget_plans();
}

} // namespace tenancy::wall

using namespace tenancy;

// Opens the wall to this session until a time; the SQL function around it checks and audits.
TENANCY_FUNCTION(tenancy_open_glass)
{
    wall::glass_broken_until = PG_GETARG_TIMESTAMPTZ(0);
    wall::forget_plans();
    PG_RETURN_VOID();
}
