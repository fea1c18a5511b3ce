// Adding up committed use, past the planner: sessions that serve many tenants do it all the time.
// SPDX-License-Identifier: PostgreSQL
#include "committed.hpp"

#include "owner.hpp"
#include "registry.hpp"
#include "rows.hpp"
#include "scans.hpp"

namespace tenancy::committed
{

namespace
{

// Columns of tenancy.usage_hourly and of tenancy.ledger_state; upgrades only append.
enum HourColumn : AttrNumber { kHourStart = 3, kQuantity = 4, kReleased = 6 };
enum StateColumn : AttrNumber { kWatermark = 4 };

// Committed rows of the tables behind a metric.
constexpr const char *kRowsStatement = "SELECT sum(u.rows) FROM ("
                                       "SELECT t.rows FROM tenancy.counted_tables c"
                                       " JOIN tenancy.row_totals t ON t.count_id = c.count_id"
                                       " WHERE c.metric = $2 AND t.tenant_id IN ($1, $3)"
                                       " UNION ALL "
                                       "SELECT d.rows FROM tenancy.counted_tables c"
                                       " JOIN tenancy.row_changes d ON d.count_id = c.count_id"
                                       " WHERE c.metric = $2 AND d.tenant_id IN ($1, $3)) u";

// Of the one metric of storage, its last measurement.
constexpr const char *kStorageStatement =
    "SELECT sum(s.bytes) FROM tenancy.tenant_storage s WHERE s.tenant_id IN ($1, $3)";

struct Sums
{
    __int128 of[core::kPeriods];
};

// What was released lowers the total alone.
void add(Sums *sums, const core::WindowStarts &starts, TimestampTz at, int64 net, int64 gross)
{
    sums->of[core::kTotal] += net;
    for (int p = core::kTotal + 1; p < core::kPeriods; p++)
        if (at >= starts.at[p])
            sums->of[p] += gross;
}

int64 clamp(__int128 sum)
{
    return static_cast<int64>(sum > PG_INT64_MAX   ? PG_INT64_MAX
                              : sum < PG_INT64_MIN ? PG_INT64_MIN
                                                   : sum);
}

int64 clamp(Datum quantity)
{
    const Datum high = DirectFunctionCall1(int8_numeric, Int64GetDatum(PG_INT64_MAX));
    const Datum low = DirectFunctionCall1(int8_numeric, Int64GetDatum(PG_INT64_MIN));
    if (DatumGetBool(DirectFunctionCall2(numeric_gt, quantity, high)))
        return PG_INT64_MAX;
    if (DatumGetBool(DirectFunctionCall2(numeric_lt, quantity, low)))
        return PG_INT64_MIN;
    return DatumGetInt64(DirectFunctionCall1(numeric_int8, quantity));
}

Oid relation_named(const char *name)
{
    return get_relname_relid(name, registry::relations().schema);
}

Datum column_of(const scans::Scan &scan, int number)
{
    bool is_null;
    return slot_getattr(scan.slot, number, &is_null); // none of them has nulls
}

int64 watermark(Snapshot now)
{
    const scans::Scan scan =
        scans::open(relation_named("ledger_state"), relation_named("ledger_state_pkey"), {}, now);
    const int64 mark =
        scans::next(scan) ? DatumGetInt64(column_of(scan, kWatermark)) : PG_INT64_MIN;
    scans::close(scan);
    return mark;
}

void add_hours(Sums *sums, const char *tenant, const char *metric, const core::WindowStarts &starts,
               Snapshot now)
{
    MemoryContext row =
        AllocSetContextCreate(CurrentMemoryContext, "tenancy hour", ALLOCSET_SMALL_SIZES);
    const scans::Scan scan =
        scans::open(relation_named("usage_hourly"), relation_named("usage_hourly_pkey"),
                    {scans::equals(1, tenant), scans::equals(2, metric)}, now);
    while (scans::next(scan))
    {
        CHECK_FOR_INTERRUPTS();
        MemoryContext previous = MemoryContextSwitchTo(row);
        const int64 net = clamp(column_of(scan, kQuantity));
        const int64 released = clamp(column_of(scan, kReleased));
        add(sums, starts, DatumGetTimestampTz(column_of(scan, kHourStart)), net,
            clamp(static_cast<__int128>(net) + released));
        MemoryContextSwitchTo(previous);
        MemoryContextReset(row);
    }
    scans::close(scan);
    MemoryContextDelete(row);
}

bool is_text(Datum value, const char *text, size_t length)
{
    const auto *stored = reinterpret_cast<const varlena *>(DatumGetPointer(value));
    return VARSIZE_ANY_EXHDR(stored) == length && memcmp(VARDATA_ANY(stored), text, length) == 0;
}

void add_event(Sums *sums, const core::WindowStarts &starts, const scans::Scan &scan)
{
    const int64 amount = DatumGetInt64(column_of(scan, rows::kAmount + 1));
    add(sums, starts, DatumGetTimestampTz(column_of(scan, rows::kAt + 1)), amount, Max(amount, 0));
}

// The ledger's tail that no rollup has reached, by two ways at once, a row of each in turn: all rows of
// the tenant, which may be years of them, and all new rows, which may be everybody's of an hour.
// Whichever ends first has found them all, and nobody need know which that is.
void add_tail(Sums *sums, const char *tenant, const char *metric, const core::WindowStarts &starts,
              Snapshot now)
{
    const int64 mark = watermark(now);
    const size_t tenant_length = strlen(tenant), metric_length = strlen(metric);
    const Oid ledger = registry::relations().ledger;
    const scans::Scan of_tenant =
        scans::open(ledger, relation_named("usage_ledger_tenant"),
                    {scans::equals(1, tenant), scans::equals(2, metric)}, now);
    const scans::Scan of_tail =
        scans::open(ledger, registry::relations().ledger_stamp,
                    {{1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(mark)}}, now);
    Sums by_tenant{}, by_tail{};
    const Sums *found;
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        if (!scans::next(of_tenant))
        {
            found = &by_tenant;
            break;
        }
        if (DatumGetInt64(column_of(of_tenant, rows::kStamp + 1)) >= mark)
            add_event(&by_tenant, starts, of_tenant);
        if (!scans::next(of_tail))
        {
            found = &by_tail;
            break;
        }
        if (is_text(column_of(of_tail, rows::kTenant + 1), tenant, tenant_length) &&
            is_text(column_of(of_tail, rows::kMetric + 1), metric, metric_length))
            add_event(&by_tail, starts, of_tail);
    }
    for (int p = 0; p < core::kPeriods; p++)
        sums->of[p] += found->of[p];
    scans::close(of_tenant);
    scans::close(of_tail);
}

} // namespace

