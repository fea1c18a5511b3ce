// Pending usage of the transaction: adding, settling, writing.
// SPDX-License-Identifier: PostgreSQL
#include "ledger.hpp"

#include "alerts.hpp"
#include "core/clock.hpp"
#include "guc.hpp"
#include "owner.hpp"
#include "row_quota.hpp"
#include "rows.hpp"

namespace tenancy::ledger
{

namespace
{

// Lives in the transaction's memory. Items stand newest first, so levels never rise along the list.
struct Item
{
    Item *next;  // of all
    Item *older; // of the same slot
    quota::Slot *slot;
    int level;
    int64 quarter;
    TimestampTz at;
    core::Share share;     // all that is to be settled
    core::Share unwritten; // what of it is due at pre-commit, and does not stand in rows of its own
    core::WindowStarts when;
};

constinit Item *items = nullptr;
constinit Item *spare = nullptr;     // memory for the next item
constinit bool writing_done = false; // past pre-commit: nothing can be added any more

constexpr const char *kInsertKey =
    "INSERT INTO tenancy.usage_keys (tenant_id, metric, key, amount, at, attributes)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";

constexpr const char *kDeleteKey =
    "DELETE FROM tenancy.usage_keys k WHERE k.tenant_id = $1 AND k.metric = $2 AND k.key = $3";

constexpr const char *kCompareKey =
    "SELECT k.amount = $4 AND k.at IS NOT DISTINCT FROM $5 AND k.attributes IS NOT DISTINCT FROM $6"
    " FROM tenancy.usage_keys k WHERE k.tenant_id = $1 AND k.metric = $2 AND k.key = $3";

void add_pending(const quota::Slot *slot, core::State *state)
{
    if (slot->known.is_of_rows)
    {
        row_quota::add_pending(slot, state);
        return;
    }
    for (auto *item = static_cast<Item *>(slot->pending); item != nullptr; item = item->older)
    {
        // What is written is visible to the loader already.
        core::add(state->windows, item->when, item->unwritten.amount);
        state->windows.used[core::kTotal] -= item->unwritten.released;
        state->in_flight += item->share.amount;
        if (state->rate.interval != 0)
            state->bucket =
                core::take(state->rate, state->bucket, state->bucket.at, item->unwritten.amount);
    }
}

int64 own_in_flight(const quota::Slot *slot)
{
    int64 sum = 0;
    for (auto *item = static_cast<Item *>(slot->pending); item != nullptr; item = item->older)
        sum += item->share.amount;
    return sum;
}

// Does the slot's newest item take this amount too?
Item *open_item(const quota::Slot *slot, int level, TimestampTz at)
{
    auto *item = static_cast<Item *>(slot->pending);
    if (item == nullptr || item->level != level || item->quarter != core::quarter_of(at))
        return nullptr;
    return item;
}

void add(core::Share &sum, const core::Share &more)
{
    sum.amount += more.amount;
    sum.released += more.released;
    sum.leased += more.leased;
}

core::Share share_of(quota::Act act, int64 amount)
{
    switch (act)
    {
    case quota::Act::release:
        return {0, amount, 0};
    case quota::Act::lease:
        return {0, 0, amount};
    default:
        return {amount, 0, 0};
    }
}

// Memory comes first: after a reservation nothing may fail before it is linked.
void provide_spare()
{
    if (spare == nullptr)
        spare = static_cast<Item *>(MemoryContextAlloc(TopTransactionContext, sizeof(Item)));
}

Item *push_item(quota::Slot *slot, int level, TimestampTz at, const core::WindowStarts &when)
{
    Item *item = spare;
    spare = nullptr;
    *item = Item{};
    item->next = items;
    item->older = static_cast<Item *>(slot->pending);
    item->slot = slot;
    item->level = level;
    item->quarter = core::quarter_of(at);
    item->at = at;
    item->when = when;
    items = item;
    slot->pending = item;
    return item;
}

void let_go(Item *item, core::End end)
{
    item->slot->releasing -= item->share.released;
    quota::settle(item->slot, item->when, item->share, end);
}

// Claims an idempotency key: true if it is new. Waits for a transaction that holds it.
bool claim_key(const quota::Slot *slot, int64 amount, const Event &event)
{
    Oid types[] = {TEXTOID, TEXTOID, TEXTOID, INT8OID, TIMESTAMPTZOID, JSONBOID};
    Datum values[] = {CStringGetTextDatum(slot->tenant_id),
                      CStringGetTextDatum(slot->key.metric),
                      PointerGetDatum(event.key),
                      Int64GetDatum(amount),
                      event.at != nullptr ? TimestampTzGetDatum(*event.at) : Datum{0},
                      PointerGetDatum(event.attributes)};
    const char nulls[] = {' ',
                          ' ',
                          ' ',
                          ' ',
                          event.at != nullptr ? ' ' : 'n',
                          event.attributes != nullptr ? ' ' : 'n',
                          '\0'};
    const owner::Scope scope = owner::enter();
    if (SPI_execute_with_args(kInsertKey, lengthof(types), types, values, nulls, false, 0) !=
        SPI_OK_INSERT)
        elog(ERROR, "could not write an idempotency key");
    const bool is_new = SPI_processed == 1;
    bool same = true;
    if (!is_new)
    {
        if (SPI_execute_with_args(kCompareKey, lengthof(types), types, values, nulls, false, 1) !=
            SPI_OK_SELECT)
            elog(ERROR, "could not read an idempotency key");
        bool is_null;
        same =
            SPI_processed == 1 &&
            DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null));
    }
    owner::leave(scope);
    if (!same)
        ereport(ERROR,
                (errcode(ERRCODE_UNIQUE_VIOLATION),
                 errmsg("idempotency key \"%s\" was used before with other content",
                        text_to_cstring(event.key)),
                 errdetail("Metric \"%s\" of tenant \"%s\" has an event with this key and another "
                           "amount, time or attributes.",
                           slot->key.metric, slot->tenant_id),
                 errhint("Repeat an event unchanged, or give another event a key of its own.")));
    return is_new;
}

