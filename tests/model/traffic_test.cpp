// The governor's shared memory as it is in the extension, used by threads: no race, and no limit passed.
// SPDX-License-Identifier: PostgreSQL
#include "pg.hpp"

#include <gtest/gtest.h>

#include <thread>

// Each thread has the globals of a process of its own, and attaches to the shared memory by start().
#define constinit thread_local constinit
#include "traffic.cpp"
#undef constinit

using namespace tenancy;

namespace
{

constexpr int kThreads = 16;
// As many as a set of rates has places: they all may share one.
const std::vector<std::string> tenants{"a", "b", "c", "d", "e", "f", "g", "h"};

template <typename Work>
void in_threads(Work work)
{
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; i++)
        threads.emplace_back([i, &work] {
            {
                const std::lock_guard lock(server::startup);
                traffic::start();
            }
            work(i);
            server::leave();
        });
    for (std::thread &thread : threads)
        thread.join();
}

void set_tenant(size_t tenant)
{
    context::tenant = tenants[tenant % tenants.size()].c_str();
    traffic::tenant_changed();
}

} // namespace

// The clock stands still, so each tenant has its burst and not one statement more.
TEST(Traffic, AdmitsEachTenantsBurstOnce)
{
    std::vector<std::atomic<int>> admitted(tenants.size());
    in_threads([&](int thread) {
        for (size_t n = 0; n < 400; n++)
        {
            const size_t tenant = (static_cast<size_t>(thread) + n) % tenants.size();
            set_tenant(tenant);
            try
            {
                traffic::admit_statement();
                admitted[tenant]++;
            }
            catch (const server::Error &)
            {}
        }
    });
    for (const std::atomic<int> &count : admitted)
        EXPECT_EQ(count.load(), guc::statement_burst);
    server::crash();
}

TEST(Traffic, RunsNoMoreStatementsAtOnceThanAreAllowed)
{
    std::vector<std::atomic<int>> running(tenants.size());
    std::atomic<int> refused{0}, done{0};
    in_threads([&](int thread) {
        for (size_t n = 0; n < 400; n++)
        {
            const size_t tenant = static_cast<size_t>(thread) % 2;
            set_tenant(tenant);
            try
            {
                traffic::enter();
            }
            catch (const server::Error &)
            {
                refused++;
                std::this_thread::yield();
                continue;
            }
            EXPECT_LE(++running[tenant], guc::max_running_statements);
            std::this_thread::yield();
            running[tenant]--;
            done++;
            traffic::leave();
        }
    });
    EXPECT_GT(done.load(), 0);
    EXPECT_EQ(refused + done, kThreads * 400);
    server::crash();
}

// Whoever waits is told when another has ended.
TEST(Traffic, LetsWaitersInOneAfterTheOther)
{
    guc::statement_wait_ms = 60000;
    guc::max_running_statements = 1;
    const int64 began = GetCurrentTimestamp();
    std::atomic<int> alone{0};
    in_threads([&](int) {
        set_tenant(0);
        for (int n = 0; n < 50; n++)
        {
            traffic::enter();
            // Not one step: two at once would lose some.
            alone.store(alone.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
            traffic::leave();
        }
    });
    EXPECT_EQ(alone.load(), kThreads * 50);
    EXPECT_LT(GetCurrentTimestamp() - began, 55'000'000) << "nobody told those who waited";
    server::crash();
}
