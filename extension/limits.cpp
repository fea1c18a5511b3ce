// Reading limits and committed use with SQL, as of this moment.
// SPDX-License-Identifier: PostgreSQL
#include "limits.hpp"

#include "owner.hpp"

namespace tenancy::limits
{

const char *const kNames[core::kKinds] = {"total", "hour",        "day",  "week", "month",
                                          "year",  "concurrency", "rate", "cost"};

namespace
{

// A metric's limits for a tenant: the tenant's own where there is one, the plan's otherwise.
// Returns no row when the metric does not exist.
constexpr const char *kLimitsStatement =
    "SELECT m.aggregation OPERATOR(pg_catalog.=) 'sum', l.period, l.amount, l.soft, l.per, l.burst,"
    " l.until, m.name OPERATOR(pg_catalog.=) 'storage.bytes' OR EXISTS (SELECT"
    "  FROM tenancy.counted_tables r WHERE r.metric OPERATOR(pg_catalog.=) m.name),"
    " c.until, pg_catalog.concat_ws(' ', c.spent, c.currency),"
    " pg_catalog.concat_ws(' ', c.cap, c.currency) FROM tenancy.metrics m LEFT JOIN LATERAL ("
    " SELECT o.period, o.amount, o.soft, o.per, o.burst, o.until FROM tenancy.tenant_limits o"
    "  WHERE o.tenant_id OPERATOR(pg_catalog.=) $1 AND o.metric OPERATOR(pg_catalog.=) m.name"
    "  AND (o.until IS NULL OR o.until OPERATOR(pg_catalog.>) $4)"
    " UNION ALL"
    " SELECT p.period, p.amount, p.soft, p.per, p.burst, NULL FROM tenancy.plan_limits p"
    "  WHERE p.plan OPERATOR(pg_catalog.=) $3 AND p.metric OPERATOR(pg_catalog.=) m.name"
    "  AND NOT EXISTS (SELECT FROM tenancy.tenant_limits o"
    "   WHERE o.tenant_id OPERATOR(pg_catalog.=) $1 AND o.metric OPERATOR(pg_catalog.=) p.metric"
    "   AND o.period OPERATOR(pg_catalog.=) p.period"
    "   AND (o.until IS NULL OR o.until OPERATOR(pg_catalog.>) $4))"
    ") l ON true LEFT JOIN tenancy.cost_stops c ON c.tenant_id OPERATOR(pg_catalog.=) $1"
    "  AND c.until OPERATOR(pg_catalog.>) $4 AND EXISTS (SELECT FROM tenancy.prices x"
    "   WHERE x.plan OPERATOR(pg_catalog.=) $3 AND x.metric OPERATOR(pg_catalog.=) m.name)"
    " WHERE m.name OPERATOR(pg_catalog.=) $2";

enum LimitColumn : int {
    kAddsUp = 1,
    kPeriod,
    kAmount,
    kSoft,
    kPer,
    kBurst,
    kUntil,
    kIsOfRows,
    kStopUntil,
    kSpent,
    kCap
};

// Committed usage since each of the windows' starts: rolled-up hours and the tail of the ledger
// that no rollup has reached, in one snapshot. What was released lowers the total alone.
constexpr const char *kUsageStatement =
    "SELECT sum(u.net), sum(u.gross) FILTER (WHERE u.at >= $3[2]), sum(u.gross) FILTER (WHERE u.at "
    ">= $3[3]),"
    " sum(u.gross) FILTER (WHERE u.at >= $3[4]), sum(u.gross) FILTER (WHERE u.at >= $3[5]),"
    " sum(u.gross) FILTER (WHERE u.at >= $3[6]) FROM ("
    "SELECT h.hour, h.quantity, h.quantity + h.released FROM tenancy.usage_hourly h"
    " WHERE h.tenant_id = $1 AND h.metric = $2"
    " UNION ALL "
    "SELECT l.at, l.amount, greatest(l.amount, 0) FROM tenancy.usage_ledger l"
    " WHERE l.tenant_id = $1 AND l.metric = $2 AND l.stamp >= coalesce("
    "(SELECT g.watermark FROM tenancy.ledger_state g), (-9223372036854775808)::int8)"
    ") AS u(at, net, gross)";
static_assert(core::kPeriods == 6, "the statement above has a column a period");

// Committed rows of the tables behind a metric; of the one metric of storage, its last measurement.
constexpr const char *kRowsStatement = "SELECT sum(u.rows) FROM ("
                                       "SELECT t.rows FROM tenancy.counted_tables c"
                                       " JOIN tenancy.row_totals t ON t.count_id = c.count_id"
                                       " WHERE c.metric = $2 AND t.tenant_id IN ($1, $3)"
                                       " UNION ALL "
                                       "SELECT d.rows FROM tenancy.counted_tables c"
                                       " JOIN tenancy.row_changes d ON d.count_id = c.count_id"
                                       " WHERE c.metric = $2 AND d.tenant_id IN ($1, $3)"
                                       " UNION ALL "
                                       "SELECT s.bytes FROM tenancy.tenant_storage s"
                                       " WHERE $2 = 'storage.bytes' AND s.tenant_id IN ($1, $3)) u";

// The fullest that the bucket can be at $3: nobody knows what it held at the time from which the
// ledger is read ($4), so it counts as full then.
constexpr const char *kBucketStatement =
    "SELECT greatest(max(u.since * $5::numeric - $6::numeric * 1000000 * extract(epoch FROM $3 - "
    "u.at)),"
    " max(u.since) * $5::numeric - $7::numeric) FROM ("
    "SELECT l.at, sum(l.amount) OVER (ORDER BY l.at DESC, l.id DESC) FROM tenancy.usage_ledger l"
    " WHERE l.tenant_id = $1 AND l.metric = $2 AND l.amount > 0 AND l.at > $4"
    ") AS u(at, since)";

int kind_named(const char *name)
{
    for (int kind = 0; kind < core::kKinds; kind++)
        if (strcmp(kNames[kind], name) == 0)
            return kind;
    elog(ERROR, "unknown limit period \"%s\"", name);
}

// Runs a read-only statement under a snapshot of this moment.
void read_now(const char *statement, int count, Oid *types, Datum *values)
{
    PushActiveSnapshot(GetLatestSnapshot());
    if (SPI_execute_with_args(statement, count, types, values, nullptr, true, 0) != SPI_OK_SELECT)
        elog(ERROR, "could not read limits or usage");
    PopActiveSnapshot();
}

struct Field
{
    Datum value;
    bool is_null;
};

Field field(uint64 row, int column)
{
    Field field{};
    field.value =
        SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &field.is_null);
    return field;
}

// Days count 24 hours; months are not allowed in a rate.
int64 microseconds(Datum interval)
{
    const Interval *span = DatumGetIntervalP(interval);
    return span->time + span->day * USECS_PER_DAY;
}

void take_over(uint64 row, Limits *limits)
{
    const char *name = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, kPeriod);
    if (name == nullptr)
        return; // the metric has no limits
    const int kind = kind_named(name);
    const Field amount = field(row, kAmount), until = field(row, kUntil);
    if (!until.is_null)
        limits->until = Min(limits->until, DatumGetTimestampTz(until.value));
    if (amount.is_null)
        return;
    const int64 most = DatumGetInt64(amount.value);
    if (kind == core::kConcurrency)
        limits->limits.concurrency = most;
    else if (kind == core::kRate)
        limits->limits.rate = {microseconds(field(row, kPer).value),
                               DatumGetInt64(field(row, kBurst).value) - 1, most};
    else
    {
        limits->limits.amount[kind] = most;
        if (DatumGetBool(field(row, kSoft).value))
            limits->limits.soft |= 1U << kind;
    }
}

