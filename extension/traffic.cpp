// Slots of backends and rates of tenants in shared memory.
// SPDX-License-Identifier: PostgreSQL
#include "traffic.hpp"

#include "context.hpp"
#include "core/rate.hpp"
#include "guc.hpp"

namespace tenancy::traffic
{

constinit int64 waited_microseconds = 0;

namespace
{

constexpr char kName[] = "tenancy traffic";
constexpr int kPartitions = 16;
constexpr int kWays = 8;

// A tenant of a database, as a hash; 0 = none. Two tenants with the same one would share limits,
// which with 64 bits does not happen.
using Key = uint64;

struct Slot
{
    pg_atomic_uint64 connected;
    pg_atomic_uint64 running;
};

// Times in microseconds. What lies in the past says as much as no entry, so that an entry can be
// given to another tenant then.
struct Rate
{
    Key key;
    core::Bucket bucket; // nanoseconds
    TimestampTz cooling_until;
};

struct Shared
{
    ConditionVariable left; // told whenever a statement ends that others may wait for
    pg_atomic_uint32 waiting;
    Slot slots[FLEXIBLE_ARRAY_MEMBER];
};

constinit Shared *shared = nullptr;
constinit Rate *rates = nullptr;
constinit LWLockPadded *locks = nullptr;
constinit Key present = 0;
constinit bool is_present_known = false;
constinit bool is_waiting = false;
constinit bool is_running = false; // our slot says so

int count_of_slots()
{
    return MaxBackends + 64; // the server's own processes have numbers behind the backends'
}

// A power of two.
uint32 count_of_sets()
{
    return pg_nextpower2_32(static_cast<uint32>(guc::max_tracked_tenants)) / kWays;
}

Key present_key()
{
    if (!is_present_known)
    {
        const char *key = context::key();
        present = key[0] == '\0'
                      ? 0
                      : hash_bytes_extended(reinterpret_cast<const unsigned char *>(key),
                                            static_cast<int>(strlen(key)), MyDatabaseId) |
                            1;
        is_present_known = true;
    }
    return present;
}

uint32 set_of(Key key)
{
    return static_cast<uint32>(key) & (count_of_sets() - 1);
}

// Of all tenants in a set, since each may take another's place there.
LWLock *lock_of(Key key)
{
    return &locks[set_of(key) % kPartitions].lock;
}

Slot &own_slot()
{
    return shared->slots[pg::own_process_number()];
}

void set_running(Key key)
{
    pg_atomic_write_u64(&own_slot().running, key);
    is_running = key != 0;
}

// Of the others; with the tenant's lock held.
int count_others(Key key, pg_atomic_uint64 Slot::*use)
{
    int found = 0;
    const Slot *own = &own_slot();
    for (int i = 0; i < count_of_slots(); i++)
        if (&shared->slots[i] != own && pg_atomic_read_u64(&(shared->slots[i].*use)) == key)
            found++;
    return found;
}

void stop_waiting()
{
    if (is_waiting)
        pg_atomic_fetch_sub_u32(&shared->waiting, 1);
    is_waiting = false;
}

pg_noinline void stop_running()
{
    set_running(0);
    pg_memory_barrier();
    if (pg_atomic_read_u32(&shared->waiting) > 0)
        ConditionVariableBroadcast(&shared->left);
}

extern "C" {
static void on_exit_of_backend(int, Datum)
{
    pg_atomic_write_u64(&own_slot().connected, 0);
    stop_waiting(); // a session that is terminated passes no PG_FINALLY
    if (is_running)
        stop_running();
}
}

// A slot may have been left behind by a process that had its number before.
void use_slot()
{
    static constinit bool is_registered = false;
    if (is_registered)
        return;
    on_shmem_exit(on_exit_of_backend, Datum{0}); // when the transaction is undone, not before
    is_registered = true;
}

// From when on the entry says no more than none.
TimestampTz end_of(const Rate &entry)
{
    return Max((entry.bucket.at + entry.bucket.level) / 1000, entry.cooling_until);
}

// With the lock held: the tenant's entry, or the one that has said the least for the longest time.
Rate *find_rate(Key key)
{
    Rate *set = &rates[set_of(key) * kWays];
    Rate *oldest = &set[0];
    for (Rate *entry = set; entry < set + kWays; entry++)
    {
        if (entry->key == key)
            return entry;
        if (end_of(*entry) < end_of(*oldest))
            oldest = entry;
    }
    *oldest = {key, {}, 0};
    return oldest;
}

core::Rate present_rate()
{
    const double burst = guc::statement_burst > 0 ? guc::statement_burst : guc::statement_rate;
    return {static_cast<int64>(1e9 / guc::statement_rate), static_cast<int64>(Max(burst, 1.0)) - 1};
}

// Nanoseconds until a statement may come; 0: it has been counted.
int64 take_statement(Key key)
{
    const core::Rate rate = present_rate();
    const int64 now = guc::clock_time() * 1000;
    pg::LockGuard guard(lock_of(key), LW_EXCLUSIVE);
    Rate *entry = find_rate(key);
    const core::RateDecision decision = core::decide(rate, entry->bucket, now, 1);
    if (!decision.admitted)
        return decision.retry_after;
    entry->bucket = decision.bucket;
    return 0;
}

bool take_connection(Key key, int most)
{
    pg::LockGuard guard(lock_of(key), LW_EXCLUSIVE);
    if (count_others(key, &Slot::connected) >= most)
        return false;
    pg_atomic_write_u64(&own_slot().connected, key);
    return true;
}

bool is_cooling(Key key)
{
    const TimestampTz now = guc::clock_time();
    pg::LockGuard guard(lock_of(key), LW_EXCLUSIVE);
    return find_rate(key)->cooling_until > now;
}

bool take_running(Key key, int most)
{
    pg::LockGuard guard(lock_of(key), LW_EXCLUSIVE);
    if (count_others(key, &Slot::running) >= most)
        return false;
    set_running(key);
    return true;
}

[[noreturn]] void report_rate(int64 wait)
{
    ereport(ERROR, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                    errmsg("too many statements a second for tenant \"%s\"", context::name()),
                    errdetail("Limit %g a second (retry_after_seconds=%.3f).", guc::statement_rate,
                              static_cast<double>(wait) / 1e9),
                    errhint("Send fewer statements, or have an operator raise "
                            "tenancy.statement_rate for the plan or the tenant.")));
}

[[noreturn]] void report_running(int most, bool cools)
{
    ereport(ERROR,
            (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
             errmsg("too many statements of tenant \"%s\" at once", context::name()),
             cools ? errdetail(
                         "After a statement that took too much they run one at a time for a while.")
                   : errdetail("Limit %d running at once.", most),
             errhint("Try again when others have ended, or have an operator raise "
                     "tenancy.max_running_statements or tenancy.statement_wait for the plan or the "
                     "tenant.")));
}

// The clock may be set back.
void count_wait(TimestampTz since)
{
    waited_microseconds += Max(GetCurrentTimestamp() - since, 0);
}

void wait_for_rate(Key key)
{
    const TimestampTz deadline =
        TimestampTzPlusMilliseconds(GetCurrentTimestamp(), guc::statement_wait_ms);
    for (;;)
    {
        const int64 wait = take_statement(key);
        if (wait == 0)
            return;
        const TimestampTz now = GetCurrentTimestamp();
        const TimestampTz due = now + wait / 1000 + 1;
        if (due > deadline)
            report_rate(wait);
        (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                        (wait + 999999) / 1000000, PG_WAIT_EXTENSION);
        count_wait(now);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
    }
}

void wait_for_running(Key key, int most, bool cools)
{
    const TimestampTz began = GetCurrentTimestamp();
    const TimestampTz deadline = TimestampTzPlusMilliseconds(began, guc::statement_wait_ms);
    pg_atomic_fetch_add_u32(&shared->waiting, 1);
    is_waiting = true;
    bool is_admitted = false;
    PG_TRY();
    {
        ConditionVariablePrepareToSleep(&shared->left);
        while (!(is_admitted = take_running(key, most)))
        {
            const long left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);
            if (left <= 0)
                break;
            (void)ConditionVariableTimedSleep(&shared->left, left, PG_WAIT_EXTENSION);
        }
        ConditionVariableCancelSleep();
    }
    PG_FINALLY();
    {
        count_wait(began);
        stop_waiting();
    }
    PG_END_TRY();
    if (!is_admitted)
        report_running(most, cools);
}

