// The decision whether an amount fits, and how windows move on.
// SPDX-License-Identifier: PostgreSQL
#include "core/admission.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

using namespace tenancy::core;

namespace
{

constexpr Limits kNone{{kUnlimited, kUnlimited, kUnlimited, kUnlimited, kUnlimited, kUnlimited}};

Limits limit(Period period, int64_t amount)
{
    Limits limits = kNone;
    limits.amount[period] = amount;
    return limits;
}

Windows at(int64_t start)
{
    Windows windows{};
    for (int p = kHour; p < kPeriods; p++)
        windows.start.at[p] = start;
    return windows;
}

} // namespace

TEST(Admission, AdmitsEverythingWithoutLimits)
{
    const Decision decision = decide(at(0), kNone, INT64_MAX);
    EXPECT_EQ(decision.verdict, Verdict::admitted);
    EXPECT_EQ(decision.period, -1);
    EXPECT_EQ(decision.remaining, kUnlimited);
}

TEST(Admission, FillsALimitExactly)
{
    Windows windows = at(0);
    windows.used[kMonth] = 7;
    Decision decision = decide(windows, limit(kMonth, 10), 3);
    EXPECT_EQ(decision.verdict, Verdict::admitted);
    EXPECT_EQ(decision.remaining, 0);
    decision = decide(windows, limit(kMonth, 10), 4);
    EXPECT_EQ(decision.verdict, Verdict::refused);
    EXPECT_EQ(decision.period, kMonth);
    EXPECT_EQ(decision.used, 7);
    EXPECT_EQ(decision.limit, 10);
}

TEST(Admission, ALimitOfZeroAdmitsNothingButNothing)
{
    EXPECT_EQ(decide(at(0), limit(kTotal, 0), 1).verdict, Verdict::refused);
    EXPECT_EQ(decide(at(0), limit(kTotal, 0), 0).verdict, Verdict::admitted);
}

TEST(Admission, ALimitBelowPresentUseRefuses)
{
    Windows windows = at(0);
    windows.used[kDay] = 50;
    EXPECT_EQ(decide(windows, limit(kDay, 20), 1).verdict, Verdict::refused);
}

TEST(Admission, NamesTheTightestOfSeveralLimits)
{
    Limits limits = limit(kDay, 100);
    limits.amount[kMonth] = 60;
    Windows windows = at(0);
    windows.used[kDay] = windows.used[kMonth] = 10;
    const Decision decision = decide(windows, limits, 5);
    EXPECT_EQ(decision.period, kMonth);
    EXPECT_EQ(decision.remaining, 45);
}

TEST(Admission, OverflowIsNeverAdmitted)
{
    Windows windows = at(0);
    windows.used[kTotal] = INT64_MAX - 5;
    EXPECT_EQ(decide(windows, kNone, 6).verdict, Verdict::overflow);
    EXPECT_EQ(decide(windows, kNone, 5).verdict, Verdict::admitted);
    EXPECT_EQ(decide(windows, limit(kTotal, INT64_MAX), 6).verdict, Verdict::overflow);
}

TEST(Admission, WindowsMoveForwardAndNeverBack)
{
    Windows windows = at(100);
    windows.used[kTotal] = windows.used[kHour] = windows.used[kYear] = 9;
    WindowStarts present = windows.start;
    present.at[kHour] = 200;
    advance(windows, present);
    EXPECT_EQ(windows.used[kHour], 0);
    EXPECT_EQ(windows.used[kYear], 9);
    EXPECT_EQ(windows.used[kTotal], 9);
    windows.used[kHour] = 4;
    present.at[kHour] = 150;
    advance(windows, present);
    EXPECT_EQ(windows.used[kHour], 4);
    EXPECT_EQ(windows.start.at[kHour], 200);
    EXPECT_EQ(latest_start(windows.start), 200);
}

TEST(Admission, LateUsageCountsOnlyInWindowsThatStillContainIt)
{
    Windows windows = at(100);
    WindowStarts late = windows.start;
    late.at[kHour] = 40;
    add(windows, late, 5);
    EXPECT_EQ(windows.used[kHour], 0);
    EXPECT_EQ(windows.used[kMonth], 5);
    EXPECT_EQ(windows.used[kTotal], 5);
}

// What is added and given back in any order leaves nothing behind, whatever windows move between.
TEST(Admission, GivingBackIsExact)
{
    std::mt19937 random(20260101);
    for (int round = 0; round < 200; round++)
    {
        Windows windows = at(0);
        struct Held
        {
            WindowStarts when;
            int64_t amount;
        };
        std::vector<Held> held;
        int64_t now = 0;
        for (int step = 0; step < 50; step++)
        {
            if (random() % 4 == 0)
            {
                now++;
                WindowStarts present = windows.start;
                present.at[kHour] = now;
                if (now % 5 == 0)
                    present.at[kDay] = now;
                advance(windows, present);
            }
            if (random() % 3 != 0 || held.empty())
            {
                held.push_back({windows.start, static_cast<int64_t>(random() % 100)});
                add(windows, held.back().when, held.back().amount);
            }
            else
            {
                const size_t i = random() % held.size();
                add(windows, held[i].when, -held[i].amount);
                held.erase(held.begin() + static_cast<long>(i));
            }
            int64_t hour = 0, total = 0;
            for (const Held &h : held)
            {
                total += h.amount;
                hour += h.when.at[kHour] == windows.start.at[kHour] ? h.amount : 0;
            }
            ASSERT_EQ(windows.used[kTotal], total);
            ASSERT_EQ(windows.used[kHour], hour);
        }
    }
}

