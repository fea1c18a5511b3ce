// Reading limits by index, all as of one moment.
// SPDX-License-Identifier: PostgreSQL
#include "limits.hpp"

#include "scans.hpp"

namespace tenancy::limits
{

const char *const kNames[core::kKinds] = {"total", "hour",        "day",  "week", "month",
                                          "year",  "concurrency", "rate", "cost"};

namespace
{

// Columns; upgrades only append.
enum MetricColumn : AttrNumber { kAggregation = 5 };
enum PlanLimitColumn : AttrNumber { kPeriod = 3, kAmount, kSoft, kPer, kBurst };
enum TenantLimitColumn : AttrNumber { kUntil = 9 }; // with the reason before the plan's last three
enum StopColumn : AttrNumber { kSpent = 2, kCap, kCurrency, kStopUntil };
enum TenantColumn : AttrNumber { kPlan = 3 };
enum PriceColumn : AttrNumber { kPricedMetric = 4 };
enum TableColumn : AttrNumber { kTableMetric = 5 };

struct Reading
{
    const registry::Tenant *tenant;
    const char *metric;
    TimestampTz now;
    Snapshot snapshot;
    Limits *limits;
    bool is_known[core::kKinds]; // by the tenant's own
};

int kind_named(const char *name)
{
    for (int kind = 0; kind < core::kKinds; kind++)
        if (strcmp(kNames[kind], name) == 0)
            return kind;
    elog(ERROR, "unknown limit period \"%s\"", name);
}

struct Field
{
    Datum value;
    bool is_null;
};

Field field(const scans::Scan &scan, int column)
{
    Field field{};
    field.value = slot_getattr(scan.slot, column, &field.is_null);
    return field;
}

scans::Scan open(const Reading &reading, const char *table, const char *index,
                 std::initializer_list<scans::Condition> conditions)
{
    const Oid schema = registry::relations().schema;
    return scans::open(get_relname_relid(table, schema), get_relname_relid(index, schema),
                       conditions, reading.snapshot);
}

// Days count 24 hours; months are not allowed in a rate.
int64 microseconds(Datum interval)
{
    const Interval *span = DatumGetIntervalP(interval);
    return span->time + span->day * USECS_PER_DAY;
}

bool is_of_rows(const Reading &reading)
{
    if (strcmp(reading.metric, "storage.bytes") == 0)
        return true;
    // Of the metric asked for last: there may be thousands of tables, and no index.
    static constinit NameData metric{};
    static constinit uint64 known_at = 0;
    static constinit bool is_counted = false;
    if (known_at == registry::generation() && strcmp(NameStr(metric), reading.metric) == 0)
        return is_counted;
    const uint64 generation = registry::generation();
    known_at = 0;
    is_counted = false;
    const scans::Scan scan = open(reading, "counted_tables", "counted_tables_pkey", {});
    while (!is_counted && scans::next(scan))
    {
        const Field counted = field(scan, kTableMetric);
        is_counted =
            !counted.is_null && strcmp(TextDatumGetCString(counted.value), reading.metric) == 0;
    }
    scans::close(scan);
    namestrcpy(&metric, reading.metric);
    known_at = generation;
    return is_counted;
}

void read_metric(Reading *reading)
{
    const scans::Scan scan =
        open(*reading, "metrics", "metrics_pkey", {scans::equals(1, reading->metric)});
    reading->limits->metric_exists = scans::next(scan);
    if (reading->limits->metric_exists)
        reading->limits->adds_up =
            strcmp(TextDatumGetCString(field(scan, kAggregation).value), "sum") == 0;
    scans::close(scan);
    reading->limits->is_of_rows = reading->limits->metric_exists && is_of_rows(*reading);
}

// A row of the plan's, or of the tenant's, which has a column more before these.
void take_over(const Reading &reading, const scans::Scan &scan, int kind, int shift)
{
    const Field amount = field(scan, kAmount);
    if (amount.is_null)
        return;
    core::Limits &limits = reading.limits->limits;
    const int64 most = DatumGetInt64(amount.value);
    if (kind == core::kConcurrency)
        limits.concurrency = most;
    else if (kind == core::kRate)
        limits.rate = {microseconds(field(scan, kPer + shift).value),
                       DatumGetInt64(field(scan, kBurst + shift).value) - 1, most};
    else
    {
        limits.amount[kind] = most;
        if (DatumGetBool(field(scan, kSoft + shift).value))
            limits.soft |= 1U << kind;
    }
}

void read_tenants_own(Reading *reading)
{
    const scans::Scan scan =
        open(*reading, "tenant_limits", "tenant_limits_pkey",
             {scans::equals(1, reading->tenant->id), scans::equals(2, reading->metric)});
    while (scans::next(scan))
    {
        const Field until = field(scan, kUntil);
        if (!until.is_null && DatumGetTimestampTz(until.value) <= reading->now)
            continue;
        if (!until.is_null)
            reading->limits->until = Min(reading->limits->until, DatumGetTimestampTz(until.value));
        const int kind = kind_named(TextDatumGetCString(field(scan, kPeriod).value));
        reading->is_known[kind] = true;
        take_over(*reading, scan, kind, 1);
    }
    scans::close(scan);
}

// As of the same moment as its limits: in between it might have none.
const char *present_plan(const Reading &reading)
{
    const char *plan = reading.tenant->plan;
    const scans::Scan scan =
        open(reading, "tenants", "tenants_key", {scans::equals(1, reading.tenant->key)});
    if (scans::next(scan))
    {
        const Field stored = field(scan, kPlan);
        plan = stored.is_null ? "" : TextDatumGetCString(stored.value);
    }
    scans::close(scan);
    return plan;
}

void read_plans(const Reading &reading, const char *plan)
{
    const scans::Scan scan = open(reading, "plan_limits", "plan_limits_pkey",
                                  {scans::equals(1, plan), scans::equals(2, reading.metric)});
    while (scans::next(scan))
    {
        const int kind = kind_named(TextDatumGetCString(field(scan, kPeriod).value));
        if (!reading.is_known[kind])
            take_over(reading, scan, kind, 0);
    }
    scans::close(scan);
}

bool is_priced(const Reading &reading, const char *plan)
{
    bool found = false;
    const scans::Scan scan =
        open(reading, "prices", "prices_plan_component_valid_from_key", {scans::equals(1, plan)});
    while (!found && scans::next(scan))
    {
        const Field metric = field(scan, kPricedMetric);
        found = !metric.is_null && strcmp(TextDatumGetCString(metric.value), reading.metric) == 0;
    }
    scans::close(scan);
    return found;
}

const char *with_currency(const scans::Scan &scan, int column)
{
    return psprintf("%s %s",
                    DatumGetCString(DirectFunctionCall1(numeric_out, field(scan, column).value)),
                    TextDatumGetCString(field(scan, kCurrency).value));
}

void read_stop(const Reading &reading, const char *plan)
{
    const scans::Scan scan =
        open(reading, "cost_stops", "cost_stops_pkey", {scans::equals(1, reading.tenant->id)});
    if (scans::next(scan))
    {
        const TimestampTz until = DatumGetTimestampTz(field(scan, kStopUntil).value);
        if (until > reading.now && is_priced(reading, plan))
        {
            Stop &stop = reading.limits->stop;
            stop.until = until;
            reading.limits->until = Min(reading.limits->until, until);
            strlcpy(stop.spent, with_currency(scan, kSpent), sizeof(stop.spent));
            strlcpy(stop.cap, with_currency(scan, kCap), sizeof(stop.cap));
        }
    }
    scans::close(scan);
}

void read_all(Reading *reading)
{
    read_metric(reading);
    if (!reading->limits->metric_exists)
        return;
    const char *plan = present_plan(*reading);
    read_tenants_own(reading);
    read_plans(*reading, plan);
    read_stop(*reading, plan);
    if (!reading->limits->is_of_rows)
        return;
    // Nobody knows when rows came, or will go.
    core::Limits &limits = reading->limits->limits;
    for (int p = core::kTotal + 1; p < core::kPeriods; p++)
        limits.amount[p] = core::kUnlimited;
    limits.concurrency = core::kUnlimited;
    limits.rate = {};
}

} // namespace

void read(const registry::Tenant *tenant, const char *metric, TimestampTz now, Limits *limits)
{
    *limits = Limits{false, false, false, {}, {DT_NOBEGIN, "", ""}, DT_NOEND};
    for (int64 &amount : limits->limits.amount)
        amount = core::kUnlimited;
    MemoryContext scratch =
        AllocSetContextCreate(CurrentMemoryContext, "tenancy limits", ALLOCSET_SMALL_SIZES);
    MemoryContext previous = MemoryContextSwitchTo(scratch);
    Reading reading{tenant, metric, now, RegisterSnapshot(GetLatestSnapshot()), limits, {}};
    read_all(&reading);
    UnregisterSnapshot(reading.snapshot);
    MemoryContextSwitchTo(previous);
    MemoryContextDelete(scratch);
}

} // namespace tenancy::limits
