// A launcher without a database, and one short-lived flush worker a database that has news.
// SPDX-License-Identifier: PostgreSQL
//
// A worker that stayed connected would keep its database from being dropped, and a single one
// would have to be told which database is meant. What has not been flushed when the server stops
// is kept in a file (counters.cpp), so the last moments need no race against the shutdown.
#include "worker.hpp"

#include "counters.hpp"
#include "guc.hpp"
#include "metering.hpp"
#include "owner.hpp"
#include "registry.hpp"

namespace tenancy::worker
{

namespace
{

void fill(BackgroundWorker *worker, const char *function, const char *name)
{
    memset(worker, 0, sizeof(*worker));
    strlcpy(worker->bgw_library_name, "tenancy", sizeof(worker->bgw_library_name));
    strlcpy(worker->bgw_function_name, function, sizeof(worker->bgw_function_name));
    strlcpy(worker->bgw_name, name, sizeof(worker->bgw_name));
    strlcpy(worker->bgw_type, name, sizeof(worker->bgw_type));
    worker->bgw_start_time = BgWorkerStart_RecoveryFinished;
}

// Starts a worker, and waits for its end.
void run(const char *function, const char *name, Oid database)
{
    BackgroundWorker worker;
    fill(&worker, function, name);
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    worker.bgw_restart_time = BGW_NEVER_RESTART;
    worker.bgw_main_arg = ObjectIdGetDatum(database);
    worker.bgw_notify_pid = MyProcPid;
    BackgroundWorkerHandle *handle;
    // Without a free worker slot, or if the worker fails, the counts wait for the next round.
    if (!RegisterDynamicBackgroundWorker(&worker, &handle))
        return;
    // One at a time; not the server's own wait, which would not see a request to shut down.
    pid_t pid;
    while (!ShutdownRequestPending && GetBackgroundWorkerPid(handle, &pid) != BGWH_STOPPED)
    {
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_EXIT_ON_PM_DEATH, -1, PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
    }
    pfree(handle);
}

// Until it is time, or a process needs room for tenants; once a second at most.
void wait_for_next_round()
{
    bool woken = false;
    long left = guc::flush_interval_seconds * 1000L;
    const TimestampTz began = GetCurrentTimestamp();
    while (left > 0 && !ShutdownRequestPending)
    {
        const int events = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, left,
                                     PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
        if (ConfigReloadPending)
        {
            ConfigReloadPending = false;
            ProcessConfigFile(PGC_SIGHUP);
        }
        else if (events & WL_LATCH_SET)
            woken = true;
        left = TimestampDifferenceMilliseconds(
            GetCurrentTimestamp(),
            TimestampTzPlusMilliseconds(began, woken ? 1000 : guc::flush_interval_seconds * 1000L));
    }
}

} // namespace

void register_launcher()
{
    BackgroundWorker worker;
    fill(&worker, "tenancy_launcher_main", "tenancy launcher");
    worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
    worker.bgw_restart_time = 5;
    RegisterBackgroundWorker(&worker);
}

} // namespace tenancy::worker

using namespace tenancy;

extern "C" void tenancy_launcher_main(Datum)
{
    pqsignal(SIGHUP, SignalHandlerForConfigReload);
    pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
    // A worker without a database ignores this signal, which tells of the end of those it started.
    pqsignal(SIGUSR1, procsignal_sigusr1_handler);
    BackgroundWorkerUnblockSignals();

    counters::set_launcher(MyLatch);
    // Nobody tells a standby's counters which databases its primary drops.
    if (OidIsValid(counters::next_dirty_database(InvalidOid)))
        worker::run("tenancy_sweep_main", "tenancy sweep worker", InvalidOid);
    while (!ShutdownRequestPending)
    {
        worker::wait_for_next_round();
        Oid database = InvalidOid;
        while (!ShutdownRequestPending &&
               OidIsValid(database = counters::next_dirty_database(database)))
            worker::run("tenancy_flush_main", "tenancy flush worker", database);
    }
    counters::set_launcher(nullptr);
    proc_exit(0);
}

// Forgets databases that are gone.
extern "C" void tenancy_sweep_main(Datum)
{
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);

    StartTransactionCommand();
    metering::disable();
    Oid database = InvalidOid;
    while (OidIsValid(database = counters::next_dirty_database(database)))
        if (get_database_name(database) == nullptr)
            counters::forget_database(database);
    CommitTransactionCommand();
    proc_exit(0);
}

extern "C" void tenancy_flush_main(Datum database)
{
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    BackgroundWorkerInitializeConnectionByOid(DatumGetObjectId(database), InvalidOid,
                                              BGWORKER_BYPASS_ALLOWCONN);
    // Other databases wait behind this one.
    SetConfigOption("lock_timeout", "3s", PGC_SUSET, PGC_S_OVERRIDE);
    // A default for sessions, not for the meter.
    SetConfigOption("default_transaction_read_only", "off", PGC_SUSET, PGC_S_OVERRIDE);

    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    metering::disable();
    if (registry::is_installed())
    {
        owner::Scope scope = owner::enter();
        if (SPI_execute("SELECT tenancy.flush_counters()", false, 1) != SPI_OK_SELECT)
            elog(ERROR, "could not store resource counters");
        owner::leave(scope);
    }
    else
        counters::discard(MyDatabaseId);
    PopActiveSnapshot();
    CommitTransactionCommand();
    proc_exit(0);
}
