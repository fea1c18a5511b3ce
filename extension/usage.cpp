// The SQL functions with which an application uses metrics: record, consume, release, lease, check.
// SPDX-License-Identifier: PostgreSQL
#include "answers.hpp"
#include "context.hpp"
#include "leases.hpp"
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

void consume(FunctionCallInfo fcinfo, quota::Slot *slot, int64 amount, ledger::Result *result)
{
    const ledger::Event event{checked_key(fcinfo, 2), nullptr, nullptr};
    ledger::add(slot, quota::Act::consume, amount, event, result);
    if (result->outcome.decision.verdict == core::Verdict::overflow)
        report_overflow(slot);
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
    ledger::Result result;
    ledger::add(slot, quota::Act::record, amount, event, &result);
    if (result.outcome.decision.verdict == core::Verdict::overflow)
        report_overflow(slot);
    PG_RETURN_BOOL(result.counted);
}

TENANCY_FUNCTION(tenancy_consume)
{
    quota::Slot *slot = checked_slot(fcinfo, 0);
    const int64 amount = checked_amount(fcinfo, 1);
    ledger::Result result;
    consume(fcinfo, slot, amount, &result);
    const core::Decision &decision = result.outcome.decision;
    const bool refused = decision.verdict == core::Verdict::refused;
    if (refused && result.counted)
        answers::refuse(slot, result.outcome, amount);
    if (decision.period < 0)
        PG_RETURN_NULL();
    PG_RETURN_INT64(refused ? 0 : decision.remaining);
}

TENANCY_FUNCTION(tenancy_try_consume)
{
    quota::Slot *slot = checked_slot(fcinfo, 0);
    const int64 amount = checked_amount(fcinfo, 1);
    ledger::Result result;
    consume(fcinfo, slot, amount, &result);
    PG_RETURN_BOOL(result.outcome.decision.verdict == core::Verdict::admitted || !result.counted);
}

TENANCY_FUNCTION(tenancy_release)
{
    quota::Slot *slot = checked_slot(fcinfo, 0);
    const int64 amount = checked_amount(fcinfo, 1);
    if (!slot->known.adds_up)
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                 errmsg("metric \"%s\" cannot be released", slot->key.metric),
                 errdetail("Its amounts are not added up, so there is no sum to take from."),
                 errhint("Only metrics whose aggregation is sum can be released; record the new "
                         "level of others.")));
    const ledger::Event event{checked_key(fcinfo, 2), nullptr, nullptr};
    ledger::Result result;
    ledger::add(slot, quota::Act::release, amount, event, &result);
    const core::Decision &decision = result.outcome.decision;
    if (!result.counted)
        PG_RETURN_INT64(result.outcome.state.windows.used[core::kTotal] - slot->releasing);
    if (decision.verdict != core::Verdict::admitted)
        ereport(ERROR,
                (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                 errmsg("cannot release more of metric \"%s\" than tenant \"%s\" uses",
                        slot->key.metric, slot->tenant_id),
                 errdetail("Used %lld, to be released %lld.", static_cast<long long>(decision.used),
                           static_cast<long long>(amount)),
                 errhint("What other transactions have consumed can be released when they have "
                         "committed.")));
    PG_RETURN_INT64(decision.remaining);
}

namespace
{

quota::Slot *slot_for_lease(FunctionCallInfo fcinfo)
{
    PreventCommandDuringRecovery("leasing");
    PreventCommandIfParallelMode("leasing");
    if (!reservations::is_available())
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("leases need shared memory"),
                        errhint("Add tenancy to shared_preload_libraries and restart.")));
    return checked_slot(fcinfo, 0);
}

bool lasts_for_session(FunctionCallInfo fcinfo)
{
    const char *scope = PG_ARGISNULL(2) ? "transaction" : text_to_cstring(PG_GETARG_TEXT_PP(2));
    if (strcmp(scope, "session") == 0)
        return true;
    if (strcmp(scope, "transaction") != 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("unknown scope of a lease \"%s\"", scope),
                        errhint("A lease ends with the transaction or the session.")));
    return false;
}

quota::Slot *acquire(FunctionCallInfo fcinfo, quota::Outcome *outcome)
{
    quota::Slot *slot = slot_for_lease(fcinfo);
    const int64 amount = checked_amount(fcinfo, 1);
    if (lasts_for_session(fcinfo))
        leases::acquire(slot, amount, outcome);
    else
    {
        ledger::Result result;
        ledger::add(slot, quota::Act::lease, amount, {}, &result);
        *outcome = result.outcome;
    }
    if (outcome->decision.verdict == core::Verdict::overflow)
        report_overflow(slot);
    return slot;
}

} // namespace

TENANCY_FUNCTION(tenancy_acquire_lease)
{
    quota::Outcome outcome;
    const quota::Slot *slot = acquire(fcinfo, &outcome);
    if (outcome.decision.verdict != core::Verdict::admitted)
        answers::refuse(slot, outcome, PG_GETARG_INT64(1));
    if (outcome.decision.period < 0)
        PG_RETURN_NULL();
    PG_RETURN_INT64(outcome.decision.remaining);
}

TENANCY_FUNCTION(tenancy_try_acquire_lease)
{
    quota::Outcome outcome;
    (void)acquire(fcinfo, &outcome);
    PG_RETURN_BOOL(outcome.decision.verdict == core::Verdict::admitted);
}

TENANCY_FUNCTION(tenancy_release_lease)
{
    quota::Slot *slot = slot_for_lease(fcinfo);
    const int64 amount = checked_amount(fcinfo, 1);
    const int64 of_session = leases::held(slot), of_transaction = ledger::held_leases(slot);
    if (amount > of_session + of_transaction)
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("this session does not hold as much of metric \"%s\"", slot->key.metric),
                 errdetail("It holds %lld, and was asked to give back %lld.",
                           static_cast<long long>(of_session + of_transaction),
                           static_cast<long long>(amount))));
    const int64 given = ledger::end_leases(slot, amount);
    (void)leases::release(slot, amount - given);
    PG_RETURN_INT64(of_session + of_transaction - amount);
}

namespace
{

void put_limits(FunctionCallInfo fcinfo, quota::Slot *slot, int64 amount)
{
    quota::Outcome outcome;
    ledger::look(slot, amount, &outcome);
    answers::put_rows(slot, outcome, amount, reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo));
}

} // namespace

// One row a limit; a single row without limit when the metric has none for this tenant.
TENANCY_FUNCTION(tenancy_check_quota)
{
    InitMaterializedSRF(fcinfo, 0);
    quota::Slot *slot = checked_slot(fcinfo, 0);
    put_limits(fcinfo, slot, checked_amount(fcinfo, 1));
    return Datum{0};
}

// The same for any tenant, and with what is held at the moment. Not for applications.
TENANCY_FUNCTION(tenancy_limits_of)
{
    InitMaterializedSRF(fcinfo, 0);
    const int64 amount = checked_amount(fcinfo, 2);
    char key[registry::kNameSize];
    const char *id = text_to_cstring(PG_GETARG_TEXT_PP(0));
    const registry::Tenant *tenant = nullptr;
    AcceptInvalidationMessages();
    if (strlen(id) < sizeof(key))
    {
        core::fold_tenant_id(id, key);
        tenant = registry::lookup(key);
    }
    if (tenant == nullptr || !tenant->exists)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("tenant \"%s\" does not exist", id)));
    put_limits(fcinfo, quota::slot_of(tenant, PG_GETARG_TEXT_PP(1)), amount);
    return Datum{0};
}
