// The chain of every statement: admit (guard), the previous hook or the server, record (metering).
// SPDX-License-Identifier: PostgreSQL
#include "hooks.hpp"

#include "claim.hpp"
#include "context.hpp"
#include "copy.hpp"
#include "counters.hpp"
#include "cursors.hpp"
#include "guard.hpp"
#include "ledger.hpp"
#include "metering.hpp"
#include "plans.hpp"
#include "promotion.hpp"
#include "quota.hpp"
#include "registry.hpp"
#include "replay.hpp"
#include "reservations.hpp"
#include "schema_wall.hpp"
#include "schemas.hpp"
#include "wall.hpp"

namespace tenancy::hooks
{

namespace
{

constinit planner_hook_type previous_planner = nullptr;
constinit set_rel_pathlist_hook_type previous_paths = nullptr;
constinit needs_fmgr_hook_type previous_needs_fmgr = nullptr;
constinit ExecutorStart_hook_type previous_executor_start = nullptr;
constinit ExecutorRun_hook_type previous_executor_run = nullptr;
constinit ExecutorFinish_hook_type previous_executor_finish = nullptr;
constinit object_access_hook_type previous_object_access = nullptr;
constinit ProcessUtility_hook_type previous_utility = nullptr;
constinit shmem_request_hook_type previous_shmem_request = nullptr;
constinit shmem_startup_hook_type previous_shmem_startup = nullptr;

// Depth of executor and utility calls: a statement of the client's is at depth 0, what its functions
// and triggers run is deeper and part of it.
constinit int depth = 0;

// Time and rows of a client's statement.
class Stopwatch
{
public:
    void start()
    {
        if (depth == 0)
            INSTR_TIME_SET_CURRENT(started_);
    }

    void stop() const
    {
        if (depth != 0)
            return;
        instr_time now;
        INSTR_TIME_SET_CURRENT(now);
        INSTR_TIME_SUBTRACT(now, started_);
        metering::count(core::kExecMicroseconds, INSTR_TIME_GET_MICROSEC(now));
    }

private:
    instr_time started_;
};

// An open query has read under one tenant, and what it reads on would be another's.
bool may_become(const char *tenant_key, GucSource source)
{
    // The last moment before the setting changes at which the catalog can be read.
    schemas::prepare();
    if (source < PGC_S_INTERACTIVE || !guard::is_query_open() ||
        pg_strcasecmp(tenant_key, context::key()) == 0)
        return true;
    GUC_check_errcode(ERRCODE_OBJECT_IN_USE);
    GUC_check_errmsg("cannot change the tenant while a query of the present one is open");
    GUC_check_errhint("Finish the query or close the cursor first.");
    return false;
}

// Work done so far belongs to the tenant that is being left.
template <typename Value>
void change_context(void (*assign)(Value), Value value)
{
    metering::close_epoch();
    const bool was_set = context::is_set();
    assign(value);
    context::forget_resolved();
    if (context::is_set() != was_set)
        wall::forget_plans();
    schemas::tenant_changed();
    sizes::change_to(context::key());
}

// The tenant is about to change, and catalogs can be read: how much does it have?
bool learn_size(const char *tenant_key, GucSource source)
{
    char folded[registry::kNameSize];
    if (source >= PGC_S_INTERACTIVE && tenant_key[0] != '\0' && IsTransactionState())
    {
        core::fold_tenant_id(tenant_key, folded);
        sizes::learn(folded);
    }
    return true;
}

extern "C" {

static bool on_check_tenant_id(char **value, void **extra, GucSource source)
{
    const char *wanted = *value != nullptr ? *value : "";
    return may_become(claim::key_if_named(wanted), source) &&
           claim::check_setting(wanted, extra, source) &&
           learn_size(claim::key_if_named(wanted), source);
}

static bool on_check_token(char **value, void **extra, GucSource source)
{
    return *value == nullptr || (claim::check_token(*value, extra, source) &&
                                 may_become(claim::key_if_proven(*extra), source) &&
                                 learn_size(claim::key_if_proven(*extra), source));
}

static bool on_check_pinned_tenant(char **value, void **extra, GucSource source)
{
    return claim::check_pin(*value != nullptr ? *value : "", extra, source);
}

static bool on_check_context(int *mode, void **, GucSource source)
{
    return may_become(claim::key_if_mode(*mode), source);
}

static void on_assign_tenant_id(const char *, void *extra)
{
    change_context(claim::assign_setting, extra);
}

static void on_assign_token(const char *, void *extra)
{
    change_context(claim::assign_token, extra);
}

static void on_assign_pinned_tenant(const char *, void *extra)
{
    change_context(claim::assign_pin, extra);
}

static void on_assign_context(int mode, void *)
{
    change_context(claim::assign_mode, mode);
}

static void on_assign_search_path(const char *value, void *extra)
{
    schemas::search_path_changed(value, extra);
}

static void on_assign_enforce_bypass(bool, void *)
{
    wall::forget_plans();
}

static PlannedStmt *on_plan(Query *query, const char *source, int options, ParamListInfo params)
{
    schema_wall::complete(query);
    const bool had_tenant = context::is_set();
    plans::Draft draft;
    plans::begin(draft, source, params);
    wall::complete(query, draft);
    // An error leaves it as it is until the transaction ends: then a function that could be inlined
    // is called instead, nothing worse.
    const int outer = wall::planning_begins();
    PlannedStmt *plan = previous_planner != nullptr
                            ? previous_planner(query, source, options, params)
                            : standard_planner(query, source, options, params);
    wall::planning_ends(outer);
    // A function that is called while it is planned, because it claims to be immutable.
    if (!had_tenant && context::is_set())
        ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE),
                        errmsg("cannot set a tenant while a query is planned"),
                        errhint("Declare functions that set the tenant VOLATILE.")));
    plans::finish(draft, plan);
    return plan;
}

