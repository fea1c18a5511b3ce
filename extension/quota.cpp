// Limits of plans and tenants, calendar windows, and the decision with or without shared memory.
// SPDX-License-Identifier: PostgreSQL
#include "quota.hpp"

#include "context.hpp"
#include "guc.hpp"
#include "owner.hpp"

namespace tenancy::quota
{

namespace
{

// The names in the order of core::Period.
constexpr const char *kPeriodNames[core::kPeriods] = {"total", "hour",  "day",
                                                      "week",  "month", "year"};

// Of the lock that stands in for shared memory; the server's own advisory locks use 1 and 2.
constexpr uint16 kLockClass = 0x7451;

constinit HTAB *slots = nullptr;
// The slot asked for last, and whose it was; most sessions use one metric of a tenant at a time.
constinit Slot *last_slot = nullptr;
constinit const registry::Tenant *last_tenant = nullptr;

// A metric's limits for a tenant: the tenant's own where there is one, the plan's otherwise.
// Returns no row when the metric does not exist.
constexpr const char *kLimitsStatement =
    "SELECT l.period, l.amount FROM tenancy.metrics m LEFT JOIN LATERAL ("
    " SELECT o.period, o.amount FROM tenancy.tenant_limits o"
    "  WHERE o.tenant_id OPERATOR(pg_catalog.=) $1 AND o.metric OPERATOR(pg_catalog.=) m.name"
    " UNION ALL"
    " SELECT p.period, p.amount FROM tenancy.plan_limits p"
    "  WHERE p.plan OPERATOR(pg_catalog.=) $3 AND p.metric OPERATOR(pg_catalog.=) m.name"
    "  AND NOT EXISTS (SELECT FROM tenancy.tenant_limits o"
    "   WHERE o.tenant_id OPERATOR(pg_catalog.=) $1 AND o.metric OPERATOR(pg_catalog.=) p.metric"
    "   AND o.period OPERATOR(pg_catalog.=) p.period)"
    ") l ON true WHERE m.name OPERATOR(pg_catalog.=) $2";

// Committed usage since each of the windows' starts: rolled-up hours and the tail of the ledger
// that no rollup has reached, in one snapshot.
#define TENANCY_WINDOW(amount, at, n)                                                              \
    " pg_catalog.sum(" amount ") FILTER (WHERE " at " OPERATOR(pg_catalog.>=) ($3)[" n "]) AS w" n
#define TENANCY_WINDOWS(amount, at)                                                                \
    TENANCY_WINDOW(amount, at, "1")                                                                \
    "," TENANCY_WINDOW(amount, at, "2") "," TENANCY_WINDOW(amount, at, "3") "," TENANCY_WINDOW(    \
        amount, at, "4") "," TENANCY_WINDOW(amount, at, "5") "," TENANCY_WINDOW(amount, at, "6")
constexpr const char *kUsageStatement =
    "SELECT pg_catalog.sum(u.w1), pg_catalog.sum(u.w2), pg_catalog.sum(u.w3),"
    " pg_catalog.sum(u.w4), pg_catalog.sum(u.w5), pg_catalog.sum(u.w6) FROM ("
    "SELECT" TENANCY_WINDOWS(
        "h.quantity",
        "h.hour") " FROM tenancy.usage_hourly h"
                  " WHERE h.tenant_id OPERATOR(pg_catalog.=) $1 AND h.metric "
                  "OPERATOR(pg_catalog.=) $2"
                  " UNION ALL "
                  "SELECT" TENANCY_WINDOWS(
                      "l.amount", "l.at") " FROM tenancy.usage_ledger l"
                                          " WHERE l.tenant_id OPERATOR(pg_catalog.=) $1 AND "
                                          "l.metric OPERATOR(pg_catalog.=) $2"
                                          "  AND l.stamp OPERATOR(pg_catalog.>=) coalesce((SELECT "
                                          "g.watermark FROM tenancy.ledger_state "
                                          "g),"
                                          "   (-9223372036854775808)::pg_catalog.int8)"
                                          ") u";
#undef TENANCY_WINDOWS
#undef TENANCY_WINDOW
static_assert(core::kPeriods == 6, "the statement above has a column a period");

int period_named(const char *name)
{
    for (int p = 0; p < core::kPeriods; p++)
        if (strcmp(kPeriodNames[p], name) == 0)
            return p;
    elog(ERROR, "unknown limit period \"%s\"", name);
}

TimestampTz truncate(const char *unit, TimestampTz at, Datum time_zone)
{
    return DatumGetTimestampTz(DirectFunctionCall3(
        timestamptz_trunc_zone, CStringGetTextDatum(unit), TimestampTzGetDatum(at), time_zone));
}

core::WindowStarts compute_starts(const char *time_zone, TimestampTz at)
{
    const Datum zone = CStringGetTextDatum(time_zone);
    core::WindowStarts starts{};
    starts.at[core::kTotal] = DT_NOBEGIN;
    for (int p = core::kHour; p < core::kPeriods; p++)
        starts.at[p] = truncate(kPeriodNames[p], at, zone);
    return starts;
}

// The end of a window is the start of the one that contains an instant safely past it.
void compute_ends(Slot *slot)
{
    constexpr int64 into_next[core::kPeriods] = {0, 0, 36, 8 * 24 + 12, 32 * 24, 370 * 24};
    const Datum zone = CStringGetTextDatum(slot->time_zone);
    slot->ends[core::kTotal] = DT_NOEND;
    slot->ends[core::kHour] = slot->starts.at[core::kHour] + USECS_PER_HOUR;
    slot->valid_until = slot->ends[core::kHour];
    for (int p = core::kDay; p < core::kPeriods; p++)
    {
        slot->ends[p] =
            truncate(kPeriodNames[p], slot->starts.at[p] + into_next[p] * USECS_PER_HOUR, zone);
        slot->valid_until = Min(slot->valid_until, slot->ends[p]);
    }
}

// Runs a read-only statement under a snapshot of this moment.
void read_now(const char *statement, int count, Oid *types, Datum *values)
{
    PushActiveSnapshot(GetLatestSnapshot());
    if (SPI_execute_with_args(statement, count, types, values, nullptr, true, 0) != SPI_OK_SELECT)
        elog(ERROR, "could not read limits or usage");
    PopActiveSnapshot();
}

void read_limits(Slot *slot, const registry::Tenant *tenant)
{
    for (int64 &amount : slot->limits.amount)
        amount = core::kUnlimited;
    strlcpy(slot->tenant_id, tenant->id, sizeof(slot->tenant_id));
    strlcpy(slot->time_zone, tenant->time_zone, sizeof(slot->time_zone));
    slot->valid_until = DT_NOBEGIN;

    const owner::Scope scope = owner::enter(owner::SearchPath::callers);
    Oid types[] = {TEXTOID, TEXTOID, TEXTOID};
    Datum values[] = {CStringGetTextDatum(tenant->id), CStringGetTextDatum(slot->key.metric),
                      CStringGetTextDatum(tenant->plan)};
    read_now(kLimitsStatement, 3, types, values);
    slot->metric_exists = SPI_processed > 0;
    for (uint64 i = 0; i < SPI_processed; i++)
    {
        bool is_null;
        HeapTuple row = SPI_tuptable->vals[i];
        const char *period = SPI_getvalue(row, SPI_tuptable->tupdesc, 1);
        Datum amount = SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &is_null);
        if (period != nullptr && !is_null)
            slot->limits.amount[period_named(period)] = DatumGetInt64(amount);
    }
    owner::leave(scope);
}

int64 clamp_to_int64(Datum quantity)
{
    const Datum most = DirectFunctionCall1(int8_numeric, Int64GetDatum(PG_INT64_MAX));
    if (DatumGetBool(DirectFunctionCall2(numeric_gt, quantity, most)))
        return PG_INT64_MAX;
    return DatumGetInt64(DirectFunctionCall1(numeric_int8, quantity));
}

void load_usage(const Slot *slot, const core::WindowStarts &starts, core::Windows *windows)
{
    Datum elements[core::kPeriods];
    for (int p = 0; p < core::kPeriods; p++)
        elements[p] = TimestampTzGetDatum(starts.at[p]);
    const owner::Scope scope = owner::enter(owner::SearchPath::callers);
    Oid types[] = {TEXTOID, TEXTOID, TIMESTAMPTZARRAYOID};
    Datum values[] = {CStringGetTextDatum(slot->tenant_id), CStringGetTextDatum(slot->key.metric),
                      PointerGetDatum(construct_array(elements, core::kPeriods, TIMESTAMPTZOID, 8,
                                                      FLOAT8PASSBYVAL, TYPALIGN_DOUBLE))};
    read_now(kUsageStatement, 3, types, values);
    windows->start = starts;
    for (int p = 0; p < core::kPeriods; p++)
    {
        bool is_null;
        Datum sum = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, p + 1, &is_null);
        windows->used[p] = is_null ? 0 : clamp_to_int64(sum);
    }
    owner::leave(scope);
}