// Superusers come in whatever the tenant does, as they do into a server that is full.
bool is_governed()
{
    return shared != nullptr && !superuser() && !IsParallelWorker();
}

pg_noinline void take_turn()
{
    const Key key = present_key();
    if (key == 0 || !is_governed())
        return;
    use_slot();
    if (guc::max_connections >= 0 && pg_atomic_read_u64(&own_slot().connected) != key &&
        !take_connection(key, guc::max_connections))
        ereport(ERROR, (errcode(ERRCODE_TOO_MANY_CONNECTIONS),
                        errmsg("too many connections for tenant \"%s\"", context::name()),
                        errdetail("Limit %d sessions with the tenant set.", guc::max_connections),
                        errhint("Close a connection or reset its tenant, or have an operator raise "
                                "tenancy.max_connections for the plan or the tenant.")));
    if (guc::statement_rate > 0)
        wait_for_rate(key);
}

pg_noinline void start_running()
{
    int most = guc::max_running_statements;
    const Key key = present_key();
    if (key == 0 || !is_governed())
        return;
    use_slot();
    const bool cools = guc::may_cool_down() && is_cooling(key);
    if (cools)
        most = most < 0 ? 1 : Min(most, 1);
    if (most < 0)
        set_running(key); // to be counted should it cool down
    else if (!take_running(key, most))
        wait_for_running(key, most, cools);
}

} // namespace

