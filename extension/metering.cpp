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

// The server's own counters of this process, in our order.
core::Counts server_counters()
{
    core::Counts now{};
    now[core::kBlocksHit] = pgBufferUsage.shared_blks_hit + pgBufferUsage.local_blks_hit;
    now[core::kBlocksRead] = pgBufferUsage.shared_blks_read + pgBufferUsage.local_blks_read;
    now[core::kBlocksDirtied] =
        pgBufferUsage.shared_blks_dirtied + pgBufferUsage.local_blks_dirtied;
    now[core::kBlocksWritten] =
        pgBufferUsage.shared_blks_written + pgBufferUsage.local_blks_written;
    now[core::kTempBlocks] = pgBufferUsage.temp_blks_read + pgBufferUsage.temp_blks_written;
    now[core::kWalRecords] = pgWalUsage.wal_records;
    now[core::kWalBytes] = static_cast<int64>(pgWalUsage.wal_bytes);
    return now;
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
    boundary = server_counters();
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
    core::add_delta(present, boundary, server_counters());
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
    strlcpy(pending[pending_count].id, id, sizeof(pending[pending_count].id));
    pending[pending_count].counts = present;
    pending_count++;
    present = core::Counts{};
}

void flush()
{
    for (int i = 0; i < pending_count; i++)
        counters::add(pending[i].id, pending[i].counts);
    pending_count = 0;
}

} // namespace tenancy::metering