// The loader that reservations calls.
void load_for_slot(void *argument, const core::WindowStarts &starts, core::Windows *windows)
{
    load_usage(static_cast<const Slot *>(argument), starts, windows);
}

// One consumer of a tenant and metric at a time, until the end of its transaction.
void lock_usage(const Slot *slot)
{
    LOCKTAG tag;
    const uint64 hash = hash_bytes_extended(reinterpret_cast<const unsigned char *>(&slot->key),
                                            sizeof(slot->key), 0);
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(hash >> 32),
                         static_cast<uint32>(hash), kLockClass);
    (void)LockAcquire(&tag, ExclusiveLock, false, false);
}

Outcome request_without_memory(Slot *slot, Mode mode, int64 amount, const core::WindowStarts &now,
                               const core::WindowStarts &when, PendingSum pending)
{
    Outcome outcome{};
    outcome.when = when;
    outcome.windows.start = now;
    core::Limits limits = slot->limits;
    if (mode == Mode::enforce)
        lock_usage(slot);
    if (mode == Mode::record)
        for (int64 &limit : limits.amount)
            limit = core::kUnlimited;
    else
    {
        load_usage(slot, now, &outcome.windows);
        pending(slot, &outcome.windows);
    }
    outcome.decision = core::decide(outcome.windows, limits, amount);
    return outcome;
}

} // namespace