void request_memory()
{
    RequestAddinShmemSpace(
        add_size(offsetof(Shared, slots), mul_size(count_of_slots(), sizeof(Slot))));
    RequestAddinShmemSpace(mul_size(count_of_sets() * kWays, sizeof(Rate)));
    RequestNamedLWLockTranche(kName, kPartitions);
}

void start()
{
    bool found;
    shared = static_cast<Shared *>(ShmemInitStruct(
        kName, add_size(offsetof(Shared, slots), mul_size(count_of_slots(), sizeof(Slot))),
        &found));
    if (!found)
    {
        ConditionVariableInit(&shared->left);
        pg_atomic_init_u32(&shared->waiting, 0);
        for (int i = 0; i < count_of_slots(); i++)
        {
            pg_atomic_init_u64(&shared->slots[i].connected, 0);
            pg_atomic_init_u64(&shared->slots[i].running, 0);
        }
    }
    const Size size = mul_size(count_of_sets() * kWays, sizeof(Rate));
    rates = static_cast<Rate *>(ShmemInitStruct("tenancy rates", size, &found));
    if (!found)
        for (uint32 i = 0; i < count_of_sets() * kWays; i++)
            rates[i] = {0, {}, 0};
    locks = GetNamedLWLockTranche(kName);
}

void admit_statement()
{
    if (guc::max_connections >= 0 || guc::statement_rate > 0)
        take_turn();
}

void enter()
{
    if (guc::max_running_statements >= 0 || guc::may_cool_down())
        start_running();
}

void leave()
{
    if (is_running)
        stop_running();
}

void tenant_changed()
{
    is_present_known = false;
    if (shared != nullptr && MyProc != nullptr && pg_atomic_read_u64(&own_slot().connected) != 0)
        pg_atomic_write_u64(&own_slot().connected, 0);
}

void cool_down(int64 microseconds)
{
    const Key key = present_key();
    if (key == 0 || !is_governed())
        return;
    const TimestampTz until = guc::clock_time() + microseconds;
    pg::LockGuard guard(lock_of(key), LW_EXCLUSIVE);
    Rate *entry = find_rate(key);
    entry->cooling_until = Max(entry->cooling_until, until);
}

} // namespace tenancy::traffic
