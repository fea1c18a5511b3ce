// Reading the ledger's rows of prepared transactions.
// SPDX-License-Identifier: PostgreSQL
#include "prepared.hpp"

#include "guc.hpp"
#include "owner.hpp"
#include "rows.hpp"

namespace tenancy::prepared
{

struct Shares
{
    Shares *next;
    reservations::Key key;
    uint32 hash;
    core::WindowStarts when;
    core::Share share;
};

namespace
{

using Visit = void (*)(void *argument, const char *tenant, const char *metric, int64 amount,
                       TimestampTz at);

// A transaction's stamp: its full id plus the era's offset. Ids of prepared ones are less than 2^31 behind.
int64 stamp_of(TransactionId xid, int64 offset)
{
    const FullTransactionId next = ReadNextFullTransactionId();
    uint64 epoch = EpochFromFullTransactionId(next);
    if (xid > XidFromFullTransactionId(next))
        epoch--;
    return static_cast<int64>(U64FromFullTransactionId(
               FullTransactionIdFromEpochAndXid(static_cast<uint32>(epoch), xid))) +
           offset;
}

// All rows of one transaction, running or not, but those it has taken back.
void scan_rows(int64 stamp, Visit visit, void *argument)
{
    const registry::Relations &relations = registry::relations();
    Relation ledger = table_open(relations.ledger, AccessShareLock);
    Relation index = index_open(relations.ledger_stamp, AccessShareLock);
    TupleTableSlot *slot = table_slot_create(ledger, nullptr);
    SnapshotData dirty;
    InitDirtySnapshot(dirty);
    ScanKeyData condition;
    ScanKeyInit(&condition, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(stamp));
    IndexScanDesc scan = pg::index_scan_begin(ledger, index, &dirty, 1);
    index_rescan(scan, &condition, 1, nullptr, 0);
    while (index_getnext_slot(scan, ForwardScanDirection, slot))
    {
        bool is_null;
        const Datum tenant = slot_getattr(slot, rows::kTenant + 1, &is_null);
        const Datum metric = slot_getattr(slot, rows::kMetric + 1, &is_null);
        const Datum amount = slot_getattr(slot, rows::kAmount + 1, &is_null);
        const Datum at = slot_getattr(slot, rows::kAt + 1, &is_null);
        visit(argument, TextDatumGetCString(tenant), TextDatumGetCString(metric),
              DatumGetInt64(amount), DatumGetTimestampTz(at));
    }
    index_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    index_close(index, AccessShareLock);
    table_close(ledger, AccessShareLock);
}

// Asked whenever an entry is loaded, and most often the answer is none: planned once. Not the view,
// whose joins cost more than all else.
SPIPlanPtr plan_of_prepared()
{
    static constinit SPIPlanPtr kept = nullptr;
    if (likely(kept != nullptr))
        return kept;
    Oid types[] = {OIDOID, TEXTOID};
    SPIPlanPtr plan = SPI_prepare("SELECT x.transaction, s.stamp_offset"
                                  " FROM pg_prepared_xact() AS x, tenancy.ledger_state s"
                                  " WHERE x.dbid = $1 AND ($2 IS NULL OR x.gid = $2)",
                                  lengthof(types), types);
    if (plan == nullptr || SPI_keepplan(plan) != 0)
        elog(ERROR, "could not prepare the statement that reads prepared transactions");
    return kept = plan;
}

// Visits the rows of this database's prepared transactions, of all or of the one with this name.
void scan_prepared(const char *gid, Visit visit, void *argument)
{
    Datum values[] = {ObjectIdGetDatum(MyDatabaseId),
                      gid != nullptr ? CStringGetTextDatum(gid) : Datum{0}};
    const char nulls[] = {' ', gid != nullptr ? ' ' : 'n', '\0'};
    const owner::Scope scope = owner::enter();
    PushActiveSnapshot(GetLatestSnapshot());
    if (SPI_execute_plan(plan_of_prepared(), values, nulls, true, 0) != SPI_OK_SELECT)
        elog(ERROR, "could not read prepared transactions");
    PopActiveSnapshot();
    for (uint64 i = 0; i < SPI_processed; i++)
    {
        bool is_null;
        HeapTuple row = SPI_tuptable->vals[i];
        const TransactionId xid =
            DatumGetTransactionId(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &is_null));
        const int64 offset = DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &is_null));
        scan_rows(stamp_of(xid, offset), visit, argument);
    }
    owner::leave(scope);
}

core::Share share_of(int64 amount)
{
    return amount < 0 ? core::Share{0, -amount, 0} : core::Share{amount, 0, 0};
}

struct Loading
{
    quota::Slot *slot;
    core::State *state;
};

void add_to_state(void *argument, const char *tenant, const char *metric, int64 amount,
                  TimestampTz at)
{
    const auto *loading = static_cast<const Loading *>(argument);
    if (strcmp(tenant, loading->slot->tenant_id) != 0 ||
        strcmp(metric, loading->slot->key.metric) != 0)
        return;
    const core::Share share = share_of(amount);
    core::add(loading->state->windows, quota::windows_at(loading->slot, at), share.amount);
    loading->state->in_flight += share.amount;
    loading->state->releasing += share.released;
}

struct Holding
{
    MemoryContext memory;
    Shares *shares;
};

void hold_entry(void *argument, const char *tenant, const char *metric, int64 amount,
                TimestampTz at)
{
    auto *holding = static_cast<Holding *>(argument);
    quota::Slot *slot = quota::slot_if_known(tenant, metric);
    if (slot == nullptr)
        return; // nobody can use it any more
    auto *shares = static_cast<Shares *>(MemoryContextAllocZero(holding->memory, sizeof(Shares)));
    shares->key = slot->key;
    shares->hash = slot->hash;
    shares->when = quota::windows_at(slot, at);
    shares->share = share_of(amount);
    quota::Outcome outcome;
    quota::request(slot, {quota::Act::hold, true, 0, guc::clock_time(), {}, nullptr}, &outcome);
    shares->next = holding->shares;
    holding->shares = shares;
}

} // namespace

void load(quota::Slot *slot, core::State *state)
{
    Loading loading{slot, state};
    if (max_prepared_xacts > 0)
        scan_prepared(nullptr, add_to_state, &loading);
}

Shares *hold(const char *gid)
{
    if (!reservations::is_available() || RecoveryInProgress() || !registry::is_installed())
        return nullptr;
    Holding holding{CurrentMemoryContext, nullptr};
    PG_TRY();
    {
        scan_prepared(gid, hold_entry, &holding);
    }
    PG_CATCH();
    {
        let_go(holding.shares);
        PG_RE_THROW();
    }
    PG_END_TRY();
    return holding.shares;
}

void settle(const Shares *shares, core::End end)
{
    for (; shares != nullptr; shares = shares->next)
        reservations::settle(shares->key, shares->hash, shares->when, shares->share, end);
}

void let_go(const Shares *shares)
{
    for (; shares != nullptr; shares = shares->next)
        reservations::unpin(shares->key, shares->hash);
}

} // namespace tenancy::prepared