void load_windows(const char *tenant, const char *metric, const core::WindowStarts &starts,
                  core::Windows *windows)
{
    // Hours and tail in one snapshot, so that a rollup between them changes nothing.
    Snapshot now = RegisterSnapshot(GetLatestSnapshot());
    Sums sums{};
    add_hours(&sums, tenant, metric, starts, now);
    add_tail(&sums, tenant, metric, starts, now);
    UnregisterSnapshot(now);
    windows->start = starts;
    for (int p = 0; p < core::kPeriods; p++)
        windows->used[p] = clamp(sums.of[p]);
}

void load_rows(const char *tenant, const char *key, const char *metric,
               const core::WindowStarts &starts, core::Windows *windows)
{
    const bool of_storage = strcmp(metric, "storage.bytes") == 0;
    const owner::Scope scope = owner::enter();
    Oid types[] = {TEXTOID, TEXTOID, TEXTOID};
    Datum values[] = {CStringGetTextDatum(tenant), CStringGetTextDatum(metric),
                      CStringGetTextDatum(key)};
    PushActiveSnapshot(GetLatestSnapshot());
    if (SPI_execute_with_args(of_storage ? kStorageStatement : kRowsStatement, lengthof(types),
                              types, values, nullptr, true, 0) != SPI_OK_SELECT)
        elog(ERROR, "could not read the rows of a metric");
    PopActiveSnapshot();
    bool is_null;
    const Datum sum = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
    windows->start = starts;
    windows->used[core::kTotal] = is_null ? 0 : clamp(sum);
    owner::leave(scope);
}

core::Bucket load_bucket(const char *tenant, const char *metric, const core::Rate &rate,
                         TimestampTz now)
{
    if (rate.interval == 0)
        return {};
    // From twice the time that a full bucket needs to become empty.
    const TimestampTz since =
        now - Min(2 * (core::capacity_of(rate) / rate.units), 200 * 365 * USECS_PER_DAY);
    core::Fullest fullest{rate, now};
    Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    const scans::Scan scan =
        scans::open(registry::relations().ledger, relation_named("usage_ledger_tenant"),
                    {scans::equals(1, tenant),
                     scans::equals(2, metric),
                     {3, BTGreaterStrategyNumber, F_TIMESTAMPTZ_GT, TimestampTzGetDatum(since)}},
                    snapshot);
    while (scans::next(scan, BackwardScanDirection))
    {
        CHECK_FOR_INTERRUPTS();
        const int64 amount = DatumGetInt64(column_of(scan, rows::kAmount + 1));
        if (amount > 0)
            fullest.add_older(DatumGetTimestampTz(column_of(scan, rows::kAt + 1)), amount);
    }
    scans::close(scan);
    UnregisterSnapshot(snapshot);
    return fullest.bucket();
}

} // namespace tenancy::committed
