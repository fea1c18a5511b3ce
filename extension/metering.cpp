// Backend-local resource counts and their flush to shared memory.
// SPDX-License-Identifier: PostgreSQL
#include "metering.hpp"

#include "context.hpp"
#include "counters.hpp"
#include "registry.hpp"

namespace tenancy::metering
{

namespace
{

// Tenants that one transaction may switch between before it has to flush in its middle.
constexpr int kMostPending = 8;

struct Pending
{
    char id[registry::kNameSize];
    core::Counts counts;
};

constinit bool allowed = true;
constinit bool enabled = false;
constinit Pending pending[kMostPending]{};
constinit int pending_count = 0;
constinit core::Counts present{};  // counted by hooks for the present tenant
constinit core::Counts boundary{}; // the server's counters at the last boundary

// Counts what the server's own counters of this process have grown by since the last boundary.
void count_growth()
{
    const auto grow = [](core::Counter counter, int64 now) {
        core::add_growth(present, boundary, counter, now);
    };
    const BufferUsage &blocks = pgBufferUsage;
    grow(core::kBlocksHit, blocks.shared_blks_hit + blocks.local_blks_hit);
    grow(core::kBlocksRead, blocks.shared_blks_read + blocks.local_blks_read);
    grow(core::kBlocksDirtied, blocks.shared_blks_dirtied + blocks.local_blks_dirtied);
    grow(core::kBlocksWritten, blocks.shared_blks_written + blocks.local_blks_written);
    grow(core::kTempBlocks, blocks.temp_blks_read + blocks.temp_blks_written);
    grow(core::kWalRecords, pgWalUsage.wal_records);
    grow(core::kWalBytes, static_cast<int64>(pgWalUsage.wal_bytes));
}

void flush()
{
    for (int i = 0; i < pending_count; i++)
        counters::add(pending[i].id, pending[i].counts);
    pending_count = 0;
}

extern "C" {

static void on_exit(int, Datum)
{
    close_epoch();
    flush();
}
}

} // namespace

void begin_statement()
{
    // A parallel worker's use reaches us through its leader's counters.
    const bool wanted =
        allowed && counters::is_available() && !IsParallelWorker() && registry::is_installed();
    if (wanted)
        context::confirm();
    if (wanted == enabled)
        return;
    static constinit bool registered = false;
    if (wanted && !registered)
    {
        before_shmem_exit(on_exit, 0);
        registered = true;
    }
    enabled = wanted;
    const core::Counts before = present;
    count_growth(); // of work that is not charged
    present = before;
}

void disable()
{
    allowed = false;
    enabled = false;
}

void count(core::Counter counter, int64 amount)
{
    if (enabled)
        present[counter] += amount;
}

void close_epoch()
{
    if (!enabled)
        return;
    count_growth();
    if (core::is_zero(present))
        return;
    const char *id = context::charged_id();
    for (int i = 0; i < pending_count; i++)
        if (strcmp(pending[i].id, id) == 0)
        {
            core::add(pending[i].counts, present);
            present = core::Counts{};
            return;
        }
    if (pending_count == kMostPending)
        flush();
    memcpy(pending[pending_count].id, id, sizeof(pending[pending_count].id));
    pending[pending_count].counts = present;
    pending_count++;
    present = core::Counts{};
}

void end_transaction()
{
    if (!enabled)
        return;
    present[core::kTransactions]++;
    count_growth();
    counters::add(context::charged_id(), present);
    present = core::Counts{};
    if (unlikely(pending_count > 0))
        flush();
}

} // namespace tenancy::metering
