// Refusals with the time to try again, and rows of limits.
// SPDX-License-Identifier: PostgreSQL
#include "answers.hpp"

#include "guc.hpp"

namespace tenancy::answers
{

namespace
{

constexpr int64 kNever = -1; // or nobody knows when

struct Limit
{
    int kind;
    bool soft;
    bool fits;
    int64 limit;
    int64 used;
    TimestampTz resets_at; // DT_NOEND: not by itself
    int64 retry_after;     // microseconds; 0: it fits
};

bool is_limited(const core::Limits &limits, int kind)
{
    if (kind == core::kCost)
        return false; // told apart
    if (kind == core::kConcurrency)
        return limits.concurrency != core::kUnlimited;
    if (kind == core::kRate)
        return limits.rate.interval != 0;
    return limits.amount[kind] != core::kUnlimited;
}

Limit describe(const quota::Slot *slot, const core::State &state, int kind, int64 amount,
               TimestampTz now)
{
    const core::Limits &limits = slot->known.limits;
    if (kind == core::kConcurrency)
    {
        const core::Decision decision = core::decide_concurrency(state, limits.concurrency, amount);
        const bool fits = decision.verdict == core::Verdict::admitted;
        return {kind, false, fits, decision.limit, decision.used, DT_NOEND, fits ? 0 : kNever};
    }
    if (kind == core::kRate)
    {
        const core::RateDecision decision = core::decide(limits.rate, state.bucket, now, amount);
        const int64 remaining = decision.remaining + (decision.admitted ? amount : 0);
        const int64 full = core::decide(limits.rate, state.bucket, now, 0).reset_after;
        return {kind,
                false,
                decision.admitted,
                limits.rate.burst + 1,
                limits.rate.burst + 1 - remaining,
                now + full,
                decision.admitted ? 0 : decision.retry_after};
    }
    const int64 used = state.windows.used[kind] - (kind == core::kTotal ? slot->releasing : 0);
    const int64 limit = limits.amount[kind];
    int64 after;
    const bool fits = !__builtin_add_overflow(used, amount, &after) && after <= limit;
    const bool soft = (limits.soft >> kind & 1) != 0;
    const bool can_fit = kind != core::kTotal && amount <= limit;
    return {kind,
            soft,
            fits || soft,
            limit,
            used,
            slot->ends[kind],
            fits || soft ? 0
            : can_fit    ? Max(slot->ends[kind] - now, 1)
                         : kNever};
}

const char *reset_text(const Limit &limit)
{
    if (limit.kind == core::kConcurrency)
        return "free when others let go";
    if (limit.kind == core::kTotal)
        return "never resets";
    return psprintf(limit.kind == core::kRate ? "full again at %s" : "resets at %s",
                    timestamptz_to_str(limit.resets_at));
}

const char *ways_out(const Limit &limit)
{
    if (limit.kind == core::kTotal)
        return "Use less, release what is no longer used";
    if (limit.retry_after == kNever) // more than the limit itself
        return "Use less at a time";
    if (limit.kind == core::kConcurrency)
        return "Try again when others have ended";
    return limit.kind == core::kRate ? "Slow down" : "Wait for the period to end, use less";
}

// Rounded up to milliseconds.
const char *seconds_text(int64 microseconds)
{
    if (microseconds == kNever)
        return "-1";
    const int64 milliseconds = microseconds / 1000 + (microseconds % 1000 != 0 ? 1 : 0);
    return psprintf("%lld.%03d", static_cast<long long>(milliseconds / 1000),
                    static_cast<int>(milliseconds % 1000));
}

[[noreturn]] void refuse_for_cost(const quota::Slot *slot, int64 amount, TimestampTz now)
{
    const limits::Stop &stop = slot->known.stop;
    ereport(ERROR,
            (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
             errmsg("quota exceeded for metric \"%s\" of tenant \"%s\"", slot->key.metric,
                    slot->tenant_id),
             errdetail("Used %s, requested %lld, limit %s, period cost, resets at %s "
                       "(retry_after_seconds=%s).",
                       stop.spent, static_cast<long long>(amount), stop.cap,
                       timestamptz_to_str(stop.until), seconds_text(Max(stop.until - now, 1))),
             errhint("Have an operator raise the tenant's cap on cost, or wait for the period to "
                     "end.")));
}

} // namespace

void refuse(const quota::Slot *slot, const quota::Outcome &outcome, int64 amount)
{
    const TimestampTz now = guc::clock_time();
    if (outcome.decision.period == core::kCost)
        refuse_for_cost(slot, amount, now);
    const Limit first = describe(slot, outcome.state, outcome.decision.period, amount, now);
    // When to come again is when the last of the limits that refuse would let it pass.
    int64 retry_after = first.retry_after;
    for (int kind = 0; kind < core::kKinds && retry_after != kNever; kind++)
        if (is_limited(slot->known.limits, kind))
        {
            const Limit other = describe(slot, outcome.state, kind, amount, now);
            retry_after =
                other.retry_after == kNever ? kNever : Max(retry_after, other.retry_after);
        }
    ereport(ERROR, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                    errmsg("quota exceeded for metric \"%s\" of tenant \"%s\"", slot->key.metric,
                           slot->tenant_id),
                    errdetail("Used %lld, requested %lld, limit %lld, period %s, %s "
                              "(retry_after_seconds=%s).",
                              static_cast<long long>(first.used), static_cast<long long>(amount),
                              static_cast<long long>(first.limit), limits::kNames[first.kind],
                              reset_text(first), seconds_text(retry_after)),
                    errhint("%s, or have an operator raise the plan's or the tenant's limit.",
                            ways_out(first))));
}

