// The reservations as they are in the extension, used by threads: no race, no limit passed, nothing lost.
// SPDX-License-Identifier: PostgreSQL
#include "pg.hpp"

#include <gtest/gtest.h>

#include <random>
#include <thread>

// Each thread has the globals of a process of its own, and attaches to the shared memory by start().
#define constinit thread_local constinit
#include "reservations.cpp"
#undef constinit

using namespace tenancy;

namespace
{

constexpr int kThreads = 8;
constexpr int kTenants = 64; // more than there are places
constexpr int64_t kLimit = 150, kHourlyLimit = 60;
constexpr int kTransactions = 1500; // a thread

// What has been committed: the whole truth that an entry is loaded from.
struct Tenant
{
    std::mutex mutex;
    std::map<int64_t, int64_t> hours;
    int64_t total = 0;
};
Tenant tenants[kTenants];
std::atomic<int64_t> hour{1};
std::atomic<int> refusals{0}, errors{0}, loads{0};

reservations::Key key_of(int tenant)
{
    reservations::Key key{};
    key.database = 1;
    key.ledger = 2;
    snprintf(key.tenant, sizeof(key.tenant), "tenant%d", tenant);
    strcpy(key.metric, "units");
    return key;
}

core::WindowStarts starts_at(int64_t when)
{
    core::WindowStarts starts{};
    starts.at[core::kHour] = when;
    return starts;
}

// Others go on between any two steps.
void step_aside()
{
    thread_local std::minstd_rand random(
        static_cast<unsigned>(std::hash<std::thread::id>{}(std::this_thread::get_id())));
    if (random() % 4 == 0)
        std::this_thread::yield();
}

void read_committed(Tenant *tenant, const core::WindowStarts &starts, core::Windows *windows)
{
    const std::lock_guard lock(tenant->mutex);
    windows->start = starts;
    for (int64_t &used : windows->used)
        used = tenant->total;
    windows->used[core::kHour] = 0;
    for (const auto &[at, amount] : tenant->hours)
        if (at >= starts.at[core::kHour])
            windows->used[core::kHour] += amount;
}

void load(void *argument, const core::WindowStarts &starts, core::State *state)
{
    loads++;
    step_aside();
    read_committed(static_cast<Tenant *>(argument), starts, &state->windows);
    step_aside();
}

reservations::Answer request(int tenant, int64_t amount, reservations::Act act)
{
    const reservations::Key key = key_of(tenant);
    const core::WindowStarts present = starts_at(hour);
    core::Limits limits{};
    for (int64_t &limit : limits.amount)
        limit = core::kUnlimited;
    limits.amount[core::kTotal] = kLimit;
    limits.amount[core::kHour] = kHourlyLimit;
    reservations::Request request{};
    request.key = &key;
    request.hash = reservations::hash_of(key);
    request.act = act;
    request.pin = act == reservations::Act::consume;
    request.amount = amount;
    request.present = request.when = &present;
    request.limits = &limits;
    request.load = load;
    request.load_argument = &tenants[tenant];
    reservations::Answer answer;
    reservations::request(request, &answer);
    return answer;
}

struct Item
{
    int tenant;
    core::WindowStarts when;
    int64_t amount;
};

void settle(const Item &item, core::End end)
{
    const reservations::Key key = key_of(item.tenant);
    reservations::settle(key, reservations::hash_of(key), item.when, {item.amount, 0, 0}, end);
}

// Others see the rows before the entry is unpinned, as the server orders it.
void commit(const Item &item)
{
    Tenant &tenant = tenants[item.tenant];
    const std::lock_guard lock(tenant.mutex);
    tenant.total += item.amount;
    tenant.hours[item.when.at[core::kHour]] += item.amount;
    EXPECT_LE(tenant.total, kLimit);
    EXPECT_LE(tenant.hours[item.when.at[core::kHour]], kHourlyLimit);
}

void run_transaction(std::mt19937 &random)
{
    std::vector<Item> items;
    try
    {
        for (int count = random() % 3 + 1; count > 0; count--)
        {
            const int tenant = static_cast<int>(random() % kTenants);
            const auto amount = static_cast<int64_t>(random() % 5 + 1);
            const reservations::Answer answer = request(tenant, amount, reservations::Act::consume);
            if (answer.decision.verdict == core::Verdict::admitted)
                items.push_back({tenant, answer.when, amount});
            else
                refusals++;
        }
    }
    catch (const server::Error &) // no place for an entry
    {
        errors++;
    }
    // A savepoint that is rolled back.
    if (!items.empty() && random() % 4 == 0)
    {
        settle(items.back(), core::End::aborted);
        items.pop_back();
    }
    const bool committed = random() % 3 != 0;
    step_aside();
    if (committed)
        for (const Item &item : items)
            commit(item);
    step_aside();
    for (const Item &item : items)
        settle(item, committed ? core::End::committed : core::End::aborted);
}

template <typename Work>
void in_threads(Work work)
{
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; i++)
        threads.emplace_back([i, &work] {
            {
                const std::lock_guard lock(server::startup);
                reservations::start();
            }
            work(i);
        });
    for (std::thread &thread : threads)
        thread.join();
}

} // namespace

TEST(Reservations, HoldInAnyInterleavingAndThroughACrash)
{
    for (int life = 0; life < 3; life++)
    {
        in_threads([life](int thread) {
            std::mt19937 random(static_cast<unsigned>(life * kThreads + thread));
            for (int n = 0; n < kTransactions; n++)
            {
                run_transaction(random);
                if (thread == 0 && n % 500 == 499)
                    hour++;
            }
        });
        in_threads([](int thread) {
            for (int tenant = thread; tenant < kTenants; tenant += kThreads)
            {
                const reservations::Answer answer = request(tenant, 0, reservations::Act::look);
                const std::lock_guard lock(tenants[tenant].mutex);
                EXPECT_EQ(answer.state.windows.used[core::kTotal], tenants[tenant].total);
                EXPECT_EQ(answer.state.windows.used[core::kHour], tenants[tenant].hours[hour]);
            }
        });
        // What was reserved by transactions under way goes with the memory.
        server::crash();
    }
    EXPECT_GT(refusals.load(), 0);
    EXPECT_GT(loads.load(), kTenants);
    std::printf("%d refusals, %d loads, %d without a place\n", refusals.load(), loads.load(),
                errors.load());
}

// All threads want the last units of the same tenant: exactly the limit is admitted.
TEST(Reservations, AdmitTheLastUnitOnce)
{
    for (Tenant &tenant : tenants)
        tenant.total = 0;
    hour++;
    std::atomic<int> admitted{0};
    in_threads([&](int) {
        for (int n = 0; n < 100; n++)
        {
            const reservations::Answer answer = request(0, 1, reservations::Act::consume);
            if (answer.decision.verdict != core::Verdict::admitted)
                continue;
            admitted++;
            const Item item{0, answer.when, 1};
            commit(item);
            settle(item, core::End::committed);
        }
    });
    EXPECT_EQ(admitted.load(), kHourlyLimit);
    server::crash();
}