static void on_paths(PlannerInfo *root, RelOptInfo *relation, Index index, RangeTblEntry *entry)
{
    if (previous_paths != nullptr)
        previous_paths(root, relation, index, entry);
    promotion::add_paths(root, relation, entry);
}

// Asked before a function is inlined, and whenever one is looked up.
static bool on_needs_fmgr(Oid function)
{
    return (function >= FirstNormalObjectId && wall::keeps_from_inlining(function)) ||
           schema_wall::keeps_from_inlining(function) ||
           (previous_needs_fmgr != nullptr && previous_needs_fmgr(function));
}

static void on_executor_start(QueryDesc *query, int eflags)
{
    plans::Dependence dependence = plans::dependence_of(query->plannedstmt);
    if (schema_wall::check_plan(query->plannedstmt))
        dependence.on_tenant = true;
    if (dependence.on_tenant)
        guard::check_plan(dependence);
    metering::begin_statement();
    if (depth == 0 && !(eflags & EXEC_FLAG_EXPLAIN_ONLY))
        metering::count(core::kStatements, 1);
    if (previous_executor_start != nullptr)
        previous_executor_start(query, eflags);
    else
        standard_ExecutorStart(query, eflags);
    if (dependence.on_tenant)
        guard::watch(query);
}

static void run_executor(TENANCY_EXECUTOR_RUN_PARAMS)
{
    if (previous_executor_run != nullptr)
        previous_executor_run(TENANCY_EXECUTOR_RUN_ARGS);
    else
        standard_ExecutorRun(TENANCY_EXECUTOR_RUN_ARGS);
}

static void on_executor_run(TENANCY_EXECUTOR_RUN_PARAMS)
{
    const plans::Dependence dependence = plans::dependence_of(query->plannedstmt);
    if (dependence.made_for != 0)
        guard::check_tenant_of(dependence);
    if (depth > 0 && !wall::has_levels())
    {
        run_executor(TENANCY_EXECUTOR_RUN_ARGS);
        return;
    }
    if (depth == 0)
        guard::check_running();
    Stopwatch watch;
    watch.start();
    depth++;
    const wall::Level level = wall::begin_level();
    PG_TRY();
    {
        run_executor(TENANCY_EXECUTOR_RUN_ARGS);
    }
    PG_FINALLY();
    {
        wall::end_level(level);
        depth--;
        watch.stop();
    }
    PG_END_TRY();
    if (depth == 0)
        metering::count(query->operation == CMD_SELECT ? core::kRowsReturned : core::kRowsWritten,
                        static_cast<int64>(query->estate->es_processed));
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
}

