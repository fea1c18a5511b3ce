// Hooks of the planner: what the wall adds to a query and its paths, and marks on the plan.
// SPDX-License-Identifier: PostgreSQL
#include "hooks_parts.hpp"

#include "context.hpp"
#include "governor.hpp"
#include "guard.hpp"
#include "plans.hpp"
#include "promotion.hpp"
#include "schema_wall.hpp"
#include "wall.hpp"

namespace tenancy::hooks
{

namespace
{

constinit planner_hook_type previous_planner = nullptr;
constinit set_rel_pathlist_hook_type previous_paths = nullptr;
constinit needs_fmgr_hook_type previous_needs_fmgr = nullptr;

extern "C" {

static PlannedStmt *on_plan(Query *query, const char *source, int options, ParamListInfo params)
{
    governor::apply();
    guard::check_version();
    schema_wall::complete(query);
    const bool had_tenant = context::is_set();
    plans::Draft draft;
    plans::begin(draft, source, params);
    wall::complete(query, draft);
    // An error leaves it as it is until the transaction ends: then a function that could be inlined
    // is called instead, nothing worse.
    const wall::Planning outer = wall::planning_begins();
    const wall::Level level = wall::begin_level();
    PlannedStmt *plan = previous_planner != nullptr
                            ? previous_planner(query, source, options, params)
                            : standard_planner(query, source, options, params);
    wall::end_level(level);
    draft.is_past_wall = wall::planning_ends(outer) || draft.is_past_wall;
    // A function that is called while it is planned, because it claims to be immutable.
    if (!had_tenant && context::is_set())
        ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE),
                        errmsg("cannot set a tenant while a query is planned"),
                        errhint("Declare functions that set the tenant VOLATILE.")));
    plans::finish(draft, plan);
    return plan;
}

pg_noinline static void pass_on_and_add_paths(PlannerInfo *root, RelOptInfo *relation, Index index,
                                              RangeTblEntry *entry)
{
    previous_paths(root, relation, index, entry);
    promotion::add_paths(root, relation, entry);
}

static void on_paths(PlannerInfo *root, RelOptInfo *relation, Index index, RangeTblEntry *entry)
{
    if (previous_paths != nullptr)
        pass_on_and_add_paths(root, relation, index, entry);
    else
        promotion::add_paths(root, relation, entry);
}

// Asked before a function is inlined, and whenever one is looked up.
static bool on_needs_fmgr(Oid function)
{
    return (function >= FirstNormalObjectId && wall::keeps_from_inlining(function)) ||
           schema_wall::keeps_from_inlining(function) ||
           (previous_needs_fmgr != nullptr && previous_needs_fmgr(function));
}
}

} // namespace

void install_planner()
{
    previous_planner = planner_hook;
    planner_hook = on_plan;
    previous_paths = set_rel_pathlist_hook;
    set_rel_pathlist_hook = on_paths;
    previous_needs_fmgr = needs_fmgr_hook;
    needs_fmgr_hook = on_needs_fmgr;
}

} // namespace tenancy::hooks
