// The hook of utility statements: admit (guard), COPY or the previous hook or the server, record.
// SPDX-License-Identifier: PostgreSQL
#include "hooks_parts.hpp"

#include "copy.hpp"
#include "counters.hpp"
#include "cursors.hpp"
#include "governor.hpp"
#include "guard.hpp"
#include "hidden_values.hpp"
#include "labels.hpp"
#include "leases.hpp"
#include "metering.hpp"
#include "prepared.hpp"
#include "reservations.hpp"
#include "row_counts.hpp"
#include "runaway.hpp"
#include "schema_wall.hpp"
#include "schemas.hpp"
#include "storage_quota.hpp"
#include "traffic.hpp"

namespace tenancy::hooks
{

namespace
{

constinit ProcessUtility_hook_type previous_utility = nullptr;

extern "C" {

static void check_copy(const void *statement)
{
    storage_quota::check(static_cast<const CopyStmt *>(statement));
}

static void check_new_table(const void *table)
{
    storage_quota::check(*static_cast<const storage_quota::NewTable *>(table));
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

// Around a statement of the client's that a runaway rule may apply to.
pg_noinline static void run_watched(PlannedStmt *planned, const char *source, bool read_only_tree,
                                    ProcessUtilityContext context, ParamListInfo params,
                                    QueryEnvironment *env, DestReceiver *dest,
                                    QueryCompletion *completion)
{
    runaway::begin(nullptr);
    PG_TRY();
    {
        run_utility(planned, source, read_only_tree, context, params, env, dest, completion);
    }
    PG_CATCH();
    {
        runaway::fail();
        PG_RE_THROW();
    }
    PG_END_TRY();
    runaway::end(completion != nullptr ? static_cast<int64>(completion->nprocessed) : 0);
}

// Settings of the tenant show, and what follows in the transaction runs under them.
static void govern_session()
{
    if (IsTransactionState() && !IsAbortedTransactionBlockState())
        governor::apply();
}

// What lets go of things is never refused or kept waiting.
static bool is_traffic(NodeTag tag)
{
    return tag != T_ClosePortalStmt && tag != T_DiscardStmt && tag != T_UnlistenStmt;
}

// The use of a prepared transaction is settled by whoever ends it.
pg_noinline static void end_prepared(PlannedStmt *planned, const char *source, bool read_only_tree,
                                     ProcessUtilityContext context, ParamListInfo params,
                                     QueryEnvironment *env, DestReceiver *dest,
                                     QueryCompletion *completion)
{
    const auto *statement = castNode(TransactionStmt, planned->utilityStmt);
    const core::End end =
        statement->kind == TRANS_STMT_COMMIT_PREPARED ? core::End::committed : core::End::aborted;
    const prepared::Shares *shares = prepared::hold(statement->gid);
    PG_TRY();
    {
        run_utility(planned, source, read_only_tree, context, params, env, dest, completion);
    }
    PG_CATCH();
    {
        prepared::let_go(shares);
        PG_RE_THROW();
    }
    PG_END_TRY();
    prepared::settle(shares, end);
}

static bool ends_prepared(const TransactionStmt *statement)
{
    const TransactionStmtKind kind = statement->kind;
    return (kind == TRANS_STMT_COMMIT_PREPARED || kind == TRANS_STMT_ROLLBACK_PREPARED) &&
           !IsTransactionBlock();
}

// Transaction control and settings must work in a failed transaction, too, and EXECUTE is counted
// where its plan runs.
static bool is_control(NodeTag tag)
{
    return tag == T_TransactionStmt || tag == T_VariableSetStmt || tag == T_VariableShowStmt ||
           tag == T_ExecuteStmt || tag == T_PrepareStmt || tag == T_DeallocateStmt;
}

static void run_control(NodeTag tag, PlannedStmt *planned, const char *source, bool read_only_tree,
                        ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *env,
                        DestReceiver *dest, QueryCompletion *completion)
{
    if (tag == T_TransactionStmt && ends_prepared(castNode(TransactionStmt, planned->utilityStmt)))
    {
        end_prepared(planned, source, read_only_tree, context, params, env, dest, completion);
        return;
    }
    if (tag == T_VariableShowStmt)
        govern_session();
    run_utility(planned, source, read_only_tree, context, params, env, dest, completion);
    if (tag == T_VariableSetStmt)
    {
        govern_session();
        labels::show(); // application_name may have changed
    }
}

pg_noinline static void run_measured(PlannedStmt *planned, const char *source, bool read_only_tree,
                                     ProcessUtilityContext context, ParamListInfo params,
                                     QueryEnvironment *env, DestReceiver *dest,
                                     QueryCompletion *completion)
{
    // All that is needed of the statement is read now: it may be freed by the time it has run.
    const NodeTag tag = nodeTag(planned->utilityStmt);
    const CopyStmt *copied = tag == T_CopyStmt ? castNode(CopyStmt, planned->utilityStmt) : nullptr;
    const bool returns_rows = tag == T_FetchStmt || (copied != nullptr && !copied->is_from);
    const char *cursor =
        tag == T_DeclareCursorStmt
            ? pstrdup(castNode(DeclareCursorStmt, planned->utilityStmt)->portalname)
            : nullptr;
    const char *closed_cursor =
        tag == T_ClosePortalStmt && castNode(ClosePortalStmt, planned->utilityStmt)->portalname
            ? pstrdup(castNode(ClosePortalStmt, planned->utilityStmt)->portalname)
            : nullptr;
    const bool discards_all =
        tag == T_DiscardStmt && castNode(DiscardStmt, planned->utilityStmt)->target == DISCARD_ALL;
    const Oid dropped_database =
        tag == T_DropdbStmt
            ? get_database_oid(castNode(DropdbStmt, planned->utilityStmt)->dbname, true)
            : InvalidOid;

    governor::apply();
    schemas::prepare();
    schema_wall::check_utility(planned->utilityStmt);
    guard::check_utility(planned->utilityStmt);
    if (tag == T_CopyStmt && castNode(CopyStmt, planned->utilityStmt)->is_from &&
        storage_quota::is_to_be_checked())
        call_below(check_copy, planned->utilityStmt);
    storage_quota::NewTable made{};
    if (tag == T_CreateTableAsStmt || tag == T_ExplainStmt)
        made = storage_quota::new_table_of(planned->utilityStmt);
    metering::begin_statement();
    const bool is_watched = is_of_client() && runaway::is_watching();
    const bool is_admitted = is_of_client() && is_traffic(tag);
    if (is_admitted)
        traffic::admit_statement();
    if (is_of_client())
        metering::begin_client_statement(copied != nullptr ? core::kCopies : core::kUtilities);
    // A table that is copied out is read past the executor.
    if (copied != nullptr && returns_rows && copied->relation != nullptr && metering::enabled)
        row_counts::watch(copied->relation);
    // Nothing that may fail comes between this and the block that leaves again.
    if (is_admitted)
        traffic::enter();
    Stopwatch watch;
    watch.start();
    depth++;
    hidden_values::Veil veil;
    veil.hang(false);
    PG_TRY();
    {
        if (is_watched)
            run_watched(planned, source, read_only_tree, context, params, env, dest, completion);
        else
            run_utility(planned, source, read_only_tree, context, params, env, dest, completion);
    }
    PG_FINALLY();
    {
        depth--;
        watch.stop();
        if (depth == 0)
            traffic::leave();
    }
    PG_END_TRY();
    veil.take_down();
    if (tag == T_CopyStmt)
        check_rows();
    if (OidIsValid(made.schema))
        call_below(check_new_table, &made);
    if (depth == 0)
        metering::end_client_statement();
    if (depth == 0 && returns_rows && completion != nullptr)
        metering::count(core::kRowsReturned, static_cast<int64>(completion->nprocessed));
    if (tag == T_ClosePortalStmt)
        cursors::forget(closed_cursor);
    if (cursor != nullptr)
        cursors::remember(cursor);
    if (discards_all)
        leases::release_all();
    if (OidIsValid(dropped_database))
    {
        counters::forget_database(dropped_database);
        reservations::forget_database(dropped_database);
    }
}

static void on_utility(PlannedStmt *planned, const char *source, bool read_only_tree,
                       ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *env,
                       DestReceiver *dest, QueryCompletion *completion)
{
    const NodeTag tag = nodeTag(planned->utilityStmt);
    if (is_control(tag))
        run_control(tag, planned, source, read_only_tree, context, params, env, dest, completion);
    else
        run_measured(planned, source, read_only_tree, context, params, env, dest, completion);
}
}

} // namespace

void install_utility()
{
    previous_utility = ProcessUtility_hook;
    ProcessUtility_hook = on_utility;
}

} // namespace tenancy::hooks