static void run_utility(PlannedStmt *planned, const char *source, bool read_only_tree,
                        ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *env,
                        DestReceiver *dest, QueryCompletion *completion)
{
    const copy::Way way = IsA(planned->utilityStmt, CopyStmt)
                              ? copy::way_of(castNode(CopyStmt, planned->utilityStmt))
                              : copy::Way::leave;
    if (way == copy::Way::with_check)
    {
        // The server's own COPY would refuse, so nobody behind us in the chain can be asked.
        const uint64 rows = copy::run(planned, source);
        if (completion != nullptr)
            SetQueryCompletion(completion, CMDTAG_COPY, rows);
        return;
    }
    if (way == copy::Way::as_query)
        planned = copy::as_query(planned);
    if (previous_utility != nullptr)
        previous_utility(planned, source, read_only_tree, context, params, env, dest, completion);
    else
        standard_ProcessUtility(planned, source, read_only_tree, context, params, env, dest,
                                completion);
}

static void on_utility(PlannedStmt *planned, const char *source, bool read_only_tree,
                       ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *env,
                       DestReceiver *dest, QueryCompletion *completion)
{
    // All that is needed of the statement is read now: it may be freed by the time it has run.
    const NodeTag tag = nodeTag(planned->utilityStmt);
    const bool writes_rows =
        tag == T_CreateTableAsStmt ||
        (tag == T_CopyStmt && castNode(CopyStmt, planned->utilityStmt)->is_from);
    const bool has_rows = writes_rows || tag == T_CopyStmt || tag == T_FetchStmt;
    const char *cursor =
        tag == T_DeclareCursorStmt
            ? pstrdup(castNode(DeclareCursorStmt, planned->utilityStmt)->portalname)
            : nullptr;
    const char *closed_cursor =
        tag == T_ClosePortalStmt && castNode(ClosePortalStmt, planned->utilityStmt)->portalname
            ? pstrdup(castNode(ClosePortalStmt, planned->utilityStmt)->portalname)
            : nullptr;
    const Oid dropped_database =
        tag == T_DropdbStmt
            ? get_database_oid(castNode(DropdbStmt, planned->utilityStmt)->dbname, true)
            : InvalidOid;

    // Transaction control and settings must work in a failed transaction, too, and EXECUTE is
    // counted where its plan runs.
    if (tag == T_TransactionStmt || tag == T_VariableSetStmt || tag == T_VariableShowStmt ||
        tag == T_ExecuteStmt || tag == T_PrepareStmt || tag == T_DeallocateStmt)
    {
        run_utility(planned, source, read_only_tree, context, params, env, dest, completion);
        return;
    }

    schemas::prepare();
    schema_wall::check_utility(planned->utilityStmt);
    guard::check_utility(planned->utilityStmt);
    metering::begin_statement();
    if (depth == 0)
        metering::count(core::kStatements, 1);
    Stopwatch watch;
    watch.start();
    depth++;
    PG_TRY();
    {
        run_utility(planned, source, read_only_tree, context, params, env, dest, completion);
    }
    PG_FINALLY();
    {
        depth--;
        watch.stop();
    }
    PG_END_TRY();
    if (depth == 0 && has_rows && completion != nullptr)
        metering::count(writes_rows ? core::kRowsWritten : core::kRowsReturned,
                        static_cast<int64>(completion->nprocessed));
    if (tag == T_ClosePortalStmt)
        cursors::forget(closed_cursor);
    if (cursor != nullptr)
        cursors::remember(cursor);
    if (OidIsValid(dropped_database))
    {
        counters::forget_database(dropped_database);
        reservations::forget_database(dropped_database);
    }
}

