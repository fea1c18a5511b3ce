// Pending usage of the transaction: adding, settling, writing.
// SPDX-License-Identifier: PostgreSQL
#include "ledger.hpp"

#include "core/clock.hpp"
#include "guc.hpp"
#include "owner.hpp"
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
    int64 unwritten; // due at pre-commit
    int64 written;   // stands in rows of its own already
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

void add_pending(const quota::Slot *slot, core::Windows *windows)
{
    for (auto *item = static_cast<Item *>(slot->pending); item != nullptr; item = item->older)
        // What is written is visible to the loader already.
        core::add(*windows, item->when, item->unwritten);
}

// Does the slot's newest item take this amount too?
Item *open_item(const quota::Slot *slot, int level, TimestampTz at)
{
    auto *item = static_cast<Item *>(slot->pending);
    if (item == nullptr || item->level != level || item->quarter != core::quarter_of(at))
        return nullptr;
    return item;
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

void let_go(Item *item, bool committed)
{
    if (!committed)
        quota::release(item->slot, item->when, item->unwritten + item->written);
    quota::unpin(item->slot);
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

Result add(quota::Slot *slot, quota::Mode mode, int64 amount, const Event &event)
{
    PreventCommandIfReadOnly("recording usage");
    PreventCommandIfParallelMode("recording usage");
    if (writing_done)
        ereport(ERROR, (errcode(ERRCODE_INVALID_TRANSACTION_STATE),
                        errmsg("usage cannot be recorded while the transaction commits")));

    Result result{};
    result.counted = event.key == nullptr || claim_key(slot, amount, event);
    if (!result.counted)
    {
        result.decision = look(slot, 0).decision;
        return result;
    }

    const TimestampTz now = guc::clock_time();
    // Clocks of applications run ahead a little; usage of the future would belong to no window.
    TimestampTz at = event.at != nullptr ? Min(*event.at, now) : now;
    const int level = GetCurrentTransactionNestLevel();
    Item *item = open_item(slot, level, at);
    provide_spare();
    const quota::Outcome outcome =
        quota::request(slot, mode, amount, at, item == nullptr, add_pending);
    result.decision = outcome.decision;
    if (outcome.decision.verdict != core::Verdict::admitted)
    {
        if (event.key != nullptr)
            unclaim_key(slot, event.key);
        return result;
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

    const bool row_of_its_own =
        event.key != nullptr || event.at != nullptr || event.attributes != nullptr;
    if (row_of_its_own)
    {
        item->written += amount;
        rows::insert(slot, amount, at, event);
    }
    else
        item->unwritten += amount;
    return result;
}

quota::Outcome look(quota::Slot *slot, int64 amount)
{
    return quota::request(slot, quota::Mode::look, amount, guc::clock_time(), false, add_pending);
}

bool is_anything_pending()
{
    return items != nullptr;
}

void write()
{
    for (Item *item = items; item != nullptr; item = item->next)
        if (item->unwritten != 0)
        {
            rows::insert(item->slot, item->unwritten, item->at, Event{});
            item->written += item->unwritten;
            item->unwritten = 0;
        }
    writing_done = true;
}

void refuse_prepare()
{
    if (items != nullptr)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("cannot PREPARE a transaction that has recorded usage"),
                        errhint("Commit it in one phase, or record the usage in a transaction of "
                                "its own.")));
}

void settle(bool committed)
{
    for (Item *item = items; item != nullptr; item = item->next)
    {
        let_go(item, committed);
        item->slot->pending = nullptr;
    }
    items = nullptr;
    spare = nullptr;
    writing_done = false;
    if (!committed)
        rows::forget_era(); // it may have begun in the transaction that is gone
}

void settle_savepoint(int level, bool committed)
{
    if (!committed)
        rows::forget_era();
    while (items != nullptr && items->level >= level && !committed)
    {
        let_go(items, false);
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
        older->unwritten += item->unwritten;
        older->written += item->written;
        quota::unpin(item->slot);
        item->slot->pending = older;
        *link = item->next;
    }
}

} // namespace tenancy::ledger
