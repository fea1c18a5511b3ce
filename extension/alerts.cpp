// Rows of tenancy.quota_alerts, and the warnings that go with them.
// SPDX-License-Identifier: PostgreSQL
#include "alerts.hpp"

#include "guc.hpp"
#include "owner.hpp"

namespace tenancy::alerts
{

namespace
{

constexpr const char *kToldStatement =
    "SELECT max(a.threshold) FROM tenancy.quota_alerts a WHERE a.tenant_id = $1 AND a.metric = $2"
    " AND a.period = $3 AND a.window_start = $4 AND a.limit_amount = $6";

// Tells only of the rows that are new. Anybody may listen to the notification, so it says nothing of
// them. The event is not a trigger's: a restore would write it again, and what tells a restore from
// other sessions are settings that tenants have, too.
constexpr const char *kTellStatement =
    "WITH told AS (INSERT INTO tenancy.quota_alerts (tenant_id, metric, period, window_start,"
    " window_end, limit_amount, threshold, used, soft)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING *)"
    " SELECT pg_notify('tenancy_alerts', 'quota'), tenancy.emit_event(tenant_id, 'quota.alert',"
    " jsonb_build_object('metric', metric, 'period', period, 'threshold', threshold, 'used', used,"
    " 'limit', limit_amount, 'soft', soft, 'window_start', window_start, 'window_end', window_end))"
    " FROM told";

constexpr Oid kTypes[] = {TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
                          INT8OID, INT4OID, INT8OID, BOOLOID};

// Slots with something to tell by the running transaction.
constinit quota::Slot *crossed = nullptr;

bool is_soft(const quota::Slot *slot, int period)
{
    return (slot->known.limits.soft >> period & 1) != 0;
}

// The lowest threshold above one, or 0. What a soft limit lets pass is billed, so it is always told
// when such a limit is reached.
int next_threshold(const quota::Slot *slot, int period, int above)
{
    const guc::Thresholds &thresholds = *guc::alert_thresholds;
    int next = is_soft(slot, period) && above < 100 ? 100 : 0;
    for (int i = 0; i < thresholds.count; i++)
        if (thresholds.percent[i] > above && (next == 0 || thresholds.percent[i] < next))
            next = thresholds.percent[i];
    return next;
}

// As of now: a transaction that keeps an old snapshot must not fail over a row it cannot see.
int told_by_anybody(Datum *values)
{
    Oid types[lengthof(kTypes)];
    memcpy(types, kTypes, sizeof(types));
    PushActiveSnapshot(GetLatestSnapshot());
    if (SPI_execute_with_args(kToldStatement, lengthof(types), types, values, nullptr, true, 1) !=
        SPI_OK_SELECT)
        elog(ERROR, "could not read alerts");
    PopActiveSnapshot();
    bool is_null;
    const Datum told = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
    return is_null ? 0 : DatumGetInt32(told);
}

void warn(const quota::Slot *slot, int period, int threshold, int64 used)
{
    if (!guc::quota_warnings)
        return;
    ereport(WARNING, (errcode(ERRCODE_WARNING),
                      errmsg("use of metric \"%s\" by tenant \"%s\" has reached %d %% of its limit",
                             slot->key.metric, slot->tenant_id, threshold),
                      errdetail("Used %lld, limit %lld, period %s.", static_cast<long long>(used),
                                static_cast<long long>(slot->known.limits.amount[period]),
                                limits::kNames[period])));
}

void tell(quota::Slot *slot, int period, const core::WindowStarts &starts, int64 used)
{
    const int64 limit = slot->known.limits.amount[period];
    int threshold = next_threshold(slot, period, slot->told[period]);
    if (threshold == 0 || used < core::threshold_amount(limit, threshold))
        return;
    Datum values[] = {CStringGetTextDatum(slot->tenant_id),
                      CStringGetTextDatum(slot->key.metric),
                      CStringGetTextDatum(limits::kNames[period]),
                      TimestampTzGetDatum(starts.at[period]),
                      TimestampTzGetDatum(slot->ends[period]),
                      Int64GetDatum(limit),
                      Datum{0},
                      Int64GetDatum(used),
                      BoolGetDatum(is_soft(slot, period))};
    values[6] = Int32GetDatum(0);
    const int told = told_by_anybody(values);
    for (; threshold != 0 && used >= core::threshold_amount(limit, threshold);
         threshold = next_threshold(slot, period, threshold))
    {
        slot->telling[period] = threshold;
        if (threshold <= told)
            continue;
        values[6] = Int32GetDatum(threshold);
        Oid types[lengthof(kTypes)];
        memcpy(types, kTypes, sizeof(types));
        if (SPI_execute_with_args(kTellStatement, lengthof(types), types, values, nullptr, false,
                                  0) != SPI_OK_SELECT)
            elog(ERROR, "could not write an alert");
        if (SPI_processed == 1)
            warn(slot, period, threshold, used);
    }
}

void tell_all(quota::Slot *slot, const core::Windows &windows)
{
    PushActiveSnapshot(GetTransactionSnapshot());
    const owner::Scope scope = owner::enter();
    for (int p = 0; p < core::kPeriods; p++)
    {
        const int64 freed = p == core::kTotal ? slot->releasing : 0;
        // Others may be in a later window already; that one is theirs to tell.
        if (slot->known.limits.amount[p] != core::kUnlimited &&
            windows.start.at[p] == slot->starts.at[p])
            tell(slot, p, windows.start, windows.used[p] - freed);
    }
    owner::leave(scope);
    PopActiveSnapshot();
}

extern "C" {
static int compare_keys(const void *left, const void *right)
{
    const auto *a = *static_cast<quota::Slot *const *>(left);
    const auto *b = *static_cast<quota::Slot *const *>(right);
    return memcmp(&a->key, &b->key, sizeof(a->key));
}
}

pg_noinline void settle_crossed(bool committed)
{
    for (; crossed != nullptr; crossed = crossed->next_crossed)
    {
        crossed->crossed = false;
        for (int p = 0; p < core::kPeriods; p++)
            if (committed)
                crossed->told[p] = Max(crossed->told[p], crossed->telling[p]);
            else
                crossed->telling[p] = crossed->told[p];
        arm(crossed);
    }
}

} // namespace

void arm(quota::Slot *slot)
{
    slot->tell_below = core::kUnlimited - 1;
    for (int p = 0; p < core::kPeriods; p++)
    {
        const int64 limit = slot->known.limits.amount[p];
        const int next = limit == core::kUnlimited ? 0 : next_threshold(slot, p, slot->told[p]);
        slot->tell_at[p] = next == 0 ? PG_INT64_MAX : core::threshold_amount(limit, next);
        // Past the limit, as by a soft one, nothing remains.
        if (next != 0)
            slot->tell_below = Max(slot->tell_below, Max(limit - slot->tell_at[p], 0));
    }
}

void note_if_crossed(quota::Slot *slot, const core::Windows &windows)
{
    bool is_reached = false;
    for (int p = 0; p < core::kPeriods; p++)
        is_reached |= windows.used[p] >= slot->tell_at[p];
    if (!is_reached || slot->crossed)
        return;
    slot->crossed = true;
    slot->next_crossed = crossed;
    crossed = slot;
}

void write(Look look)
{
    if (likely(crossed == nullptr))
        return;
    CommandCounterIncrement(); // the rows just written count, where the tables are asked
    int count = 0;
    for (const quota::Slot *slot = crossed; slot != nullptr; slot = slot->next_crossed)
        count++;
    auto **slots = static_cast<quota::Slot **>(palloc(count * sizeof(quota::Slot *)));
    count = 0;
    for (quota::Slot *slot = crossed; slot != nullptr; slot = slot->next_crossed)
        slots[count++] = slot;
    // All in the same order, since who writes a row that another is writing waits for it.
    qsort(slots, count, sizeof(quota::Slot *), compare_keys);
    for (int i = 0; i < count; i++)
    {
        quota::Outcome present;
        look(slots[i], 0, &present);
        tell_all(slots[i], present.state.windows);
    }
    pfree(slots);
}

void settle(bool committed)
{
    if (crossed != nullptr)
        settle_crossed(committed);
}

} // namespace tenancy::alerts
