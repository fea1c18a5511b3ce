// Hooks of the executor, around each query: admit (guard), the previous hook or the server, record.
// SPDX-License-Identifier: PostgreSQL
#include "hooks_parts.hpp"

#include "context.hpp"
#include "governor.hpp"
#include "guard.hpp"
#include "labels.hpp"
#include "metering.hpp"
#include "open_queries.hpp"
#include "plans.hpp"
#include "row_counts.hpp"
#include "runaway.hpp"
#include "schema_wall.hpp"
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

static void on_executor_start(QueryDesc *query, int eflags)
{
    governor::apply();
    if (unlikely(labels::is_pending))
        labels::show();
    plans::Dependence dependence = plans::dependence_of(query->plannedstmt);
    const bool reads_schemas = schema_wall::check_plan(query->plannedstmt);
    dependence.on_tenant = dependence.on_tenant || reads_schemas;
    if (dependence.on_tenant)
        guard::check_plan(dependence);
    if (dependence.is_past_wall)
        guard::check_past_wall();
    if (storage_quota::is_to_be_checked(query->plannedstmt) && !(eflags & EXEC_FLAG_EXPLAIN_ONLY))
        call_below(
            [](const void *plan) { storage_quota::check(static_cast<const PlannedStmt *>(plan)); },
            query->plannedstmt);
    metering::begin_statement();
    if (is_of_client() && !(eflags & EXEC_FLAG_EXPLAIN_ONLY))
    {
        traffic::admit_statement();
        metering::begin_client_statement(kind_of(query->operation));
    }
    if (previous_executor_start != nullptr)
        previous_executor_start(query, eflags);
    else
        standard_ExecutorStart(query, eflags);
    if (metering::enabled)
        row_counts::watch(query->planstate);
    // Without a tenant only those matter that see the rows of all.
    if (context::is_set() ? dependence.on_tenant : dependence.is_past_wall || reads_schemas)
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
    if (depth > 0 && !wall::has_levels())
    {
        run_executor(TENANCY_EXECUTOR_RUN_ARGS);
        return;
    }
    const bool is_watched = is_of_client() && runaway::is_watching();
    if (depth == 0)
    {
        guard::check_running();
        if (is_of_client())
            traffic::enter();
    }
    Stopwatch watch;
    watch.start();
    depth++;
    const wall::Level level = wall::begin_level();
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
}

// Triggers fire here; a query that writes nothing has none.
static void on_executor_finish(QueryDesc *query)
{
    const bool has_triggers = query->operation != CMD_SELECT || query->plannedstmt->hasModifyingCTE;
    if (has_triggers && (depth == 0 || wall::has_levels()))
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
