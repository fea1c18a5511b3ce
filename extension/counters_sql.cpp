// SQL functions over resource counters: reading them, adding up their arrays, naming their figures.
// SPDX-License-Identifier: PostgreSQL
#include "counters.hpp"

#include <cmath>

namespace tenancy::counters
{

namespace
{

void require_memory()
{
    if (!is_available())
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("resource counters need shared memory"),
                 errdetail("The library tenancy was not loaded at server start."),
                 errhint("Add tenancy to shared_preload_libraries and restart the server.")));
}

ArrayType *make_array(int length)
{
    if (length == 0)
        return construct_empty_array(INT8OID);
    const Size size = ARR_OVERHEAD_NONULLS(1) + length * sizeof(int64);
    auto *array = static_cast<ArrayType *>(palloc0(size));
    SET_VARSIZE(array, size);
    array->ndim = 1;
    array->elemtype = INT8OID;
    ARR_DIMS(array)[0] = length;
    ARR_LBOUND(array)[0] = 1;
    return array;
}

int64 *values_of(ArrayType *array)
{
    return reinterpret_cast<int64 *>(ARR_DATA_PTR(array));
}

Datum to_array(const int64 *values, int length)
{
    ArrayType *array = make_array(length);
    memcpy(values_of(array), values, length * sizeof(int64));
    return PointerGetDatum(array);
}

int length_of(const ArrayType *array)
{
    if (ARR_NDIM(array) == 0)
        return 0;
    if (ARR_NDIM(array) != 1 || ARR_HASNULL(array) || ARR_ELEMTYPE(array) != INT8OID)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("counters are an array of bigint in one dimension without nulls")));
    return ARR_DIMS(array)[0];
}

// Arrays that an older version wrote may be shorter: what they lack is 0.
int64 value_at(const int64 *values, int length, int i)
{
    return i < length ? values[i] : 0;
}

double in_milliseconds(double microseconds)
{
    return rint(microseconds) / 1000;
}

} // namespace

} // namespace tenancy::counters

using namespace tenancy;
using namespace tenancy::counters;

// One row a tenant of this database; '' is work without a tenant.
TENANCY_FUNCTION(tenancy_stat_counters)
{
    require_memory();
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    const bool to_flush = PG_NARGS() > 0 && !PG_ARGISNULL(0) && PG_GETARG_BOOL(0);
    int64 count;
    Saved *saved = snapshot(MyDatabaseId, to_flush, &count);
    if (to_flush)
        remember_flush(saved, count);
    for (int64 i = 0; i < count; i++)
    {
        CHECK_FOR_INTERRUPTS();
        Datum values[] = {CStringGetTextDatum(saved[i].key.tenant),
                          Int64GetDatum(static_cast<int64>(saved[i].epoch)),
                          to_array(saved[i].counts.value, core::kCounters),
                          to_array(saved[i].latency, core::kBuckets)};
        bool nulls[lengthof(values)]{};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    return Datum{0};
}

// Adds two arrays, element by element: also the transition of an aggregate, and then in place.
TENANCY_FUNCTION(tenancy_add_counts)
{
    const bool in_place = AggCheckCallContext(fcinfo, nullptr) != 0;
    ArrayType *sum = in_place ? PG_GETARG_ARRAYTYPE_P(0) : PG_GETARG_ARRAYTYPE_P_COPY(0);
    ArrayType *more = PG_GETARG_ARRAYTYPE_P(1);
    const int length = length_of(sum);
    const int added = length_of(more);
    if (added > length)
    {
        MemoryContext aggregate;
        MemoryContext before = CurrentMemoryContext;
        if (AggCheckCallContext(fcinfo, &aggregate) != 0)
            before = MemoryContextSwitchTo(aggregate);
        ArrayType *longer = make_array(added);
        MemoryContextSwitchTo(before);
        if (length > 0)
            memcpy(values_of(longer), values_of(sum), length * sizeof(int64));
        sum = longer;
    }
    for (int i = 0; i < added; i++)
        values_of(sum)[i] += values_of(more)[i];
    PG_RETURN_ARRAYTYPE_P(sum);
}

// What the first array has more than the second; the second may be null. Zeros at the end are cut
// off: most of a histogram is empty, and differences are kept for long.
TENANCY_FUNCTION(tenancy_subtract_counts)
{
    if (PG_ARGISNULL(0))
        PG_RETURN_NULL();
    ArrayType *difference = PG_GETARG_ARRAYTYPE_P_COPY(0);
    const int length = length_of(difference);
    if (!PG_ARGISNULL(1))
    {
        ArrayType *less = PG_GETARG_ARRAYTYPE_P(1);
        for (int i = 0; i < Min(length, length_of(less)); i++)
            values_of(difference)[i] -= values_of(less)[i];
    }
    int used = length;
    while (used > 0 && values_of(difference)[used - 1] == 0)
        used--;
    PG_RETURN_DATUM(to_array(values_of(difference), used));
}

// The columns of stat_tenants from the arrays of one tenant.
TENANCY_FUNCTION(tenancy_resource_figures)
{
    TupleDesc description;
    if (get_call_result_type(fcinfo, nullptr, &description) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    ArrayType *counts = PG_GETARG_ARRAYTYPE_P(0);
    ArrayType *latency = PG_GETARG_ARRAYTYPE_P(1);
    const int length = length_of(counts);
    const int buckets = Min(length_of(latency), core::kBuckets);
    const auto value = [&](int i) { return value_at(values_of(counts), length, i); };

    constexpr int kColumns = 1 + core::kCounters + 3;
    Assert(description->natts == kColumns);
    Datum values[kColumns];
    bool nulls[kColumns]{};
    int column = 0;
    int64 statements = 0;
    for (int i = core::kSelects; i <= core::kUtilities; i++)
        statements += value(i);
    values[column++] = Int64GetDatum(statements);
    for (int i = 0; i < core::kExecMicroseconds; i++)
        values[column++] = Int64GetDatum(value(i));
    values[column++] =
        Float8GetDatum(in_milliseconds(static_cast<double>(value(core::kExecMicroseconds))));
    values[column++] =
        Float8GetDatum(in_milliseconds(static_cast<double>(value(core::kCpuMicroseconds))));
    values[column++] =
        Float8GetDatum(in_milliseconds(static_cast<double>(value(core::kWaitMicroseconds))));
    for (const double fraction : {0.5, 0.95, 0.99})
    {
        const double found = core::percentile(values_of(latency), buckets, fraction);
        nulls[column] = found < 0;
        values[column++] = Float8GetDatum(in_milliseconds(found));
    }
    PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(description), values, nulls)));
}
