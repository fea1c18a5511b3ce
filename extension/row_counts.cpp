// Rows read and written, from the server's own table statistics of this process.
// SPDX-License-Identifier: PostgreSQL
#include "row_counts.hpp"

namespace tenancy::row_counts
{

namespace
{

// Which of the server's counts of a table or index are rows that a query has read.
enum class Reads : uint8 {
    all,      // of a table: by sequential and bitmap scans
    fetched,  // of an index: rows of the table that it led to
    returned, // of an index that is read in place of the table
};

// What queries of this transaction scan. The statistics stay where they are until the transaction
// ends, but for those of a table that a savepoint made and takes back.
struct Table
{
    const PgStat_TableStatus *statistics;
    int64 read; // at the last boundary
    int level;  // of the savepoint in which it was first seen
    Reads reads;
};

struct Written
{
    int64 inserted;
    int64 updated;
    int64 deleted;
};

// The first are searched one by one, more (partitions, mostly) through a hash.
constexpr int kMostListed = 16;

constinit Table listed[kMostListed]{};
constinit int listed_count = 0;
constinit HTAB *hashed = nullptr; // in the transaction's memory
constinit Written boundary{};     // what `take` has seen of the open levels

int64 rows_read(const PgStat_TableStatus *statistics, Reads reads)
{
    return (reads != Reads::fetched ? pg::tuples_returned(statistics) : 0) +
           (reads != Reads::returned ? pg::tuples_fetched(statistics) : 0);
}

pg_noinline void note_in_hash(const Table &table)
{
    if (hashed == nullptr)
    {
        HASHCTL control{};
        control.keysize = sizeof(Table::statistics);
        control.entrysize = sizeof(Table);
        control.hcxt = TopTransactionContext;
        hashed =
            hash_create("tenancy tables read", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
    }
    bool found;
    auto *entry = static_cast<Table *>(hash_search(hashed, &table.statistics, HASH_ENTER, &found));
    if (!found)
        *entry = table;
}

void note(Relation relation, Reads reads)
{
    if (relation == nullptr || !pgstat_should_count_relation(relation))
        return;
    const PgStat_TableStatus *statistics = relation->pgstat_info;
    for (int i = listed_count - 1; i >= 0; i--)
        if (listed[i].statistics == statistics)
            return;
    const Table table{statistics, rows_read(statistics, reads), GetCurrentTransactionNestLevel(),
                      reads};
    if (likely(listed_count < kMostListed))
        listed[listed_count++] = table;
    else
        note_in_hash(table);
}

bool note_scan(PlanState *plan, void *context)
{
    bool is_leaf = true;
    switch (nodeTag(plan))
    {
    case T_SeqScanState:
    case T_SampleScanState:
    case T_BitmapHeapScanState:
    case T_TidScanState:
    case T_TidRangeScanState:
        note(reinterpret_cast<ScanState *>(plan)->ss_currentRelation, Reads::all);
        break;
    case T_IndexScanState:
        note(castNode(IndexScanState, plan)->iss_RelationDesc, Reads::fetched);
        break;
    case T_IndexOnlyScanState:
        note(castNode(IndexOnlyScanState, plan)->ioss_RelationDesc, Reads::returned);
        break;
    default:
        is_leaf = false;
    }
    // Most plans are one scan.
    if (is_leaf && plan->initPlan == NIL && plan->subPlan == NIL && plan->lefttree == nullptr)
        return false;
    return planstate_tree_walker(plan, pg::plan_walker(note_scan), context);
}

int64 growth(Table &table)
{
    const int64 now = rows_read(table.statistics, table.reads);
    const int64 grown = now - table.read;
    table.read = now;
    return grown;
}

template <typename Function>
pg_noinline void for_each_in_hash(Function function)
{
    HASH_SEQ_STATUS scan;
    hash_seq_init(&scan, hashed);
    while (auto *table = static_cast<Table *>(hash_seq_search(&scan)))
        if (!function(*table))
            (void)hash_search(hashed, &table->statistics, HASH_REMOVE, nullptr);
}

// Calls for each remembered table; removes those for which it returns false.
template <typename Function>
void for_each_table(Function function)
{
    int kept = 0;
    for (int i = 0; i < listed_count; i++)
        if (function(listed[i]))
            listed[kept++] = listed[i];
    listed_count = kept;
    if (unlikely(hashed != nullptr))
        for_each_in_hash(function);
}

void add_level(Written &sum, const PgStat_SubXactStatus *level, int aborting_from)
{
    for (const PgStat_TableXactStatus *table = level->first; table != nullptr; table = table->next)
    {
        // A rolled back TRUNCATE leaves what was written before it.
        const bool restored = level->nest_level >= aborting_from && table->truncdropped;
        sum.inserted += restored ? table->inserted_pre_truncdrop : table->tuples_inserted;
        sum.updated += restored ? table->updated_pre_truncdrop : table->tuples_updated;
        sum.deleted += restored ? table->deleted_pre_truncdrop : table->tuples_deleted;
    }
}

// Without a transaction id nothing was written.
bool may_have_written()
{
    return TransactionIdIsValid(GetTopTransactionIdIfAny());
}

Written written_on_open_levels(int aborting_from)
{
    Written sum{};
    for (const PgStat_SubXactStatus *level =
             pgstat_get_xact_stack_level(GetCurrentTransactionNestLevel());
         level != nullptr; level = level->prev)
        add_level(sum, level, aborting_from);
    return sum;
}

// A TRUNCATE makes the server forget what was inserted before it: that was counted, or never is.
void count_written(core::Tally &tally, const Written &now)
{
    tally.add(core::kRowsInserted, Max(now.inserted - boundary.inserted, 0));
    tally.add(core::kRowsUpdated, Max(now.updated - boundary.updated, 0));
    tally.add(core::kRowsDeleted, Max(now.deleted - boundary.deleted, 0));
    boundary = now;
}

pg_noinline void take_written(core::Tally &tally, bool aborting)
{
    count_written(tally, written_on_open_levels(aborting ? 1 : PG_INT32_MAX));
}

} // namespace

void watch(PlanState *plan)
{
    (void)note_scan(plan, nullptr);
}

void watch(const RangeVar *table)
{
    const Oid relation_id = RangeVarGetRelid(table, AccessShareLock, true);
    if (!OidIsValid(relation_id))
        return;
    Relation relation = relation_open(relation_id, NoLock);
    note(relation, Reads::all);
    relation_close(relation, NoLock);
}

void take(core::Tally &tally, bool aborting)
{
    const auto count = [&tally](Table &table) {
        tally.add(core::kRowsRead, growth(table));
        return true;
    };
    for (int i = 0; i < listed_count; i++)
        (void)count(listed[i]);
    if (unlikely(hashed != nullptr))
        for_each_in_hash(count);
    if (may_have_written())
        take_written(tally, aborting);
}

void take_savepoint(core::Tally &tally, int level)
{
    for_each_table([&tally, level](Table &table) {
        tally.add(core::kRowsRead, growth(table));
        return table.level < level;
    });
    if (!may_have_written())
        return;
    count_written(tally, written_on_open_levels(level));
    // The server is about to take this level off.
    Written of_level{};
    add_level(of_level, pgstat_get_xact_stack_level(level), level);
    boundary.inserted -= of_level.inserted;
    boundary.updated -= of_level.updated;
    boundary.deleted -= of_level.deleted;
}

void savepoint_committed(int level)
{
    for_each_table([level](Table &table) {
        table.level = Min(table.level, level - 1);
        return true;
    });
}

void forget()
{
    listed_count = 0;
    hashed = nullptr;
    boundary = Written{};
}

} // namespace tenancy::row_counts
