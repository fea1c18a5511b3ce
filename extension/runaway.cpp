// Measures statements against the rules in force, while they run and when they end.
// SPDX-License-Identifier: PostgreSQL
#include "runaway.hpp"

#include "context.hpp"
#include "core/runaway.hpp"
#include "guc.hpp"
#include "traffic.hpp"

#include <ctime>

namespace tenancy::runaway
{

namespace
{

constexpr char kName[] = "tenancy runaways";
constexpr int kKept = 1000;
constexpr int kTickMilliseconds = 50;

enum Action { kNote, kCoolDown, kCancel };
constexpr const char *kActionNames[] = {"note", "cool_down", "cancel"};

struct Noted
{
    TimestampTz at;
    Oid database;
    Oid role;
    int pid;
    int measure;
    Action action;
    bool dry_run;
    core::Measures taken;
    char tenant[registry::kNameSize];
    char query[256];
};

struct Shared
{
    int64 count; // ever noted; the next one's place is this modulo kKept
    Noted noted[kKept];
};

// The statement that runs.
struct Watch
{
    bool is_on;
    int cancelled; // the measure by which this was cancelled, or -1
    TimestampTz started;
    int64 cpu;
    int64 blocks;
    const uint64 *rows;
};

constinit Shared *shared = nullptr;
constinit LWLock *lock = nullptr;
constinit Watch watch{};
constinit TimeoutId ticker = MAX_TIMEOUTS;

int64 cpu_time()
{
    timespec spent;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent) == 0
               ? int64{spent.tv_sec} * 1000000 + spent.tv_nsec / 1000
               : 0;
}

int64 blocks_used()
{
    return pgBufferUsage.shared_blks_hit + pgBufferUsage.shared_blks_read +
           pgBufferUsage.local_blks_hit + pgBufferUsage.local_blks_read;
}

// Also called by a signal handler: nothing but arithmetic and system calls.
core::Measures measure(int64 rows)
{
    core::Measures taken{};
    taken.value[core::kElapsed] = GetCurrentTimestamp() - watch.started;
    taken.value[core::kCpu] = cpu_time() - watch.cpu;
    taken.value[core::kRows] = rows;
    taken.value[core::kBlocks] = blocks_used() - watch.blocks;
    return taken;
}

extern "C" {
// Cancels as statement_timeout does; the reason is put into the error when it arrives.
static void on_tick()
{
    if (!watch.is_on || watch.cancelled >= 0)
        return;
    const int64 rows = watch.rows != nullptr ? static_cast<int64>(*watch.rows) : 0;
    watch.cancelled = core::find_exceeded(*guc::runaway_cancel, measure(rows));
    if (watch.cancelled < 0)
        return;
    QueryCancelPending = true;
    InterruptPending = true;
    SetLatch(MyLatch);
}
}

void start_ticker()
{
    if (ticker == MAX_TIMEOUTS)
        ticker = RegisterTimeout(USER_TIMEOUT, on_tick);
    enable_timeout_every(ticker,
                         TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kTickMilliseconds),
                         kTickMilliseconds);
}

// Nothing is left that could cancel the next statement.
void stop()
{
    if (ticker != MAX_TIMEOUTS && get_timeout_active(ticker))
        disable_timeout(ticker, false);
    watch.is_on = false;
    if (watch.cancelled >= 0)
        QueryCancelPending = false;
}

void note(Action action, int exceeded, const core::Measures &taken)
{
    const char *name = core::measure_name(exceeded).data();
    Noted row{};
    row.at = guc::clock_time();
    row.database = MyDatabaseId;
    row.role = GetUserId();
    row.pid = MyProcPid;
    row.measure = exceeded;
    row.action = action;
    row.dry_run = guc::runaway_dry_run;
    row.taken = taken;
    strlcpy(row.tenant, context::name(), sizeof(row.tenant));
    const char *text = debug_query_string != nullptr ? debug_query_string : "";
    const int length = pg_mbcliplen(text, static_cast<int>(strlen(text)), sizeof(row.query) - 1);
    memcpy(row.query, text, length);
    {
        pg::LockGuard guard(lock, LW_EXCLUSIVE);
        shared->noted[shared->count++ % kKept] = row;
    }
    ereport(LOG, (errmsg("a statement of tenant \"%s\" took too much (%s): %.3f ms, CPU %.3f ms, "
                         "%lld rows, %lld blocks; %s%s",
                         row.tenant, name, taken.value[core::kElapsed] / 1000.0,
                         taken.value[core::kCpu] / 1000.0,
                         static_cast<long long>(taken.value[core::kRows]),
                         static_cast<long long>(taken.value[core::kBlocks]), kActionNames[action],
                         row.dry_run ? " (dry run)" : "")));
}

