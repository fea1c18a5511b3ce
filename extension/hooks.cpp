// Installs all hooks, and holds the callbacks of transactions, object access and shared memory.
// SPDX-License-Identifier: PostgreSQL
#include "hooks_parts.hpp"

#include "alerts.hpp"
#include "context.hpp"
#include "counted_rows.hpp"
#include "counters.hpp"
#include "cursors.hpp"
#include "governor.hpp"
#include "guard.hpp"
#include "hidden_values.hpp"
#include "labels.hpp"
#include "ledger.hpp"
#include "metering.hpp"
#include "quota.hpp"
#include "registry.hpp"
#include "replay.hpp"
#include "reservations.hpp"
#include "row_quota.hpp"
#include "runaway.hpp"
#include "schema_wall.hpp"
#include "schemas.hpp"
#include "traffic.hpp"
#include "wall.hpp"

namespace tenancy::hooks
{

constinit int depth = 0;

pg_noinline void call_below(void (*function)(const void *), const void *argument)
{
    depth++;
    PG_TRY();
    {
        function(argument);
    }
    PG_FINALLY();
    {
        depth--;
    }
    PG_END_TRY();
}

namespace
{

constinit emit_log_hook_type previous_emit_log = nullptr;
constinit object_access_hook_type previous_object_access = nullptr;
constinit shmem_request_hook_type previous_shmem_request = nullptr;
constinit shmem_startup_hook_type previous_shmem_startup = nullptr;

extern "C" {

// Most of all: the server's own functions are called, and schemas that are no tenant's are searched.
static bool is_of_no_interest(ObjectAccessType access, Oid object)
{
    return access == OAT_FUNCTION_EXECUTE
               ? object < FirstNormalObjectId
               : access != OAT_TRUNCATE && access != OAT_DROP && !schemas::is_used();
}

pg_noinline static void pass_on_and_check(ObjectAccessType access, Oid catalog, Oid object,
                                          int part, void *argument)
{
    if (previous_object_access != nullptr)
        previous_object_access(access, catalog, object, part, argument);
    if (is_of_no_interest(access, object))
        return;
    schema_wall::check_access(access, catalog, object, argument);
    if (access == OAT_TRUNCATE && catalog == RelationRelationId)
        guard::check_truncate(object);
    if (access == OAT_DROP && catalog == PolicyRelationId)
        guard::check_drop_of_policy(object);
}

static void on_object_access(ObjectAccessType access, Oid classId, Oid object, int part,
                             void *argument)
{
    if (previous_object_access != nullptr || !is_of_no_interest(access, object))
        pass_on_and_check(access, classId, object, part, argument);
}

// The only place that sees all errors of a client's statements, those of its parser too, and no
// error that a function has caught. It must not fail.
static void on_log(ErrorData *error)
{
    if (error->elevel == ERROR)
        metering::count(core::kFailed, 1);
    hidden_values::hide(error);
    labels::mark(error);
    if (previous_emit_log != nullptr)
        previous_emit_log(error);
}

pg_noinline static void write_at_end(const void *prepare)
{
    // The statement's is gone, and the server writes to no table that may store values out of line
    // without one.
    PushActiveSnapshot(GetTransactionSnapshot());
    row_quota::check();
    counted_rows::write();
    row_quota::before_end(prepare != nullptr);
    if (ledger::is_anything_pending())
        ledger::write(prepare != nullptr);
    // Who prepares leaves it to the next one to tell: a row that waits for a second phase would make
    // everybody else wait who has the same to tell.
    if (prepare == nullptr)
        alerts::write(ledger::look);
    PopActiveSnapshot();
}

static void on_transaction(XactEvent event, void *)
{
    switch (event)
    {
    case XACT_EVENT_PARALLEL_PRE_COMMIT:
        metering::begin_statement(); // of workers that run no query: they build an index
        return;
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_PARALLEL_ABORT:
        metering::end_parallel_work(event == XACT_EVENT_PARALLEL_ABORT);
        return;
    case XACT_EVENT_PRE_COMMIT:
    case XACT_EVENT_PRE_PREPARE:
        if (counted_rows::is_anything_pending() || row_quota::is_anything_pending() ||
            ledger::is_anything_pending())
            call_below(write_at_end, event == XACT_EVENT_PRE_PREPARE ? &event : nullptr);
        return;
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
        break;
    default:
        return;
    }
    counted_rows::forget();
    alerts::settle(event == XACT_EVENT_COMMIT);
    row_quota::settle(event != XACT_EVENT_ABORT);
    ledger::settle(event == XACT_EVENT_ABORT     ? core::End::aborted
                   : event == XACT_EVENT_PREPARE ? core::End::prepared
                                                 : core::End::committed);
    // The setting still names the tenant here: SET LOCAL is undone only after this.
    metering::end_transaction(event == XACT_EVENT_ABORT);
    counters::end_flush(event == XACT_EVENT_COMMIT);
    (void)wall::planning_ends({});
    wall::close_glass_if_over();
    cursors::forget_lost();
    governor::end_transaction();
    // Inside a procedure somebody may hold what a current_tenant function returned.
    if (depth == 0 && registry::trim_at_transaction_end())
    {
        quota::forget_cache();
        context::forget_cache();
    }
}

static void on_savepoint(SubXactEvent event, SubTransactionId, SubTransactionId, void *)
{
    if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
        return;
    const int level = GetCurrentTransactionNestLevel();
    const bool committed = event == SUBXACT_EVENT_COMMIT_SUB;
    counted_rows::settle_savepoint(level, committed);
    row_quota::settle_savepoint(level, committed);
    ledger::settle_savepoint(level, committed);
    metering::end_savepoint(level, !committed);
    counters::end_flush_savepoint(level, committed);
}

static void on_shmem_request()
{
    if (previous_shmem_request != nullptr)
        previous_shmem_request();
    counters::request_memory();
    replay::request_memory();
    reservations::request_memory();
    runaway::request_memory();
    traffic::request_memory();
}

static void on_shmem_startup()
{
    if (previous_shmem_startup != nullptr)
        previous_shmem_startup();
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    counters::start();
    replay::start();
    reservations::start();
    runaway::start();
    traffic::start();
    LWLockRelease(AddinShmemInitLock);
}
}

} // namespace

void init()
{
    schemas::init(on_assign_search_path);
    install_planner();
    install_executor();
    install_utility();
    previous_emit_log = emit_log_hook;
    emit_log_hook = on_log;
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