void put_rows(const quota::Slot *slot, const quota::Outcome &outcome, int64 amount,
              ReturnSetInfo *result)
{
    const TimestampTz now = guc::clock_time();
    const TimestampTz stopped_until = slot->known.stop.until;
    bool any = stopped_until != DT_NOBEGIN;
    if (any)
    {
        const Datum values[] = {
            BoolGetDatum(amount == 0),
            CStringGetTextDatum(limits::kNames[core::kCost]),
            Datum{0},
            Datum{0},
            Datum{0},
            TimestampTzGetDatum(stopped_until),
            BoolGetDatum(false),
            Float8GetDatum(amount == 0 ? 0 : static_cast<double>(stopped_until - now) / 1e6),
            Int64GetDatum(core::held(outcome.state))};
        const bool nulls[lengthof(values)] = {false, false, true, true, true};
        tuplestore_putvalues(result->setResult, result->setDesc, const_cast<Datum *>(values),
                             const_cast<bool *>(nulls));
    }
    for (int kind = 0; kind <= core::kKinds; kind++)
    {
        const bool limited = kind < core::kKinds && is_limited(slot->known.limits, kind);
        if (!limited && (any || kind < core::kKinds))
            continue;
        Limit limit{core::kTotal, false, true, 0, outcome.state.windows.used[core::kTotal],
                    DT_NOEND,     0};
        if (limited)
            limit = describe(slot, outcome.state, kind, amount, now);
        const bool overflow = outcome.decision.verdict == core::Verdict::overflow;
        Datum values[] = {BoolGetDatum(limit.fits && !overflow),
                          CStringGetTextDatum(limits::kNames[limit.kind]),
                          Int64GetDatum(limit.used),
                          Int64GetDatum(limit.limit),
                          Int64GetDatum(Max(limit.limit - limit.used, 0)),
                          TimestampTzGetDatum(limit.resets_at),
                          BoolGetDatum(limit.soft),
                          Float8GetDatum(limit.retry_after == kNever
                                             ? -1.0
                                             : static_cast<double>(limit.retry_after) / 1e6),
                          Int64GetDatum(core::held(outcome.state))};
        bool nulls[lengthof(values)] = {false,    false,    false,
                                        !limited, !limited, limit.resets_at == DT_NOEND};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
        any = true;
    }
}

} // namespace tenancy::answers
