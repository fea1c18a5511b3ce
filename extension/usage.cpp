// The SQL functions with which an application uses metrics: record, consume, check.
// SPDX-License-Identifier: PostgreSQL
#include "context.hpp"
#include "ledger.hpp"
#include "quota.hpp"

using namespace tenancy;

namespace
{

int64 checked_amount(FunctionCallInfo fcinfo, int argument)
{
    if (PG_ARGISNULL(argument))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("amount must not be null")));
    const int64 amount = PG_GETARG_INT64(argument);
    if (amount < 0)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("amount must not be negative"),
                 errdetail("The amount is %lld.", static_cast<long long>(amount))));
    return amount;
}

quota::Slot *checked_slot(FunctionCallInfo fcinfo, int argument)
{
    if (PG_ARGISNULL(argument))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("metric must not be null")));
    return quota::slot_of_current_tenant(PG_GETARG_TEXT_PP(argument));
}

const text *checked_key(FunctionCallInfo fcinfo, int argument)
{
    if (PG_ARGISNULL(argument))
        return nullptr;
    const text *key = PG_GETARG_TEXT_PP(argument);
    const size_t length = VARSIZE_ANY_EXHDR(key);
    if (length == 0 || length > 255)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid idempotency key"),
                        errdetail("A key has 1 to 255 bytes; this one has %zu.", length)));
    return key;
}

[[noreturn]] void report_overflow(const quota::Slot *slot)
{
    ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                    errmsg("usage of metric \"%s\" is out of range", slot->key.metric),
                    errdetail("Used amounts add up to at most 9223372036854775807.")));
}

ledger::Result consume(FunctionCallInfo fcinfo, quota::Slot *slot, int64 amount)
{
    const ledger::Event event{checked_key(fcinfo, 2), nullptr, nullptr};
    const ledger::Result result = ledger::add(slot, quota::Mode::enforce, amount, event);
    if (result.decision.verdict == core::Verdict::overflow)
        report_overflow(slot);
    return result;
}

} // namespace

TENANCY_FUNCTION(tenancy_record_usage)
{
    quota::Slot *slot = checked_slot(fcinfo, 0);
    const int64 amount = checked_amount(fcinfo, 1);
    const TimestampTz at = PG_ARGISNULL(3) ? 0 : PG_GETARG_TIMESTAMPTZ(3);
    if (!PG_ARGISNULL(3) && TIMESTAMP_NOT_FINITE(at))
        ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
                        errmsg("time of usage must be finite")));
    const ledger::Event event{checked_key(fcinfo, 2), PG_ARGISNULL(3) ? nullptr : &at,
                              PG_ARGISNULL(4) ? nullptr : PG_GETARG_JSONB_P(4)};
    const ledger::Result result = ledger::add(slot, quota::Mode::record, amount, event);
    if (result.decision.verdict == core::Verdict::overflow)
        report_overflow(slot);
    PG_RETURN_BOOL(result.counted);
}

TENANCY_FUNCTION(tenancy_consume)
{
    quota::Slot *slot = checked_slot(fcinfo, 0);
    const int64 amount = checked_amount(fcinfo, 1);
    const ledger::Result result = consume(fcinfo, slot, amount);
    if (result.decision.verdict == core::Verdict::refused && result.counted)
        quota::report_refusal(slot, result.decision, amount);
    if (result.decision.period < 0 || result.decision.verdict == core::Verdict::refused)
    {
        if (result.decision.period < 0)
            PG_RETURN_NULL();
        PG_RETURN_INT64(0);
    }
    PG_RETURN_INT64(result.decision.remaining);
}

TENANCY_FUNCTION(tenancy_try_consume)
{
    quota::Slot *slot = checked_slot(fcinfo, 0);
    const int64 amount = checked_amount(fcinfo, 1);
    const ledger::Result result = consume(fcinfo, slot, amount);
    PG_RETURN_BOOL(result.decision.verdict == core::Verdict::admitted || !result.counted);
}

// One row a limit; a single row without limit when the metric has none for this tenant.
TENANCY_FUNCTION(tenancy_check_quota)
{
    InitMaterializedSRF(fcinfo, 0);
    auto *result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    quota::Slot *slot = checked_slot(fcinfo, 0);
    const int64 amount = checked_amount(fcinfo, 1);
    const quota::Outcome outcome = ledger::look(slot, amount);

    bool any = false;
    for (int p = 0; p < core::kPeriods; p++)
    {
        const int64 limit = slot->limits.amount[p];
        if (limit == core::kUnlimited && (any || p < core::kPeriods - 1))
            continue;
        const bool limited = limit != core::kUnlimited;
        const int64 used = outcome.windows.used[limited ? p : core::kTotal];
        int64 after;
        const bool fits =
            !__builtin_add_overflow(used, amount, &after) && (!limited || after <= limit);
        Datum values[] = {BoolGetDatum(fits),
                          CStringGetTextDatum(quota::period_name(limited ? p : core::kTotal)),
                          Int64GetDatum(used),
                          Int64GetDatum(limit),
                          Int64GetDatum(limited ? Max(limit - used, 0) : 0),
                          TimestampTzGetDatum(slot->ends[p])};
        const bool nulls[] = {false,    false,    false,
                              !limited, !limited, !limited || p == core::kTotal};
        tuplestore_putvalues(result->setResult, result->setDesc, values, const_cast<bool *>(nulls));
        any = true;
    }
    return Datum{0};
}