// What the strictest rule that applies asks for. A statement that is over is not cancelled any
// more, and is noted then.
void judge(const core::Measures &taken)
{
    const core::RunawayRule *rules[] = {guc::runaway_note, guc::runaway_cool_down,
                                        guc::runaway_cancel};
    for (int action = kCancel; action >= kNote; action--)
    {
        const int exceeded = core::find_exceeded(*rules[action], taken);
        if (exceeded < 0)
            continue;
        if (action == kCancel && !guc::runaway_dry_run)
            action = kNote;
        if (action == kCoolDown && !guc::runaway_dry_run)
            traffic::cool_down(guc::runaway_cool_down_seconds * USECS_PER_SEC);
        note(static_cast<Action>(action), exceeded, taken);
        return;
    }
}

pg_noinline bool applies_to_session()
{
    return shared != nullptr && context::is_set() && !IsParallelWorker() && !superuser();
}

} // namespace

void request_memory()
{
    RequestAddinShmemSpace(MAXALIGN(sizeof(Shared)));
    RequestNamedLWLockTranche(kName, 1);
}

void start()
{
    bool found;
    shared = static_cast<Shared *>(ShmemInitStruct(kName, sizeof(Shared), &found));
    if (!found)
        shared->count = 0;
    lock = &GetNamedLWLockTranche(kName)->lock;
}

bool is_watching()
{
    return guc::has_runaway_rules && applies_to_session();
}

void begin(const QueryDesc *query)
{
    watch.rows = query != nullptr ? &query->estate->es_processed : nullptr;
    watch.cancelled = -1;
    watch.started = GetCurrentTimestamp();
    watch.cpu = cpu_time();
    watch.blocks = blocks_used();
    watch.is_on = true;
    if (!guc::runaway_cancel->is_empty && !guc::runaway_dry_run)
        start_ticker();
}

void end(int64 rows)
{
    if (!watch.is_on)
        return;
    stop();
    judge(measure(rows));
}

void fail()
{
    if (!watch.is_on)
        return;
    const core::Measures taken =
        measure(watch.rows != nullptr ? static_cast<int64>(*watch.rows) : 0);
    const int cancelled = watch.cancelled;
    stop();
    if (cancelled < 0 || geterrcode() != ERRCODE_QUERY_CANCELED)
        return;
    FlushErrorState();
    note(kCancel, cancelled, taken);
    ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED),
                    errmsg("canceling statement of tenant \"%s\" because it takes too much",
                           context::name()),
                    errdetail("It went past the %s of tenancy.runaway_cancel.",
                              core::measure_name(cancelled).data()),
                    errhint("Make it smaller, or have an operator raise the rule for the plan or "
                            "the tenant.")));
}

} // namespace tenancy::runaway

using namespace tenancy;

TENANCY_FUNCTION(tenancy_stat_runaways)
{
    if (runaway::shared == nullptr)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("runaway rules need shared memory"),
                        errhint("Add tenancy to shared_preload_libraries and restart.")));
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    auto *copy = static_cast<runaway::Shared *>(palloc(sizeof(runaway::Shared)));
    {
        pg::LockGuard guard(runaway::lock, LW_SHARED);
        memcpy(copy, runaway::shared, sizeof(runaway::Shared));
    }
    for (int64 i = Max(copy->count - runaway::kKept, 0); i < copy->count; i++)
    {
        const runaway::Noted &row = copy->noted[i % runaway::kKept];
        if (row.database != MyDatabaseId)
            continue;
        char *role = GetUserNameFromId(row.role, true);
        NameData role_name{};
        namestrcpy(&role_name, role != nullptr ? role : "");
        Datum values[] = {TimestampTzGetDatum(row.at),
                          CStringGetTextDatum(row.tenant),
                          NameGetDatum(&role_name),
                          Int32GetDatum(row.pid),
                          CStringGetTextDatum(runaway::kActionNames[row.action]),
                          BoolGetDatum(row.dry_run),
                          CStringGetTextDatum(core::measure_name(row.measure).data()),
                          Float8GetDatum(row.taken.value[core::kElapsed] / 1000.0),
                          Float8GetDatum(row.taken.value[core::kCpu] / 1000.0),
                          Int64GetDatum(row.taken.value[core::kRows]),
                          Int64GetDatum(row.taken.value[core::kBlocks]),
                          CStringGetTextDatum(row.query)};
        bool nulls[lengthof(values)]{};
        nulls[2] = role == nullptr;
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    return Datum{0};
}