Slot *slot_of_current_tenant(const text *metric)
{
    // A suspension or a new limit must reach a transaction that takes no more locks.
    AcceptInvalidationMessages();
    const registry::Tenant *tenant = context::require_current();
    const size_t length = VARSIZE_ANY_EXHDR(metric);
    if (likely(last_slot != nullptr && last_tenant == tenant &&
               last_slot->generation == tenant->generation && length < NAMEDATALEN &&
               memcmp(last_slot->key.metric, VARDATA_ANY(metric), length) == 0 &&
               last_slot->key.metric[length] == '\0'))
        return last_slot;
    last_slot = nullptr; // it may be removed below
    if (slots == nullptr)
    {
        HASHCTL control{};
        control.keysize = sizeof(reservations::Key);
        control.entrysize = sizeof(Slot);
        control.hcxt = TopMemoryContext;
        slots =
            hash_create("tenancy quota slots", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    }
    reservations::Key key{};
    key.database = MyDatabaseId;
    key.ledger = registry::relations().ledger;
    strlcpy(key.tenant, tenant->key, sizeof(key.tenant));
    if (length < sizeof(key.metric))
        memcpy(key.metric, VARDATA_ANY(metric), length);

    bool found;
    auto *slot = static_cast<Slot *>(hash_search(slots, &key, HASH_ENTER, &found));
    if (!found)
    {
        slot->generation = 0;
        slot->pending = nullptr;
        slot->hash = reservations::hash_of(key);
    }
    // The tenant's generation, since its plan and zone go into the slot; 0 is never kept.
    const uint64 generation = tenant->generation;
    if (slot->generation == 0 || slot->generation != generation)
    {
        slot->generation = 0;
        read_limits(slot, tenant);
        slot->generation = generation;
    }
    const bool usable = slot->metric_exists && length < sizeof(key.metric);
    if (!usable && slot->pending == nullptr)
        (void)hash_search(slots, &key, HASH_REMOVE, nullptr);
    if (!usable)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("metric \"%s\" does not exist", text_to_cstring(metric)),
                        errhint("Create it with tenancy.create_metric().")));
    if (generation != 0)
    {
        last_slot = slot;
        last_tenant = tenant;
    }
    return slot;
}

core::WindowStarts windows_at(Slot *slot, TimestampTz at)
{
    if (likely(slot->valid_until != DT_NOBEGIN && at >= slot->starts.at[core::kHour] &&
               at < slot->valid_until))
        return slot->starts;
    return compute_starts(slot->time_zone, at);
}

Outcome request(Slot *slot, Mode mode, int64 amount, TimestampTz at, bool pin, PendingSum pending)
{
    const TimestampTz now = guc::clock_time();
    if (!(slot->valid_until != DT_NOBEGIN && now >= slot->starts.at[core::kHour] &&
          now < slot->valid_until))
    {
        slot->starts = compute_starts(slot->time_zone, now);
        compute_ends(slot);
    }
    const core::WindowStarts when = windows_at(slot, at);
    // On a standby memory would not learn what replay brings, and be wrong after a promotion.
    if (!reservations::is_available() || RecoveryInProgress())
        return request_without_memory(slot, mode, amount, slot->starts, when, pending);

    const reservations::Answer answer = reservations::request(
        {slot->key, slot->hash, slot->starts, when, amount, mode != Mode::record,
         mode != Mode::look, pin, slot->limits, load_for_slot, slot});
    return {answer.decision, answer.windows, answer.when};
}

void release(const Slot *slot, const core::WindowStarts &when, int64 amount)
{
    if (reservations::is_available())
        reservations::release(slot->key, slot->hash, when, amount);
}

void pin(const Slot *slot)
{
    if (reservations::is_available())
        reservations::pin(slot->key, slot->hash);
}

void unpin(const Slot *slot)
{
    if (reservations::is_available())
        reservations::unpin(slot->key, slot->hash);
}

const char *period_name(int period)
{
    return kPeriodNames[period];
}

void report_refusal(const Slot *slot, const core::Decision &decision, int64 amount)
{
    const char *period = kPeriodNames[decision.period];
    const char *resets =
        decision.period == core::kTotal
            ? "never resets"
            : psprintf("resets at %s", timestamptz_to_str(slot->ends[decision.period]));
    ereport(ERROR,
            (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
             errmsg("quota exceeded for metric \"%s\" of tenant \"%s\"", slot->key.metric,
                    slot->tenant_id),
             errdetail("Used %lld, requested %lld, limit %lld, period %s, %s.",
                       static_cast<long long>(decision.used), static_cast<long long>(amount),
                       static_cast<long long>(decision.limit), period, resets),
             errhint("Wait for the period to end, use less, or have an operator raise the plan's "
                     "or the tenant's limit.")));
}

void forget_cache()
{
    if (slots != nullptr)
        hash_destroy(slots);
    slots = nullptr;
    last_slot = nullptr;
}

} // namespace tenancy::quota
