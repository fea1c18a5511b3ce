// The resource counters as they are in the extension, used by threads: no race, nothing lost or counted twice.
// SPDX-License-Identifier: PostgreSQL
#include "pg.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>

// Each thread has the globals of a process of its own, and attaches to the shared memory by start().
#define constinit thread_local constinit
#include "counters.cpp"
#include "counters_flush.cpp"
#undef constinit

using namespace tenancy;

namespace
{

constexpr int kThreads = 6;
constexpr int kTenants = 120; // three times as many as there are places
constexpr int kTransactions = 4000;

// The table that flushes write to: absolute values by tenant and epoch, which only grow.
struct Table
{
    std::mutex mutex;
    std::map<std::pair<std::string, uint64>, counters::Saved> rows;
};
Table table;
std::atomic<int64_t> added[core::kCounters];
std::atomic<int64_t> timed{0};

int64_t stored(int counter)
{
    int64_t sum = 0;
    for (const auto &[key, row] : table.rows)
        sum += row.counts.value[counter];
    return sum;
}

void store(const counters::Saved &saved)
{
    const std::lock_guard lock(table.mutex);
    counters::Saved &row = table.rows[{saved.key.tenant, saved.epoch}];
    for (int i = 0; i < core::kCounters; i++)
        row.counts.value[i] = Max(row.counts.value[i], saved.counts.value[i]);
    for (int i = 0; i < core::kBuckets; i++)
        row.latency[i] = Max(row.latency[i], saved.latency[i]);
}

void flush(bool commit)
{
    int64 count;
    const counters::Saved *saved = counters::snapshot(MyDatabaseId, true, &count);
    std::this_thread::yield();
    if (commit)
        for (int64 i = 0; i < count; i++)
            store(saved[i]);
    std::this_thread::yield();
    counters::remember_flush(saved, count);
    counters::end_flush(commit);
    transaction_memory.clear();
}

void work(unsigned seed)
{
    std::mt19937 random(seed);
    for (int n = 0; n < kTransactions; n++)
    {
        core::Tally tally;
        for (int i = 0; i < 3; i++)
        {
            const auto counter = static_cast<core::Counter>(random() % core::kCounters);
            const auto amount = static_cast<int64_t>(random() % 100);
            if (counter == core::kSessions) // counted by the module itself
                continue;
            tally.add(counter, amount);
            added[counter] += amount;
        }
        char name[16] = "";
        uint32 number = 1;
        // Some work without a tenant, and some that stays with the same for a while.
        if (random() % 8 != 0)
        {
            const auto tenant =
                static_cast<unsigned>(random() % 3 == 0 ? random() % kTenants : seed);
            snprintf(name, sizeof(name), "tenant%u", tenant);
            number = 2 + tenant;
        }
        const uint8 latency = random() % core::kBuckets;
        counters::add(name, number, tally, &latency, 1);
        timed++;
        if (random() % 64 == 0)
            flush(random() % 4 != 0);
    }
}

void count_transaction(const char *tenant, uint32 number = 0)
{
    core::Tally tally;
    tally.add(core::kTransactions, 1);
    counters::add(tenant, number, tally, nullptr, 0);
}

template <typename Work>
void in_threads(int count, Work run)
{
    std::vector<std::thread> threads;
    for (int i = 0; i < count; i++)
        threads.emplace_back([i, &run] {
            {
                const std::lock_guard lock(server::startup);
                counters::start();
            }
            counters::join();
            run(i);
            server::leave();
        });
    for (std::thread &thread : threads)
        thread.join();
}

} // namespace

TEST(Counters, ReachTheTableOnceWhoeverFlushesAndWhateverGoes)
{
    for (unsigned life = 0; life < 3; life++)
        in_threads(kThreads, [life](int thread) { work(life * kThreads + thread); });
    in_threads(1, [](int) { flush(true); });
    added[core::kSessions] = stored(core::kSessions); // counted by the module itself
    for (int i = 0; i < core::kCounters; i++)
        EXPECT_EQ(stored(i), added[i].load()) << "counter " << i;
    int64_t latencies = 0;
    for (const auto &[key, row] : table.rows)
        for (int64 count : row.latency)
            latencies += count;
    EXPECT_EQ(latencies, timed.load());
    EXPECT_GT(table.rows.size(), static_cast<size_t>(kTenants)) << "no entry was given away";
    server::crash();
}

// What a dead server had not flushed is lost; what it had is there, and stays.
TEST(Counters, SurviveADeathAsFarAsTheyWereFlushed)
{
    const int64_t before = stored(core::kTransactions);
    in_threads(kThreads, [](int thread) {
        char name[16];
        snprintf(name, sizeof(name), "tenant%d", thread);
        for (int n = 0; n < 100; n++)
            count_transaction(name);
    });
    in_threads(1, [](int) { flush(true); });
    in_threads(1, [](int) { count_transaction("tenant0"); });
    server::crash();
    in_threads(1, [](int) {
        count_transaction("tenant0");
        flush(true);
    });
    EXPECT_EQ(stored(core::kTransactions) - before, kThreads * 100 + 1);
    server::crash();
}

// An extension was dropped, and made again while some stayed: theirs begin anew, and nobody's comes back.
TEST(Counters, AreDiscardedWhileTheyAreAddedTo)
{
    const int64_t before = stored(core::kTransactions);
    in_threads(1, [](int) { count_transaction("tenant1"); });
    in_threads(kThreads, [](int thread) {
        for (int n = 0; n < 1000; n++)
            if (thread == 0)
                counters::discard(MyDatabaseId);
            else
                count_transaction("tenant0");
    });
    in_threads(1, [before](int) {
        count_transaction("tenant0");
        counters::discard(MyDatabaseId);
        EXPECT_EQ(counters::next_dirty_database(InvalidOid), InvalidOid);
        count_transaction("tenant0");
        EXPECT_EQ(counters::next_dirty_database(InvalidOid), MyDatabaseId);
        flush(true);
        EXPECT_EQ(stored(core::kTransactions) - before, 1);
    });
    server::crash();
}

// What finds no room at all is lost, but only as long as there is none.
TEST(Counters, AreCountedAgainOnceThereIsRoom)
{
    const int64_t before = stored(core::kTransactions);
    constexpr int kDatabases = 110; // more than there are places
    in_threads(kDatabases, [](int thread) {
        MyDatabaseId = 100 + thread;
        count_transaction("");
    });
    in_threads(1, [](int) {
        MyDatabaseId = 99;
        count_transaction("", 1);
        for (int i = 0; i < kDatabases; i++)
            counters::forget_database(100 + i);
        for (int n = 0; n < 3; n++)
            count_transaction("", 1);
        flush(true);
    });
    EXPECT_EQ(stored(core::kTransactions) - before, 3);
    server::crash();
}