// The same in each row.
void take_over_stop(Limits *limits)
{
    const Field until = field(0, kStopUntil);
    if (until.is_null)
        return;
    Stop &stop = limits->stop;
    stop.until = DatumGetTimestampTz(until.value);
    limits->until = Min(limits->until, stop.until);
    const TupleDesc columns = SPI_tuptable->tupdesc;
    strlcpy(stop.spent, SPI_getvalue(SPI_tuptable->vals[0], columns, kSpent), sizeof(stop.spent));
    strlcpy(stop.cap, SPI_getvalue(SPI_tuptable->vals[0], columns, kCap), sizeof(stop.cap));
}

int64 clamp(Datum quantity, int64 least, int64 most)
{
    const Datum low = DirectFunctionCall1(int8_numeric, Int64GetDatum(least));
    const Datum high = DirectFunctionCall1(int8_numeric, Int64GetDatum(most));
    if (DatumGetBool(DirectFunctionCall2(numeric_gt, quantity, high)))
        return most;
    if (DatumGetBool(DirectFunctionCall2(numeric_lt, quantity, low)))
        return least;
    return DatumGetInt64(
        DirectFunctionCall1(numeric_int8, DirectFunctionCall1(numeric_ceil, quantity)));
}

} // namespace

void read(const registry::Tenant *tenant, const char *metric, TimestampTz now, Limits *limits)
{
    *limits = Limits{false, false, false, {}, {DT_NOBEGIN, "", ""}, DT_NOEND};
    for (int64 &amount : limits->limits.amount)
        amount = core::kUnlimited;
    const owner::Scope scope = owner::enter(owner::SearchPath::callers);
    Oid types[] = {TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
    Datum values[] = {CStringGetTextDatum(tenant->id), CStringGetTextDatum(metric),
                      CStringGetTextDatum(tenant->plan), TimestampTzGetDatum(now)};
    read_now(kLimitsStatement, lengthof(types), types, values);
    limits->metric_exists = SPI_processed > 0;
    for (uint64 row = 0; row < SPI_processed; row++)
    {
        limits->adds_up = DatumGetBool(field(row, kAddsUp).value);
        limits->is_of_rows = DatumGetBool(field(row, kIsOfRows).value);
        take_over(row, limits);
    }
    // Nobody knows when rows came, or will go.
    if (limits->is_of_rows)
    {
        for (int p = core::kTotal + 1; p < core::kPeriods; p++)
            limits->limits.amount[p] = core::kUnlimited;
        limits->limits.concurrency = core::kUnlimited;
        limits->limits.rate = {};
    }
    if (limits->metric_exists)
        take_over_stop(limits);
    owner::leave(scope);
}

void load_windows(const char *tenant, const char *metric, const core::WindowStarts &starts,
                  core::Windows *windows)
{
    Datum elements[core::kPeriods];
    for (int p = 0; p < core::kPeriods; p++)
        elements[p] = TimestampTzGetDatum(starts.at[p]);
    const owner::Scope scope = owner::enter();
    Oid types[] = {TEXTOID, TEXTOID, TIMESTAMPTZARRAYOID};
    Datum values[] = {CStringGetTextDatum(tenant), CStringGetTextDatum(metric),
                      PointerGetDatum(construct_array(elements, core::kPeriods, TIMESTAMPTZOID, 8,
                                                      FLOAT8PASSBYVAL, TYPALIGN_DOUBLE))};
    read_now(kUsageStatement, lengthof(types), types, values);
    windows->start = starts;
    for (int p = 0; p < core::kPeriods; p++)
    {
        const Field sum = field(0, p + 1);
        windows->used[p] = sum.is_null ? 0 : clamp(sum.value, PG_INT64_MIN, PG_INT64_MAX);
    }
    owner::leave(scope);
}

void load_rows(const char *tenant, const char *key, const char *metric,
               const core::WindowStarts &starts, core::Windows *windows)
{
    const owner::Scope scope = owner::enter();
    Oid types[] = {TEXTOID, TEXTOID, TEXTOID};
    Datum values[] = {CStringGetTextDatum(tenant), CStringGetTextDatum(metric),
                      CStringGetTextDatum(key)};
    read_now(kRowsStatement, lengthof(types), types, values);
    windows->start = starts;
    const Field sum = field(0, 1);
    windows->used[core::kTotal] = sum.is_null ? 0 : clamp(sum.value, PG_INT64_MIN, PG_INT64_MAX);
    owner::leave(scope);
}

core::Bucket load_bucket(const char *tenant, const char *metric, const core::Rate &rate,
                         TimestampTz now)
{
    if (rate.interval == 0)
        return {};
    const int64 capacity = core::capacity_of(rate);
    // From twice the time that a full bucket needs to become empty.
    const int64 since = now - Min(2 * (capacity / rate.units), 200 * 365 * USECS_PER_DAY);
    const owner::Scope scope = owner::enter();
    Oid types[] = {TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID, INT8OID, INT8OID};
    Datum values[] = {CStringGetTextDatum(tenant),  CStringGetTextDatum(metric),
                      TimestampTzGetDatum(now),     TimestampTzGetDatum(since),
                      Int64GetDatum(rate.interval), Int64GetDatum(rate.units),
                      Int64GetDatum(capacity)};
    read_now(kBucketStatement, lengthof(types), types, values);
    const Field level = field(0, 1);
    const int64 known = level.is_null ? 0 : clamp(level.value, 0, capacity);
    owner::leave(scope);
    return {known, now};
}

} // namespace tenancy::limits