// Takes back a claim of this transaction, for a request that was refused and may come again.
void unclaim_key(const quota::Slot *slot, const text *key)
{
    Oid types[] = {TEXTOID, TEXTOID, TEXTOID};
    Datum values[] = {CStringGetTextDatum(slot->tenant_id), CStringGetTextDatum(slot->key.metric),
                      PointerGetDatum(key)};
    const owner::Scope scope = owner::enter();
    if (SPI_execute_with_args(kDeleteKey, lengthof(types), types, values, nullptr, false, 0) !=
        SPI_OK_DELETE)
        elog(ERROR, "could not delete an idempotency key");
    owner::leave(scope);
}

} // namespace

void add(quota::Slot *slot, quota::Act act, int64 amount, const Event &event, Result *result)
{
    if (act != quota::Act::lease)
        PreventCommandIfReadOnly("recording usage");
    PreventCommandIfParallelMode("recording usage");
    if (writing_done)
        ereport(ERROR, (errcode(ERRCODE_INVALID_TRANSACTION_STATE),
                        errmsg("usage cannot be recorded while the transaction commits")));

    if (slot->known.is_of_rows)
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                 errmsg("metric \"%s\" cannot be used by hand", slot->key.metric),
                 errdetail(
                     "Its use is what stands in tables: tenancy.limit_rows() or limit_storage()."),
                 errhint("Record other usage in a metric of its own.")));

    const int64 change = act == quota::Act::release ? -amount : amount;
    result->counted = event.key == nullptr || claim_key(slot, change, event);
    if (!result->counted)
    {
        look(slot, 0, &result->outcome);
        return;
    }

    const TimestampTz now = guc::clock_time();
    // Clocks of applications run ahead a little; usage of the future would belong to no window.
    TimestampTz at = event.at != nullptr ? Min(*event.at, now) : now;
    const int level = GetCurrentTransactionNestLevel();
    Item *item = open_item(slot, level, at);
    provide_spare();
    const quota::Outcome &outcome = result->outcome;
    quota::request(slot,
                   {act,
                    item == nullptr,
                    amount,
                    at,
                    {act == quota::Act::release ? own_in_flight(slot) : 0, slot->releasing, 0},
                    add_pending},
                   &result->outcome);
    if (outcome.decision.verdict != core::Verdict::admitted)
    {
        if (event.key != nullptr)
            unclaim_key(slot, event.key);
        return;
    }
    if (item != nullptr && memcmp(&item->when, &outcome.when, sizeof(outcome.when)) != 0)
    {
        // The windows moved on since the item was opened: what is reserved begins another.
        quota::pin(slot);
        item = nullptr;
    }
    if (event.at == nullptr)
        at = Max(at, core::latest_start(outcome.when));
    if (item == nullptr)
        item = push_item(slot, level, at, outcome.when);
    // From the last use, so that a bucket that is loaded from the ledger is not too empty.
    if (slot->known.limits.rate.interval != 0)
        item->at = Max(item->at, at);

    const bool row_of_its_own =
        event.key != nullptr || event.at != nullptr || event.attributes != nullptr;
    const core::Share share = share_of(act, amount);
    add(item->share, share);
    slot->releasing += share.released;
    if (!row_of_its_own)
        add(item->unwritten, share);
    else
    {
        rows::insert(slot, change, at, event);
        if (!reservations::is_available())
            CommandCounterIncrement(); // the next call of this statement reads the tables
    }
    alerts::note(slot, outcome);
}

