// When things happen: back-off, intervals, leader-only jobs.
// SPDX-License-Identifier: PostgreSQL
#include "scheduler.hpp"

#include <gtest/gtest.h>

namespace
{

using namespace tenancyd;
using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToTheMost)
{
    const Backoff backoff{500ms, 30s};
    constexpr double kMost = 0.999999;
    EXPECT_NEAR(backoff.delay(1, kMost).count(), 500, 1);
    EXPECT_NEAR(backoff.delay(2, kMost).count(), 1000, 1);
    EXPECT_NEAR(backoff.delay(5, kMost).count(), 8000, 1);
    EXPECT_NEAR(backoff.delay(7, kMost).count(), 30000, 1);
    EXPECT_NEAR(backoff.delay(1'000'000, kMost).count(), 30000, 1);
}

TEST(Backoff, JittersBetweenHalfAndAll)
{
    const Backoff backoff{1s, 30s};
    EXPECT_EQ(backoff.delay(1, 0), 500ms);
    EXPECT_EQ(backoff.delay(1, 0.5), 750ms);
    for (int i = 0; i < 1000; i++)
    {
        const auto delay = backoff.delay(3, random_unit());
        EXPECT_GE(delay, 2s);
        EXPECT_LE(delay, 4s);
    }
}

TEST(Backoff, NeverWaitsLongerThanTheMost)
{
    const Backoff backoff{.most = 100ms};
    EXPECT_LE(backoff.delay(1, 0.99), 100ms);
}

class SchedulerTest : public testing::Test
{
protected:
    static Job job(const std::string &name, std::chrono::seconds interval, bool leader_only)
    {
        return {name, interval, leader_only, [](pg::Connection &) {}};
    }
    std::string due(Scheduler::Time now, bool leads)
    {
        const Job *found = scheduler.due(now, leads);
        return found ? found->name : "";
    }

    Scheduler scheduler{{job("rollup", 60s, true), job("observe", 10s, false)}, Backoff{1s, 30s}};
    Scheduler::Time start{1000s};
};

TEST_F(SchedulerTest, EverythingIsDueAtOnceInOrder)
{
    EXPECT_EQ(due(start, true), "rollup");
    scheduler.finished(*scheduler.due(start, true), start, true, 0);
    EXPECT_EQ(due(start, true), "observe");
    scheduler.finished(*scheduler.due(start, true), start, true, 0);
    EXPECT_EQ(due(start, true), "");
    EXPECT_EQ(scheduler.wake_at(true), start + 10s);
    EXPECT_EQ(due(start + 10s, true), "observe");
    EXPECT_EQ(due(start + 60s, true), "rollup");
}

TEST_F(SchedulerTest, AStandByLeavesTheLeadersJobsAlone)
{
    EXPECT_EQ(due(start, false), "observe");
    scheduler.finished(*scheduler.due(start, false), start, true, 0);
    EXPECT_EQ(due(start, false), "");
    EXPECT_EQ(scheduler.wake_at(false), start + 10s);
    EXPECT_EQ(due(start, true), "rollup");
}

TEST_F(SchedulerTest, FailuresAreRetriedEverMoreSlowly)
{
    const Job &rollup = *scheduler.due(start, true);
    scheduler.finished(rollup, start, false, 0.999999);
    EXPECT_EQ(due(start, true), "observe");
    EXPECT_EQ(due(start + 1s, true), "rollup");
    scheduler.finished(rollup, start + 1s, false, 0.999999);
    EXPECT_NE(due(start + 2s, true), "rollup");
    EXPECT_EQ(due(start + 3s, true), "rollup");
    scheduler.finished(rollup, start + 3s, true, 0);
    EXPECT_NE(due(start + 62s, true), "rollup");
    scheduler.finished(rollup, start + 63s, false, 0.999999);
    EXPECT_EQ(due(start + 64s, true), "rollup");
}

TEST(Scheduler, AFailedJobWaitsNoLongerThanItsInterval)
{
    Scheduler scheduler({{"quick", 2s, false, [](pg::Connection &) {}}}, Backoff{60s, 60s});
    const Scheduler::Time now{1000s};
    scheduler.finished(*scheduler.due(now, false), now, false, 0.9);
    EXPECT_EQ(scheduler.wake_at(false), now + 2s);
}

} // namespace
