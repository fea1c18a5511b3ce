// Hooks of the executor, around each query: admit (guard), the previous hook or the server, record.
// SPDX-License-Identifier: PostgreSQL
#include "hooks_parts.hpp"

#include "context.hpp"
#include "governor.hpp"
#include "guard.hpp"
#include "hidden_values.hpp"
#include "labels.hpp"
#include "metering.hpp"
#include "open_queries.hpp"
#include "plans.hpp"
#include "row_counts.hpp"
#include "runaway.hpp"
#include "schema_wall.hpp"
#include "schemas.hpp"
#include "storage_quota.hpp"
#include "traffic.hpp"
#include "wall.hpp"

namespace tenancy::hooks
{

namespace
{

constinit ExecutorStart_hook_type previous_executor_start = nullptr;
constinit ExecutorRun_hook_type previous_executor_run = nullptr;
constinit ExecutorFinish_hook_type previous_executor_finish = nullptr;

core::Counter kind_of(CmdType operation)
{
    switch (operation)
    {
    case CMD_INSERT:
        return core::kInserts;
    case CMD_UPDATE:
        return core::kUpdates;
    case CMD_DELETE:
        return core::kDeletes;
    case CMD_MERGE:
        return core::kMerges;
    default:
        return core::kSelects;
    }
}

extern "C" {

// Is a query to be watched while it is open, under a tenant and under none?
struct ToWatch
{
    bool with_tenant;
    bool without;
};

pg_noinline static ToWatch check_plan(const PlannedStmt *plan)
{
    plans::Dependence dependence = plans::dependence_of(plan);
    const bool reads_schemas = schema_wall::check_plan(plan);
    dependence.on_tenant = dependence.on_tenant || reads_schemas;
    if (dependence.on_tenant)
        guard::check_plan(dependence);
    if (dependence.is_past_wall)
        guard::check_past_wall();
    // Without a tenant only those matter that see the rows of all.
    return {dependence.on_tenant, dependence.is_past_wall || reads_schemas};
}

static void on_executor_start(QueryDesc *query, int eflags)
{
    governor::apply();
    if (unlikely(labels::is_pending))
        labels::show();
    const PlannedStmt *plan = query->plannedstmt;
    ToWatch to_watch{};
    if (plan->invalItems != NIL || schemas::is_used())
        to_watch = check_plan(plan);
    if (storage_quota::is_to_be_checked(plan) && !(eflags & EXEC_FLAG_EXPLAIN_ONLY))
        call_below(
            [](const void *adding) {
                storage_quota::check(static_cast<const PlannedStmt *>(adding));
            },
            plan);
    metering::begin_statement();
    if (is_of_client() && !(eflags & EXEC_FLAG_EXPLAIN_ONLY))
    {
        traffic::admit_statement();
        metering::begin_client_statement(kind_of(query->operation));
    }
    const wall::Level level = wall::begin_level(); // functions are called here, too
    if (previous_executor_start != nullptr)
        previous_executor_start(query, eflags);
    else
        standard_ExecutorStart(query, eflags);
    wall::end_level(level);
    if (metering::enabled)
        row_counts::watch(query->planstate);
    // Asked only now: what runs while a query starts may have set a tenant.
    if (context::is_set() ? to_watch.with_tenant : to_watch.without)
        open_queries::watch(query);
}

static void run_executor(TENANCY_EXECUTOR_RUN_PARAMS)
{
    if (previous_executor_run != nullptr)
        previous_executor_run(TENANCY_EXECUTOR_RUN_ARGS);
    else
        standard_ExecutorRun(TENANCY_EXECUTOR_RUN_ARGS);
}

// Around a statement of the client's that a runaway rule may apply to.
pg_noinline static void run_watched(TENANCY_EXECUTOR_RUN_PARAMS)
{
    runaway::begin(query);
    PG_TRY();
    {
        run_executor(TENANCY_EXECUTOR_RUN_ARGS);
    }
    PG_CATCH();
    {
        runaway::fail();
        PG_RE_THROW();
    }
    PG_END_TRY();
    runaway::end(static_cast<int64>(query->estate->es_processed));
}

static void on_executor_run(TENANCY_EXECUTOR_RUN_PARAMS)
{
    const plans::Dependence dependence = plans::dependence_of(query->plannedstmt);
    if (dependence.made_for != 0)
        guard::check_tenant_of(dependence);
    open_queries::check(query);
    const bool is_foreign_key = wall::is_foreign_key_query();
    if (depth > 0 && !is_foreign_key)
    {
        run_executor(TENANCY_EXECUTOR_RUN_ARGS);
        return;
    }
    bool is_watched = false;
    if (depth == 0)
    {
        guard::check_running();
        if (ActivePortal != nullptr)
        {
            is_watched = runaway::is_watching();
            traffic::enter();
        }
    }
    Stopwatch watch;
    watch.start();
    depth++;
    wall::Level level{};
    if (unlikely(is_foreign_key))
        level = wall::begin_level();
    hidden_values::Veil veil;
    veil.hang(is_foreign_key);
    PG_TRY();
    {
        if (is_watched)
            run_watched(TENANCY_EXECUTOR_RUN_ARGS);
        else
            run_executor(TENANCY_EXECUTOR_RUN_ARGS);
    }
    PG_FINALLY();
    {
        wall::end_level(level);
        depth--;
        watch.stop();
        if (depth == 0)
            traffic::leave();
    }
    PG_END_TRY();
    veil.take_down();
    if (depth == 0 && (query->operation == CMD_SELECT || query->plannedstmt->hasReturning))
        metering::count(core::kRowsReturned, static_cast<int64>(query->estate->es_processed));
}

static void finish_executor(QueryDesc *query)
{
    if (previous_executor_finish != nullptr)
        previous_executor_finish(query);
    else
        standard_ExecutorFinish(query);
}

pg_noinline static void finish_and_measure(QueryDesc *query)
{
    Stopwatch watch;
    watch.start();
    depth++;
    hidden_values::Veil veil;
    veil.hang(wall::is_foreign_key_query());
    const wall::Level level = wall::begin_level();
    PG_TRY();
    {
        finish_executor(query);
    }
    PG_FINALLY();
    {
        wall::end_level(level);
        depth--;
        watch.stop();
    }
    PG_END_TRY();
    veil.take_down();
}

// Triggers fire here; a query that writes nothing has none.
static void on_executor_finish(QueryDesc *query)
{
    const bool has_triggers = query->operation != CMD_SELECT || query->plannedstmt->hasModifyingCTE;
    if (has_triggers && (depth == 0 || wall::is_foreign_key_query()))
        finish_and_measure(query);
    else
        finish_executor(query);
    // Checking reads tables itself.
    if (has_triggers)
        check_rows();
    if (depth == 0)
        metering::end_client_statement();
}
}

} // namespace

void install_executor()
{
    previous_executor_start = ExecutorStart_hook;
    ExecutorStart_hook = on_executor_start;
    previous_executor_run = ExecutorRun_hook;
    ExecutorRun_hook = on_executor_run;
    previous_executor_finish = ExecutorFinish_hook;
    ExecutorFinish_hook = on_executor_finish;
}

} // namespace tenancy::hooks