static void on_object_access(ObjectAccessType access, Oid classId, Oid object, int part,
                             void *argument)
{
    if (previous_object_access != nullptr)
        previous_object_access(access, classId, object, part, argument);
    schema_wall::check_access(access, classId, object, argument);
    if (access == OAT_TRUNCATE && classId == RelationRelationId)
        guard::check_truncate(object);
    if (access == OAT_DROP && classId == PolicyRelationId)
        guard::check_drop_of_policy(object);
}

// What the ledger writes is no statement of the client's.
pg_noinline static void write_ledger()
{
    depth++;
    PG_TRY();
    {
        ledger::write();
    }
    PG_FINALLY();
    {
        depth--;
    }
    PG_END_TRY();
}

static void on_transaction(XactEvent event, void *)
{
    switch (event)
    {
    case XACT_EVENT_PRE_COMMIT:
        if (ledger::is_anything_pending())
            write_ledger();
        return;
    case XACT_EVENT_PRE_PREPARE:
        ledger::refuse_prepare();
        return;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        break;
    default:
        return;
    }
    ledger::settle(event != XACT_EVENT_ABORT);
    // The setting still names the tenant here: SET LOCAL is undone only after this.
    metering::end_transaction();
    wall::planning_ends(0);
    wall::close_glass_if_over();
    cursors::forget_lost();
    // Inside a procedure somebody may hold what a current_tenant function returned.
    if (depth == 0 && registry::trim_at_transaction_end())
    {
        quota::forget_cache();
        context::forget_cache();
    }
}

static void on_savepoint(SubXactEvent event, SubTransactionId, SubTransactionId, void *)
{
    if (event == SUBXACT_EVENT_COMMIT_SUB)
        ledger::settle_savepoint(GetCurrentTransactionNestLevel(), true);
    else if (event == SUBXACT_EVENT_ABORT_SUB)
        ledger::settle_savepoint(GetCurrentTransactionNestLevel(), false);
}

static void on_shmem_request()
{
    if (previous_shmem_request != nullptr)
        previous_shmem_request();
    counters::request_memory();
    replay::request_memory();
    reservations::request_memory();
}

static void on_shmem_startup()
{
    if (previous_shmem_startup != nullptr)
        previous_shmem_startup();
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    counters::start();
    replay::start();
    reservations::start();
    LWLockRelease(AddinShmemInitLock);
}
}

} // namespace

const guc::Hooks &of_settings()
{
    static constexpr guc::Hooks hooks{
        on_check_tenant_id,      on_assign_tenant_id, on_assign_enforce_bypass,
        on_check_context,        on_assign_context,   on_check_pinned_tenant,
        on_assign_pinned_tenant, on_check_token,      on_assign_token};
    return hooks;
}

void init()
{
    schemas::init(on_assign_search_path);
    previous_planner = planner_hook;
    planner_hook = on_plan;
    previous_paths = set_rel_pathlist_hook;
    set_rel_pathlist_hook = on_paths;
    previous_needs_fmgr = needs_fmgr_hook;
    needs_fmgr_hook = on_needs_fmgr;
    previous_executor_start = ExecutorStart_hook;
    ExecutorStart_hook = on_executor_start;
    previous_executor_run = ExecutorRun_hook;
    ExecutorRun_hook = on_executor_run;
    previous_executor_finish = ExecutorFinish_hook;
    ExecutorFinish_hook = on_executor_finish;
    previous_utility = ProcessUtility_hook;
    ProcessUtility_hook = on_utility;
    previous_object_access = object_access_hook;
    object_access_hook = on_object_access;
    RegisterXactCallback(on_transaction, nullptr);
    RegisterSubXactCallback(on_savepoint, nullptr);

    if (process_shared_preload_libraries_in_progress)
    {
        previous_shmem_request = shmem_request_hook;
        shmem_request_hook = on_shmem_request;
        previous_shmem_startup = shmem_startup_hook;
        shmem_startup_hook = on_shmem_startup;
    }
}

} // namespace tenancy::hooks
