// Asking for the limit and the measurement, and which statements they are asked for.
// SPDX-License-Identifier: PostgreSQL
#include "storage_quota.hpp"

#include "context.hpp"
#include "guc.hpp"
#include "owner.hpp"
#include "policy.hpp"
#include "scans.hpp"
#include "schemas.hpp"

namespace tenancy::storage_quota
{

namespace
{

// What is known of the tenant asked for last. Without a limit it holds until the registry changes.
struct State
{
    uint32 tenant; // serial; 0: nothing is known
    uint64 generation;
    TimestampTz asked_at;
    TimestampTz until; // of an override
    bool is_limited;
    int64 limit;
    int64 used;
    int64 error;
    TimestampTz as_of;
};

constinit State state{};

bool adds(CmdType operation)
{
    return operation == CMD_INSERT || operation == CMD_UPDATE || operation == CMD_MERGE;
}

bool adds(const Plan *plan)
{
    return IsA(plan, ModifyTable) && adds(reinterpret_cast<const ModifyTable *>(plan)->operation);
}

pg_noinline bool adds(const PlannedStmt *plan)
{
    bool found = adds(plan->commandType);
    ListCell *cell;
    foreach (cell, plan->subplans)
        found = found || (lfirst(cell) != nullptr && adds(static_cast<const Plan *>(lfirst(cell))));
    return found;
}

// Is it a table that tenants' storage is measured in?
bool is_measured(Oid relation)
{
    return policy::is_attached(relation) ||
           schemas::kind_of(get_rel_namespace(relation)) == schemas::Kind::tenant;
}

// Has anybody a limit? limit_storage() makes the metric.
bool is_used()
{
    static constinit uint64 known_at = 0;
    static constinit bool used = false;
    if (likely(known_at == registry::generation()))
        return used;
    const uint64 generation = registry::generation();
    const registry::Relations &oids = registry::relations();
    const scans::Scan scan =
        scans::open(oids.metrics, get_relname_relid("metrics_pkey", oids.schema), F_TEXTEQ,
                    CStringGetTextDatum("storage.bytes"));
    used = scans::next(scan);
    scans::close(scan);
    known_at = generation;
    return used;
}

bool is_fresh(const registry::Tenant *tenant)
{
    if (state.tenant != tenant->serial || state.generation != registry::generation())
        return false;
    const TimestampTz now = guc::clock_time();
    return now < state.until &&
           (!state.is_limited || (now >= state.asked_at && now < state.asked_at + USECS_PER_SEC));
}

void ask(const registry::Tenant *tenant)
{
    const uint64 generation = registry::generation();
    state.tenant = 0;
    const owner::Scope scope = owner::enter();
    Oid types[] = {TEXTOID};
    Datum values[] = {CStringGetTextDatum(tenant->id)};
    PushActiveSnapshot(GetLatestSnapshot());
    if (SPI_execute_with_args("SELECT s.limit_bytes, s.used_bytes, s.error_bytes, s.as_of, s.until"
                              " FROM tenancy.storage_state($1) s",
                              lengthof(types), types, values, nullptr, true, 0) != SPI_OK_SELECT)
        elog(ERROR, "could not read what a tenant takes up");
    PopActiveSnapshot();
    Datum columns[5];
    bool nulls[5];
    heap_deform_tuple(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, columns, nulls);
    state.is_limited = !nulls[0];
    state.limit = nulls[0] ? 0 : DatumGetInt64(columns[0]);
    state.used = nulls[1] ? 0 : DatumGetInt64(columns[1]);
    state.error = nulls[2] ? 0 : DatumGetInt64(columns[2]);
    state.as_of = nulls[3] ? 0 : DatumGetTimestampTz(columns[3]);
    state.until = nulls[4] ? DT_NOEND : DatumGetTimestampTz(columns[4]);
    state.asked_at = guc::clock_time();
    state.generation = generation;
    owner::leave(scope);
    state.tenant = tenant->serial;
}

bool is_above()
{
    return state.is_limited && state.used > state.limit;
}

void ask_again()
{
    const registry::Tenant *tenant = context::require_current();
    if (!is_fresh(tenant))
        ask(tenant);
}

// Refuses a write to a table of those that are measured.
void check_table(Oid relation)
{
    if (!OidIsValid(relation) || !is_measured(relation))
        return;
    ereport(ERROR,
            (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
             errmsg("quota exceeded for metric \"storage.bytes\" of tenant \"%s\"",
                    context::require_current()->id),
             errdetail("Used %lld (give or take %lld, measured at %s), limit %lld, period total, "
                       "never resets (retry_after_seconds=-1).",
                       static_cast<long long>(state.used), static_cast<long long>(state.error),
                       timestamptz_to_str(state.as_of), static_cast<long long>(state.limit)),
             errhint("Delete rows, or have an operator raise the plan's or the tenant's limit. "
                     "What is deleted shows after the next measurement, or at once where rows are "
                     "counted.")));
}

} // namespace

bool is_to_be_checked(const PlannedStmt *plan)
{
    // Queries of foreign keys go on: what they write follows from rows that are deleted.
    return (plan->commandType != CMD_SELECT || plan->hasModifyingCTE) && adds(plan) &&
           !InNoForceRLSOperation() && is_to_be_checked();
}

bool is_to_be_checked()
{
    if (!context::is_set() || !registry::is_installed() || !is_used())
        return false;
    const registry::Tenant *tenant = context::usable();
    return tenant != nullptr && (!is_fresh(tenant) || is_above());
}

void check(const PlannedStmt *plan)
{
    ask_again();
    ListCell *cell;
    foreach (cell, is_above() ? plan->resultRelations : NIL)
        check_table(rt_fetch(static_cast<Index>(lfirst_int(cell)), plan->rtable)->relid);
}

void check(const CopyStmt *statement)
{
    ask_again();
    if (is_above() && statement->relation != nullptr)
        check_table(RangeVarGetRelid(statement->relation, NoLock, true));
}

NewTable new_table_of(const Node *statement)
{
    if (IsA(statement, ExplainStmt)) // which makes it, too, with ANALYZE
        statement = castNode(Query, castNode(ExplainStmt, statement)->query)->utilityStmt;
    if (statement == nullptr || !IsA(statement, CreateTableAsStmt) || !is_to_be_checked())
        return {};
    const IntoClause *into = castNode(CreateTableAsStmt, statement)->into;
    if (into->skipData || into->rel->relpersistence == RELPERSISTENCE_TEMP)
        return {};
    const NewTable made{RangeVarGetCreationNamespace(into->rel), pstrdup(into->rel->relname)};
    // One that is there gets nothing.
    return OidIsValid(get_relname_relid(made.name, made.schema)) ? NewTable{} : made;
}

void check(const NewTable &table)
{
    ask_again();
    if (is_above())
        check_table(get_relname_relid(table.name, table.schema));
}

} // namespace tenancy::storage_quota
