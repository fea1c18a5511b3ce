// Completing queries with the isolation condition, and the one door in the wall.
// SPDX-License-Identifier: PostgreSQL
#include "wall.hpp"

#include "context.hpp"
#include "guc.hpp"
#include "inlining.hpp"
#include "policy.hpp"
#include "registry.hpp"

namespace tenancy::wall
{

namespace
{

// Plans of this backend reach an attached table past row security, with or without our condition.
constinit bool has_bypassing_plans = false;
constinit Planning planning{};
constinit TimestampTz glass_broken_until = 0; // 0 = whole

bool glass_is_broken()
{
    return glass_broken_until != 0 && GetCurrentTimestamp() < glass_broken_until;
}

// The policy's condition, which speaks of entry 1, for another entry of the query.
Expr *condition_for(Expr *condition, int entry)
{
    auto *copy = static_cast<Expr *>(copyObjectImpl(condition));
    ChangeVarNodes(reinterpret_cast<Node *>(copy), 1, entry, 0);
    return copy;
}

// Adds a check, unless the rewriter has done so.
void add_check(Query *query, WCOKind kind, const char *relation, Expr *condition)
{
    ListCell *cell;
    foreach (cell, query->withCheckOptions)
    {
        const auto *present = static_cast<const WithCheckOption *>(lfirst(cell));
        if (present->kind == kind && equal(present->qual, condition))
            return;
    }
    WithCheckOption *check = makeNode(WithCheckOption);
    check->kind = kind;
    check->relname = pstrdup(relation);
    check->qual = static_cast<Node *>(copyObjectImpl(condition));
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

// What counts is whether the condition is there, and not who runs the query: a view's own barrier may
// be there instead, and a query may have been rewritten with other rights than it is planned with.
bool lacks(const Query *query, int index, const RangeTblEntry *entry, Expr *condition)
{
    const bool reads = index != query->resultRelation || query->commandType != CMD_INSERT;
    return reads ? !list_member(entry->securityQuals, condition)
                 : is_bypassed(entry->relid, pg::check_as_user(query, entry));
}

bool is_table(const RangeTblEntry *entry)
{
    return entry->rtekind == RTE_RELATION &&
           (entry->relkind == RELKIND_RELATION || entry->relkind == RELKIND_PARTITIONED_TABLE);
}

// Where else a query can stand within a query: the planner itself goes by this flag.
bool has_queries(const Query *query)
{
    return query->hasSubLinks || query->cteList != NIL;
}

// Most queries: they have no others within them, and reach no attached table.
bool is_complete(const Query *query)
{
    if (has_queries(query) || registry::presence != registry::Presence::present)
        return false;
    ListCell *cell;
    foreach (cell, query->rtable)
    {
        const auto *entry = static_cast<const RangeTblEntry *>(lfirst(cell));
        if (entry->rtekind == RTE_SUBQUERY || entry->securityQuals != NIL ||
            (is_table(entry) && !policy::is_known_not_attached(entry->relid)))
            return false;
    }
    return true;
}

// A policy's condition runs with the rights of whoever reads, and roles that bypass row security have no
// policy of a table's owner run: neither do we let them run it.
pg_noinline void refuse_condition(Relation relation)
{
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("policy \"%s\" of table \"%s\" is not the one that attach() makes",
                           policy::kIsolationPolicy, RelationGetRelationName(relation)),
                    errdetail("It could run code of the table's owner with your rights."),
                    errhint("Leave the tenant, and mend it with tenancy.attach().")));
}

pg_noinline void complete_entry(Query *query, int index, RangeTblEntry *entry, plans::Draft &draft)
{
    Relation relation = table_open(entry->relid, NoLock); // locked by the parser or rewriter
    if (Expr *policy = policy::isolation_condition(relation))
    {
        Expr *condition = condition_for(policy, index);
        const bool is_target = index == query->resultRelation;
        const bool reads = !is_target || query->commandType != CMD_INSERT;
        const bool is_open = lacks(query, index, entry, condition);
        has_bypassing_plans = has_bypassing_plans || is_open;
        if (is_up())
        {
            if (is_target)
                add_checks(query, RelationGetRelationName(relation), condition);
            if (is_open && unlikely(plans::may_run_foreign_code(policy)) &&
                is_bypassed(entry->relid, pg::check_as_user(query, entry)))
                refuse_condition(relation);
            // First, so that the view's conditions see only rows that it lets through.
            if (reads && is_open)
                entry->securityQuals = lcons(condition, entry->securityQuals);
            query->hasRowSecurity = true;
        }
        else
            draft.is_past_wall = draft.is_past_wall || is_open;
    }
    table_close(relation, NoLock);
}

extern "C" {
static bool complete_walker(Node *node, void *context)
{
    auto *draft = static_cast<plans::Draft *>(context);
    if (node == nullptr)
        return false;
    if (!IsA(node, Query))
        return expression_tree_walker(node, pg::walker(complete_walker), draft);
    auto *query = reinterpret_cast<Query *>(node);
    bool has_others = has_queries(query);
    int index = 0;
    ListCell *cell;
    foreach (cell, query->rtable)
    {
        auto *entry = static_cast<RangeTblEntry *>(lfirst(cell));
        index++;
        if (entry->rtekind == RTE_SUBQUERY)
            has_others = true;
        if (!is_table(entry))
            continue;
        if (policy::may_be_attached(entry->relid))
            complete_entry(query, index, entry, *draft);
        if (entry->securityQuals != NIL)
            plans::visit(*draft, entry);
    }
    return has_others && query_tree_walker(query, pg::walker(complete_walker), draft, 0);
}

static bool past_walker(Node *node, void *nothing)
{
    if (node == nullptr)
        return false;
    if (!IsA(node, Query))
        return expression_tree_walker(node, pg::walker(past_walker), nothing);
    auto *query = reinterpret_cast<Query *>(node);
    int index = 0;
    ListCell *cell;
    foreach (cell, query->rtable)
    {
        const auto *entry = static_cast<const RangeTblEntry *>(lfirst(cell));
        index++;
        if (!is_table(entry) || !policy::may_be_attached(entry->relid))
            continue;
        Relation relation = table_open(entry->relid, NoLock);
        Expr *condition = policy::isolation_condition(relation);
        const bool is_open =
            condition != nullptr && lacks(query, index, entry, condition_for(condition, index));
        table_close(relation, NoLock);
        if (is_open)
            return true;
    }
    return query_tree_walker(query, pg::walker(past_walker), nothing, 0);
}
}

pg_noinline Level put_row_security_back()
{
    Level level{};
    level.was_lifted = true;
    GetUserIdAndSecContext(&level.user, &level.security);
    SetUserIdAndSecContext(level.user, level.security & ~SECURITY_NOFORCE_RLS);
    return level;
}

} // namespace

