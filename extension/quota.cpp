// Limits of plans and tenants, calendar windows, and the decision with or without shared memory.
// SPDX-License-Identifier: PostgreSQL
#include "quota.hpp"

#include "alerts.hpp"
#include "committed.hpp"
#include "context.hpp"
#include "guc.hpp"
#include "prepared.hpp"

namespace tenancy::quota
{

namespace
{

// Of the lock that stands in for shared memory; the server's own advisory locks use 1 and 2.
constexpr uint16 kLockClass = 0x7451;

constinit HTAB *slots = nullptr;
// The slot asked for last, and whose it was; most sessions use one metric of a tenant at a time.
constinit Slot *last_slot = nullptr;
constinit const registry::Tenant *last_tenant = nullptr;

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
    {
        starts.at[p] = truncate(limits::kNames[p], at, zone);
        // Where midnight comes twice, the day begins with the second one, as billing periods do, and
        // the hour before belongs to the day before.
        if (starts.at[p] > at)
            starts.at[p] = truncate(limits::kNames[p], at - 3 * USECS_PER_HOUR, zone);
    }
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
            truncate(limits::kNames[p], slot->starts.at[p] + into_next[p] * USECS_PER_HOUR, zone);
        slot->valid_until = Min(slot->valid_until, slot->ends[p]);
    }
}

// Limits and windows of the present moment: some window or override has ended, or nothing is known.
void refresh(Slot *slot, const registry::Tenant *tenant, TimestampTz now, bool reread)
{
    slot->valid_until = DT_NOBEGIN;
    if (reread)
    {
        strlcpy(slot->tenant_id, tenant->id, sizeof(slot->tenant_id));
        strlcpy(slot->time_zone, tenant->time_zone, sizeof(slot->time_zone));
        // An error must not leave it without limits.
        limits::Limits known;
        limits::read(tenant, slot->key.metric, now, &known);
        slot->known = known;
    }
    const core::WindowStarts starts = compute_starts(slot->time_zone, now);
    for (int p = 0; p < core::kPeriods; p++)
        if (reread || starts.at[p] != slot->starts.at[p])
            slot->told[p] = slot->telling[p] = 0;
    slot->starts = starts;
    compute_ends(slot);
    slot->valid_until = Min(slot->valid_until, slot->known.until);
    alerts::arm(slot);
}

// Where nothing is in shared memory: what is committed, and what prepared transactions hold. Without shared
// memory these keep their lock, and nobody gets here.
void load_for_slot(void *argument, const core::WindowStarts &starts, core::State *state)
{
    auto *slot = static_cast<Slot *>(argument);
    const core::Rate &rate = slot->known.limits.rate;
    if (slot->known.is_of_rows)
    {
        committed::load_rows(slot->tenant_id, slot->key.tenant, slot->key.metric, starts,
                             &state->windows);
        return;
    }
    committed::load_windows(slot->tenant_id, slot->key.metric, starts, &state->windows);
    state->bucket =
        committed::load_bucket(slot->tenant_id, slot->key.metric, rate, guc::clock_time());
    state->rate = rate;
    if (reservations::is_available() && !RecoveryInProgress())
        prepared::load(slot, state);
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

void request_without_memory(Slot *slot, const Asked &asked, TimestampTz now,
                            const core::WindowStarts *when, Outcome *outcome)
{
    outcome->when = *when;
    outcome->state = core::State{};
    outcome->state.windows.start = slot->starts;
    const core::Limits &limits = slot->known.limits;
    if (asked.act == Act::consume || asked.act == Act::release)
        lock_usage(slot);
    if (asked.act == Act::record)
    {
        outcome->decision =
            core::Decision{core::Verdict::admitted, -1, 0, core::kUnlimited, core::kUnlimited};
        return;
    }
    load_for_slot(slot, slot->starts, &outcome->state);
    asked.pending(slot, &outcome->state);
    const core::Share own{outcome->state.in_flight, 0, 0};
    outcome->decision = reservations::decide(
        outcome->state, {&slot->key, slot->hash, asked.act, false, asked.amount, own, now,
                         &slot->starts, when, &limits, nullptr, nullptr});
    if (outcome->decision.verdict == core::Verdict::admitted && asked.act == Act::consume)
        core::add(outcome->state.windows, *when, asked.amount);
}

// Nullptr when there is no such metric.
Slot *find_slot(const registry::Tenant *tenant, const char *metric, size_t length)
{
    last_slot = nullptr; // it may be removed below
    if (length >= NAMEDATALEN)
        return nullptr;
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
    memcpy(key.metric, metric, length);

    bool found;
    auto *slot = static_cast<Slot *>(hash_search(slots, &key, HASH_ENTER, &found));
    if (!found)
    {
        // Everything behind the key.
        memset(&slot->hash, 0, sizeof(Slot) - offsetof(Slot, hash));
        slot->hash = reservations::hash_of(key);
    }
    // The tenant's generation, since its plan and zone go into the slot; 0 is never kept.
    const uint64 generation = tenant->generation;
    if (slot->generation == 0 || slot->generation != generation)
    {
        slot->generation = 0;
        refresh(slot, tenant, guc::clock_time(), true);
        slot->generation = generation;
    }
    if (!slot->known.metric_exists)
    {
        if (slot->pending == nullptr && slot->charges == nullptr && !slot->is_unchecked &&
            !slot->crossed)
            (void)hash_search(slots, &key, HASH_REMOVE, nullptr);
        return nullptr;
    }
    if (generation != 0)
    {
        last_slot = slot;
        last_tenant = tenant;
    }
    return slot;
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
    return slot_of(tenant, metric);
}

Slot *slot_of(const registry::Tenant *tenant, const text *metric)
{
    Slot *slot = find_slot(tenant, VARDATA_ANY(metric), VARSIZE_ANY_EXHDR(metric));
    if (slot == nullptr)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
                        errmsg("metric \"%s\" does not exist", text_to_cstring(metric)),
                        errhint("Create it with tenancy.create_metric().")));
    return slot;
}