namespace
{

State state_with(int64_t used)
{
    State state{};
    state.windows = at(0);
    for (int64_t &sum : state.windows.used)
        sum = used;
    return state;
}

} // namespace

TEST(Admission, ASoftLimitPassesAndSaysThatNothingIsLeft)
{
    Limits limits = limit(kMonth, 10);
    limits.soft = 1U << kMonth;
    const Decision decision = decide(state_with(10), limits, 0, 5, 0);
    EXPECT_EQ(decision.verdict, Verdict::admitted);
    EXPECT_EQ(decision.remaining, 0);
    limits.amount[kDay] = 12;
    EXPECT_EQ(decide(state_with(10), limits, 0, 5, 0).period, kDay);
}

TEST(Admission, ConcurrencyCountsWhatRunsAndWhatIsHeld)
{
    Limits limits = kNone;
    limits.concurrency = 3;
    State state = state_with(0);
    state.in_flight = 1;
    state.leased = 1;
    EXPECT_EQ(decide(state, limits, 0, 1, 0).remaining, 0);
    EXPECT_EQ(decide(state, limits, 0, 2, 0).verdict, Verdict::refused);
    EXPECT_EQ(decide(state, limits, 0, 2, 0).period, kConcurrency);
    state.leased = 9; // the limit was lowered
    EXPECT_EQ(decide(state, limits, 0, 1, 0).verdict, Verdict::refused);
    EXPECT_EQ(decide(state, limits, 0, 0, 0).verdict, Verdict::admitted);
    EXPECT_EQ(decide(state, limits, 0, INT64_MAX, 0).verdict, Verdict::refused);
}

TEST(Admission, ARateIsTheTightestOfAllWhenItIs)
{
    Limits limits = limit(kMonth, 10);
    limits.rate = {1000, 3, 2};
    State state = state_with(5);
    adopt_rate(state, limits.rate, 0);
    Decision decision = decide(state, limits, 0, 2, 0);
    EXPECT_EQ(decision.period, kRate);
    EXPECT_EQ(decision.remaining, 2);
    state.bucket = take(limits.rate, state.bucket, 0, 4);
    decision = decide(state, limits, 0, 1, 0);
    EXPECT_EQ(decision.verdict, Verdict::refused);
    EXPECT_EQ(decision.used, 4);
    EXPECT_EQ(decision.limit, 4);
    EXPECT_EQ(decide(state, limits, 0, 6, 0).period, kMonth);
}

TEST(Admission, WhatATransactionGivesUpIsFreeForItAlone)
{
    State state = state_with(5);
    state.releasing = 2;
    EXPECT_EQ(decide(state, limit(kTotal, 5), 0, 2, 2).verdict, Verdict::admitted);
    EXPECT_EQ(decide(state, limit(kTotal, 5), 0, 1, 0).verdict, Verdict::refused);
    // Of the calendar's windows nothing can be given back.
    EXPECT_EQ(decide(state, limit(kDay, 5), 0, 1, 2).verdict, Verdict::refused);
}

// Transactions that take, give back, hold, and end in any order: the total stays within its limit at all
// times, and never below zero whichever of them commit.
TEST(Admission, NoOrderOfEndsLeadsPastALimitOrBelowZero)
{
    std::mt19937 random(20260102);
    for (int round = 0; round < 300; round++)
    {
        constexpr int kSessions = 4;
        const Limits limits = limit(kTotal, 6);
        State state = state_with(0);
        Share own[kSessions] = {};
        int64_t committed = 0;
        for (int step = 0; step < 200; step++)
        {
            Share &share = own[random() % kSessions];
            const int64_t amount = 1 + static_cast<int64_t>(random() % 3);
            switch (random() % 4)
            {
            case 0:
                if (decide(state, limits, 0, amount, share.released).verdict != Verdict::admitted)
                    break;
                add(state.windows, state.windows.start, amount);
                state.in_flight += amount;
                share.amount += amount;
                break;
            case 1:
                if (releasable(state, share.amount) < amount)
                    break;
                state.releasing += amount;
                share.released += amount;
                break;
            case 2:
                settle(state, state.windows.start, share, End::committed);
                committed += share.amount - share.released;
                share = {};
                break;
            default:
                settle(state, state.windows.start, share, End::aborted);
                share = {};
            }
            ASSERT_GE(committed, 0);
            ASSERT_LE(committed, 6);
        }
        for (Share &share : own)
            settle(state, state.windows.start, share, End::aborted);
        EXPECT_EQ(state.windows.used[kTotal], committed);
        EXPECT_EQ(state.in_flight, 0);
        EXPECT_EQ(state.releasing, 0);
    }
}