bool is_up()
{
    return context::is_set() && guc::enforce_bypass && !glass_is_broken();
}

void complete(Query *query, plans::Draft &draft)
{
    if (is_complete(query))
        return;
    // Foreign keys are checked by queries of the server's own, which must see all rows. What triggers
    // do within them must not, nor what rules add to them.
    if (query->commandType == CMD_UTILITY ||
        (is_foreign_key_query() && query->querySource == QSRC_ORIGINAL) || !IsTransactionState() ||
        !registry::is_installed())
        return;
    (void)complete_walker(reinterpret_cast<Node *>(query), &draft);
}

Expr *require_condition(Relation relation)
{
    Expr *condition = policy::isolation_condition(relation);
    if (is_bypassed(RelationGetRelid(relation), InvalidOid) &&
        plans::may_run_foreign_code(condition))
        refuse_condition(relation);
    return condition;
}

bool is_past(Query *query)
{
    return past_walker(reinterpret_cast<Node *>(query), nullptr);
}

bool keeps_from_inlining(Oid function)
{
    if (planning.depth == 0 || !get_func_retset(function) || !registry::is_installed())
        return false;
    switch (inlining::look_into(function))
    {
    case inlining::Body::harmless:
        return false;
    case inlining::Body::unknown:
        return true;
    case inlining::Body::past_wall:
        break;
    }
    if (is_up())
        return true;
    planning.is_past_wall = true;
    has_bypassing_plans = true;
    return false;
}

bool is_foreign_key_query()
{
    return InNoForceRLSOperation();
}

Planning planning_begins()
{
    const Planning outer = planning;
    planning = {outer.depth + 1, false};
    return outer;
}

bool planning_ends(const Planning &outer)
{
    const bool is_past_wall = planning.is_past_wall;
    planning = outer;
    return is_past_wall;
}

Level begin_level()
{
    return likely(!InNoForceRLSOperation()) ? Level{} : put_row_security_back();
}

void end_level(const Level &level)
{
    if (unlikely(level.was_lifted))
        SetUserIdAndSecContext(level.user, level.security);
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
