// Writing the usage ledger, past the executor where the table is as we made it.
// SPDX-License-Identifier: PostgreSQL
#include "rows.hpp"

#include "owner.hpp"

namespace tenancy::rows
{

namespace
{

constinit SPIPlanPtr insert_plan = nullptr;

// Offset from transaction ids to stamps, once the table has confirmed that it fits this server.
struct Era
{
    Oid ledger; // the table; InvalidOid = not known
    int64 offset;
};
constinit Era era{};
constinit bool began_era = false; // in the running transaction

constexpr const char *kInsert =
    "INSERT INTO tenancy.usage_ledger"
    " (tenant_id, metric, amount, at, stamp, key, attributes, recorded_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, pg_catalog.clock_timestamp())";

int64 read_era(bool *fits)
{
    if (SPI_execute("SELECT s.system_identifier, s.stamp_offset FROM tenancy.ledger_state s", false,
                    1) != SPI_OK_SELECT)
        elog(ERROR, "could not read the state of the usage ledger");
    *fits = false;
    if (SPI_processed == 0)
        return 0;
    bool is_null;
    HeapTuple row = SPI_tuptable->vals[0];
    const int64 identifier = DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &is_null));
    *fits = !is_null && identifier == static_cast<int64>(GetSystemIdentifier());
    return DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &is_null));
}

// The stamp that orders this transaction's rows: its id plus an offset that is drawn anew when the
// ledger finds itself in another cluster (dump and restore), so that stamps always grow.
int64 current_stamp()
{
    const auto xid = static_cast<int64>(U64FromFullTransactionId(GetTopFullTransactionId()));
    if (era.ledger == registry::relations().ledger)
        return xid + era.offset;
    bool fits;
    int64 offset = read_era(&fits);
    if (fits)
    {
        era = {registry::relations().ledger, offset};
        return xid + offset;
    }
    if (SPI_execute("SELECT tenancy.begin_ledger_era()", false, 0) != SPI_OK_SELECT)
        elog(ERROR, "could not begin a new era of the usage ledger");
    began_era = true;
    offset = read_era(&fits);
    if (!fits)
        elog(ERROR, "the state of the usage ledger does not fit this server");
    return xid + offset;
}

// Can a row go into the table without the executor? Not with triggers, rules, checks, partitions, or
// indexes of anybody's over expressions or some of the rows.
bool is_plain(Relation ledger, CatalogIndexState indexes)
{
    const TupleConstr *constraints = RelationGetDescr(ledger)->constr;
    if (ledger->rd_rel->relkind != RELKIND_RELATION || ledger->rd_rel->relispartition ||
        ledger->rd_rel->relam != HEAP_TABLE_AM_OID || ledger->trigdesc != nullptr ||
        ledger->rd_rules != nullptr || RelationGetDescr(ledger)->natts != kLedgerColumns ||
        (constraints != nullptr && constraints->num_check > 0))
        return false;
    for (int i = 0; i < indexes->ri_NumIndices; i++)
    {
        const IndexInfo *index = indexes->ri_IndexRelationInfo[i];
        if (index->ii_Expressions != NIL || index->ii_Predicate != NIL ||
            index->ii_ExclusionOps != nullptr ||
            !indexes->ri_IndexRelationDescs[i]->rd_index->indimmediate)
            return false;
    }
    return true;
}

// Writes a row as the server writes its catalogs.
// False if the table wants the executor, or nobody has looked yet whose era it is.
bool insert_directly(const quota::Slot *slot, int64 amount, TimestampTz at,
                     const ledger::Event &event)
{
    const Oid table = registry::relations().ledger;
    static constinit Oid sequence_of = InvalidOid;
    static constinit Oid sequence = InvalidOid;
    if (era.ledger != table)
        return false;
    Relation ledger = table_open(table, RowExclusiveLock);
    CatalogIndexState indexes = CatalogOpenIndexes(ledger);
    const bool plain = is_plain(ledger, indexes);
    if (plain)
    {
        if (sequence_of != table)
        {
            sequence = pg::identity_sequence(ledger, kId + 1);
            sequence_of = table;
        }
        Datum values[kLedgerColumns];
        bool nulls[kLedgerColumns]{};
        values[kId] = Int64GetDatum(nextval_internal(sequence, false));
        values[kTenant] = CStringGetTextDatum(slot->tenant_id);
        values[kMetric] = CStringGetTextDatum(slot->key.metric);
        values[kAmount] = Int64GetDatum(amount);
        values[kAt] = TimestampTzGetDatum(at);
        values[kStamp] = Int64GetDatum(current_stamp());
        values[kKey] = PointerGetDatum(event.key);
        nulls[kKey] = event.key == nullptr;
        values[kAttributes] = PointerGetDatum(event.attributes);
        nulls[kAttributes] = event.attributes == nullptr;
        values[kRecordedAt] = TimestampTzGetDatum(GetCurrentTimestamp());
        HeapTuple row = heap_form_tuple(RelationGetDescr(ledger), values, nulls);
        CatalogTupleInsertWithInfo(ledger, row, indexes);
        heap_freetuple(row);
    }
    CatalogCloseIndexes(indexes);
    table_close(ledger, NoLock);
    return plain;
}

} // namespace

void insert(const quota::Slot *slot, int64 amount, TimestampTz at, const ledger::Event &event)
{
    if (likely(insert_directly(slot, amount, at, event)))
        return;
    PushActiveSnapshot(GetTransactionSnapshot());
    const owner::Scope scope = owner::enter();
    if (insert_plan == nullptr)
    {
        Oid types[] = {TEXTOID, TEXTOID, INT8OID, TIMESTAMPTZOID, INT8OID, TEXTOID, JSONBOID};
        SPIPlanPtr plan = SPI_prepare(kInsert, lengthof(types), types);
        if (plan == nullptr || SPI_keepplan(plan) != 0)
            elog(ERROR, "could not prepare the statement that writes usage");
        insert_plan = plan;
    }
    Datum values[] = {CStringGetTextDatum(slot->tenant_id),
                      CStringGetTextDatum(slot->key.metric),
                      Int64GetDatum(amount),
                      TimestampTzGetDatum(at),
                      Int64GetDatum(current_stamp()),
                      PointerGetDatum(event.key),
                      PointerGetDatum(event.attributes)};
    const char nulls[] = {' ',
                          ' ',
                          ' ',
                          ' ',
                          ' ',
                          event.key != nullptr ? ' ' : 'n',
                          event.attributes != nullptr ? ' ' : 'n',
                          '\0'};
    if (SPI_execute_plan(insert_plan, values, nulls, false, 0) != SPI_OK_INSERT)
        elog(ERROR, "could not write usage");
    owner::leave(scope);
    PopActiveSnapshot();
}

void refuse_prepare()
{
    if (began_era)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                 errmsg("cannot PREPARE the transaction that is the first to record usage on this "
                        "server"),
                 errdetail("Until it ends nobody else could record any."),
                 errhint("Call tenancy.rollup() once, and repeat the transaction.")));
}

void end_transaction(bool committed)
{
    if (!committed)
        era = Era{};
    began_era = false;
}

} // namespace tenancy::rows
