// Resource counts of this process between two boundaries, and their way to shared memory.
// SPDX-License-Identifier: PostgreSQL
#include "metering.hpp"

#include "context.hpp"
#include "counters.hpp"
#include "core/histogram.hpp"
#include "registry.hpp"
#include "row_counts.hpp"
#include "traffic.hpp"

#include <ctime>

namespace tenancy::metering
{

constinit bool enabled = false;
constinit core::Tally present{};

namespace
{

// Asking the kernel for the processor time of each short transaction would cost more than all the
// rest. It is asked for when the tenant changes, and when this much time was counted since.
constexpr int64 kCpuReadingMicroseconds = 10000;
constexpr int kMostLatencies = 32;

constinit bool allowed = true;
constinit bool in_transaction = false; // it has begun a statement that is metered
constinit core::Counts boundary{};     // the server's counters at the last boundary
constinit int64 seldom_used_boundary = 0;
constinit bool is_charge_known = true; // whether the present tenant exists has been asked
constinit int64 time_since_cpu = 0;
constinit bool statement_runs = false; // a client's
constinit int64 statement_microseconds = 0;
constinit uint8 latencies[kMostLatencies]{}; // buckets of statements that have ended
constinit int latency_count = 0;

pg_noinline int64 cpu_microseconds()
{
    timespec now;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0)
        return boundary[core::kCpuMicroseconds];
    return static_cast<int64>(now.tv_sec) * 1000000 + now.tv_nsec / 1000;
}

void count_cpu()
{
    present.add_growth(boundary, core::kCpuMicroseconds, cpu_microseconds());
    time_since_cpu = 0;
}

// None of these ever falls, so that none has grown whose sum has not.
int64 sum_of_seldom_used(const BufferUsage &blocks)
{
    return blocks.shared_blks_read + blocks.local_blks_read + blocks.shared_blks_dirtied +
           blocks.local_blks_dirtied + blocks.shared_blks_written + blocks.local_blks_written +
           blocks.temp_blks_written + pgWalUsage.wal_records +
           static_cast<int64>(pgWalUsage.wal_bytes) + traffic::waited_microseconds;
}

pg_noinline void count_seldom_used(const BufferUsage &blocks)
{
    const auto grow = [](core::Counter counter, int64 now) {
        present.add_growth(boundary, counter, now);
    };
    grow(core::kBlocksRead, blocks.shared_blks_read + blocks.local_blks_read);
    grow(core::kBlocksDirtied, blocks.shared_blks_dirtied + blocks.local_blks_dirtied);
    grow(core::kBlocksWritten, blocks.shared_blks_written + blocks.local_blks_written);
    grow(core::kTempBytes, blocks.temp_blks_written * BLCKSZ);
    grow(core::kWalRecords, pgWalUsage.wal_records);
    grow(core::kWalBytes, static_cast<int64>(pgWalUsage.wal_bytes));
    grow(core::kWaitMicroseconds, traffic::waited_microseconds);
}

// Counts what the server's own counters of this process have grown by since the last boundary.
void count_growth(bool aborting)
{
    const BufferUsage &blocks = pgBufferUsage;
    present.add_growth(boundary, core::kBlocksHit, blocks.shared_blks_hit + blocks.local_blks_hit);
    const int64 sum = sum_of_seldom_used(blocks);
    if (sum != seldom_used_boundary)
    {
        count_seldom_used(blocks);
        seldom_used_boundary = sum;
    }
    if (in_transaction)
        row_counts::take(present, aborting);
}

// To shared memory, whether or not the transaction commits: the work was done.
pg_noinline void fold()
{
    counters::add(context::charged_id(), context::charge_number(), present, latencies,
                  latency_count);
    latency_count = 0;
}

extern "C" {

static void on_exit(int, Datum)
{
    if (!enabled)
        return;
    count_cpu();
    count_growth(true);
    fold();
}
}

void skip_to_now()
{
    const core::Tally before = present;
    count_cpu();
    count_growth(false);
    present = before;
}

pg_noinline void end_running_statement()
{
    statement_runs = false;
    if (!enabled) // it has dropped the extension
        return;
    if (latency_count == kMostLatencies)
        fold();
    latencies[latency_count++] = static_cast<uint8>(core::bucket_of(statement_microseconds));
}

pg_noinline void set_enabled(bool wanted)
{
    enabled = wanted;
    if (wanted)
        counters::join();
    // A parallel worker's process belongs to one statement from its start.
    if (IsParallelWorker())
        return;
    static constinit bool registered = false;
    if (wanted && !registered)
    {
        before_shmem_exit(on_exit, 0);
        registered = true;
    }
    skip_to_now();
}

} // namespace

void begin_statement()
{
    const bool wanted = allowed && counters::is_available() && registry::is_installed();
    in_transaction = wanted;
    if (wanted)
    {
        context::confirm();
        is_charge_known = true;
    }
    if (wanted != enabled)
        set_enabled(wanted);
}

void disable()
{
    allowed = false;
    enabled = false;
    in_transaction = false;
}

void begin_client_statement(core::Counter kind)
{
    if (!enabled || IsParallelWorker())
        return;
    end_client_statement(); // of one that failed in a savepoint
    present.add(kind, 1);
    statement_runs = true;
    statement_microseconds = 0;
}

void end_client_statement()
{
    if (statement_runs)
        end_running_statement();
}

void add_time(const instr_time &started)
{
    const int64 microseconds = pg::microseconds_since(started);
    count(core::kExecMicroseconds, microseconds);
    statement_microseconds += microseconds;
    time_since_cpu += microseconds;
}

void close_epoch()
{
    if (!enabled || IsParallelWorker())
        return;
    count_cpu();
    count_growth(false);
    if (latency_count > 0 || !present.is_empty())
        fold();
    is_charge_known = false;
}

void end_savepoint(int level, bool aborting)
{
    if (!in_transaction)
        return;
    if (aborting)
        row_counts::take_savepoint(present, level);
    else
        row_counts::savepoint_committed(level);
}

void end_transaction(bool aborting)
{
    if (!enabled)
        return;
    end_client_statement();
    present.add(core::kTransactions, 1);
    if (time_since_cpu >= kCpuReadingMicroseconds)
        count_cpu();
    count_growth(aborting);
    // A statement that failed before anybody was asked waits for one that comes further.
    if (is_charge_known || !context::is_set())
        fold();
    row_counts::forget();
    in_transaction = false;
}

void end_parallel_work(bool aborting)
{
    if (!enabled)
        return;
    core::Tally own{};
    row_counts::take(own, aborting);
    own.add(core::kCpuMicroseconds, cpu_microseconds());
    counters::add(context::charged_id(), context::charge_number(), own, nullptr, 0);
    row_counts::forget();
    disable();
}

} // namespace tenancy::metering