Slot *slot_if_known(const char *tenant_id, const char *metric)
{
    char key[registry::kNameSize];
    core::fold_tenant_id(tenant_id, key);
    const registry::Tenant *tenant = registry::lookup(key);
    return tenant->exists ? find_slot(tenant, metric, strlen(metric)) : nullptr;
}

namespace
{

bool is_present(const Slot *slot, TimestampTz at)
{
    return slot->valid_until != DT_NOBEGIN && at >= slot->starts.at[core::kHour] &&
           at < slot->valid_until;
}

} // namespace

core::WindowStarts windows_at(Slot *slot, TimestampTz at)
{
    return is_present(slot, at) ? slot->starts : compute_starts(slot->time_zone, at);
}

void request(Slot *slot, const Asked &asked, Outcome *outcome)
{
    const TimestampTz now = guc::clock_time();
    if (unlikely(!is_present(slot, now)))
        refresh(slot, registry::lookup(slot->key.tenant), now, now >= slot->known.until);
    if (unlikely(slot->known.stop.until != DT_NOBEGIN) && asked.act == Act::consume &&
        asked.amount > 0)
    {
        outcome->decision = {core::Verdict::refused, core::kCost, 0, 0, 0};
        return;
    }
    const core::WindowStarts *when = &slot->starts;
    core::WindowStarts earlier;
    if (unlikely(!is_present(slot, asked.at)))
    {
        earlier = compute_starts(slot->time_zone, asked.at);
        when = &earlier;
    }
    // On a standby memory would not learn what replay brings, and be wrong after a promotion.
    if (unlikely(!reservations::is_available() || RecoveryInProgress()))
        request_without_memory(slot, asked, now, when, outcome);
    else
        reservations::request({&slot->key, slot->hash, asked.act, asked.pin, asked.amount,
                               asked.own, now, &slot->starts, when, &slot->known.limits,
                               load_for_slot, slot},
                              outcome);
}

void settle(const Slot *slot, const core::WindowStarts &when, const core::Share &share,
            core::End end)
{
    if (reservations::is_available())
        reservations::settle(slot->key, slot->hash, when, share, end);
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

void forget_metric(const char *metric)
{
    if (reservations::is_available())
        reservations::forget_metric(MyDatabaseId, registry::relations().ledger, metric);
}

void rearm_alerts()
{
    if (slots == nullptr)
        return;
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, slots);
    while (auto *slot = static_cast<Slot *>(hash_seq_search(&scan)))
        alerts::arm(slot);
}

void forget_cache()
{
    if (slots != nullptr)
        hash_destroy(slots);
    slots = nullptr;
    last_slot = nullptr;
}

} // namespace tenancy::quota