int64 held_leases(const quota::Slot *slot)
{
    int64 sum = 0;
    for (auto *item = static_cast<Item *>(slot->pending); item != nullptr; item = item->older)
        sum += item->share.leased;
    return sum;
}

int64 end_leases(quota::Slot *slot, int64 amount)
{
    int64 left = amount;
    for (auto *item = static_cast<Item *>(slot->pending); item != nullptr && left > 0;
         item = item->older)
    {
        const int64 part = Min(left, item->share.leased);
        if (part == 0)
            continue;
        // Settling takes a pin along.
        quota::pin(slot);
        quota::settle(slot, item->when, {0, 0, part}, core::End::committed);
        item->share.leased -= part;
        left -= part;
    }
    return amount - left;
}

void look(quota::Slot *slot, int64 amount, quota::Outcome *outcome)
{
    quota::request(
        slot,
        {quota::Act::look, false, amount, guc::clock_time(), {0, slot->releasing, 0}, add_pending},
        outcome);
}

bool is_anything_pending()
{
    return items != nullptr;
}

void write(bool prepare)
{
    for (Item *item = items; item != nullptr; item = item->next)
    {
        if (item->unwritten.amount != 0)
            rows::insert(item->slot, item->unwritten.amount, item->at, Event{});
        if (item->unwritten.released != 0)
            rows::insert(item->slot, -item->unwritten.released, item->at, Event{});
        item->unwritten = core::Share{};
    }
    if (prepare)
        rows::refuse_prepare();
    writing_done = true;
}

void settle(core::End end)
{
    for (Item *item = items; item != nullptr; item = item->next)
    {
        let_go(item, end);
        item->slot->releasing = 0;
        item->slot->pending = nullptr;
    }
    items = nullptr;
    spare = nullptr;
    writing_done = false;
    rows::end_transaction(end != core::End::aborted);
}

void settle_savepoint(int level, bool committed)
{
    if (!committed)
        rows::end_transaction(false);
    while (items != nullptr && items->level >= level && !committed)
    {
        let_go(items, core::End::aborted);
        items->slot->pending = items->older;
        items = items->next;
    }
    // Released: what it used is now the outer level's; equal items become one.
    Item **link = &items;
    while (*link != nullptr && (*link)->level == level)
    {
        Item *item = *link;
        Item *older = item->older;
        item->level = level - 1;
        const bool mergeable = older != nullptr && older->level == level - 1 &&
                               older->quarter == item->quarter &&
                               memcmp(&older->when, &item->when, sizeof(item->when)) == 0;
        if (!mergeable || item->slot->pending != item)
        {
            link = &item->next;
            continue;
        }
        add(older->share, item->share);
        add(older->unwritten, item->unwritten);
        if (item->slot->known.limits.rate.interval != 0)
            older->at = Max(older->at, item->at);
        quota::unpin(item->slot);
        item->slot->pending = older;
        *link = item->next;
    }
}

} // namespace tenancy::ledger
