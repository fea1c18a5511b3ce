// COPY behind the wall: out through a query, in through the server's COPY with a raising condition.
// SPDX-License-Identifier: PostgreSQL
//
// The server refuses COPY FROM under row security and does not filter COPY TO for roles that bypass
// it. COPY FROM evaluates its condition before row triggers run: the rows of tables with such triggers
// could change after the check, and tables with policies besides ours want more than our check. Their
// rows are read by COPY and inserted one by one, by an INSERT like any other.
#include "copy.hpp"

#include "context.hpp"
#include "guc.hpp"
#include "policy.hpp"
#include "registry.hpp"
#include "wall.hpp"

namespace tenancy::copy
{

namespace
{

bool is_behind_the_wall(const RangeVar *name, bool only_if_bypassed)
{
    const Oid relation = RangeVarGetRelid(name, NoLock, true);
    if (!OidIsValid(relation) || !policy::is_attached(relation))
        return false;
    return !only_if_bypassed || wall::is_bypassed(relation, InvalidOid);
}

void check_source_privilege(const CopyStmt *statement)
{
    if (statement->filename == nullptr)
        return;
    const Oid role =
        statement->is_program ? ROLE_PG_EXECUTE_SERVER_PROGRAM : ROLE_PG_READ_SERVER_FILES;
    if (!has_privs_of_role(GetUserId(), role))
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("permission denied to COPY from a file or program"),
                        errhint("Anyone can COPY from stdin; psql's \\copy does.")));
}

bool has_before_row_trigger(Relation relation)
{
    return relation->trigdesc != nullptr && relation->trigdesc->trig_insert_before_row;
}

// Can rows still change after our condition, or have to pass more than it?
bool needs_insert(Relation relation)
{
    if (has_before_row_trigger(relation))
        return true;
    ListCell *cell;
    const bool bypassed = wall::is_bypassed(RelationGetRelid(relation), InvalidOid);
    foreach (cell, bypassed ? NIL : relation->rd_rsdesc->policies)
    {
        const auto *policy = static_cast<const RowSecurityPolicy *>(lfirst(cell));
        if (strcmp(policy->policy_name, policy::kIsolationPolicy) != 0 &&
            strcmp(policy->policy_name, policy::kAccessPolicy) != 0)
            return true;
    }
    if (relation->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
        return false;
    List *leaves = find_all_inheritors(RelationGetRelid(relation), RowExclusiveLock, nullptr);
    foreach (cell, leaves)
    {
        Relation leaf = table_open(lfirst_oid(cell), NoLock);
        const bool has_trigger = has_before_row_trigger(leaf);
        table_close(leaf, NoLock);
        if (has_trigger)
            return true;
    }
    return false;
}

// What COPY does to rows by itself, and an INSERT cannot.
void refuse_options(Relation relation, const CopyStmt *statement)
{
    ListCell *cell;
    foreach (cell, statement->options)
    {
        const auto *option = lfirst_node(DefElem, cell);
        if (strcmp(option->defname, "freeze") == 0 || strcmp(option->defname, "on_error") == 0 ||
            strcmp(option->defname, "reject_limit") == 0)
            ereport(ERROR,
                    (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                     errmsg("cannot COPY into \"%s\" with option \"%s\" while a tenant is set",
                            RelationGetRelationName(relation), option->defname),
                     errdetail("The table has row triggers or further policies, so its rows are "
                               "inserted one by one.")));
    }
}

// INSERT INTO the table with the columns that COPY brings.
SPIPlanPtr prepare_insert(Relation relation, List *columns)
{
    StringInfoData text;
    StringInfoData places;
    initStringInfo(&text);
    initStringInfo(&places);
    const TupleDesc shape = RelationGetDescr(relation);
    auto *types = static_cast<Oid *>(palloc(sizeof(Oid) * (list_length(columns) + 1)));
    int count = 0;
    appendStringInfo(&text, "INSERT INTO %s (",
                     quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
                                                RelationGetRelationName(relation)));
    ListCell *cell;
    foreach (cell, columns)
    {
        const Form_pg_attribute column = TupleDescAttr(shape, lfirst_int(cell) - 1);
        const char *comma = count > 0 ? ", " : "";
        appendStringInfo(&text, "%s%s", comma, quote_identifier(NameStr(column->attname)));
        types[count++] = column->atttypid;
        appendStringInfo(&places, "%s$%d", comma, count);
    }
    // COPY sets identity columns, too.
    appendStringInfo(&text, ") OVERRIDING SYSTEM VALUE VALUES (%s)", places.data);
    SPIPlanPtr plan = SPI_prepare(text.data, count, types);
    if (plan == nullptr)
        elog(ERROR, "could not prepare \"%s\"", text.data);
    return plan;
}

uint64 insert_rows(CopyFromState state, Relation relation, List *columns, List *condition)
{
    const TupleDesc shape = RelationGetDescr(relation);
    auto *values = static_cast<Datum *>(palloc(sizeof(Datum) * shape->natts));
    auto *nulls = static_cast<bool *>(palloc(sizeof(bool) * shape->natts));
    auto *arguments = static_cast<Datum *>(palloc(sizeof(Datum) * shape->natts));
    auto *marks = static_cast<char *>(palloc(shape->natts));
    EState *executor = CreateExecutorState();
    ExprContext *context = GetPerTupleExprContext(executor);
    TupleTableSlot *slot = MakeSingleTupleTableSlot(shape, &TTSOpsVirtual);
    ExprState *qual = ExecInitQual(condition, nullptr);
    uint64 rows = 0;

    if (SPI_connect() != SPI_OK_CONNECT)
        elog(ERROR, "could not connect to the query executor");
    SPIPlanPtr plan = prepare_insert(relation, columns);
    // It adds the line to every error, also to those of the INSERT.
    ErrorContextCallback line = {error_context_stack, CopyFromErrorCallback, state};
    error_context_stack = &line;
    for (;;)
    {
        CHECK_FOR_INTERRUPTS();
        ResetPerTupleExprContext(executor);
        MemoryContext caller = MemoryContextSwitchTo(GetPerTupleMemoryContext(executor));
        const bool more = NextCopyFrom(state, context, values, nulls);
        if (more)
        {
            ExecClearTuple(slot);
            memcpy(slot->tts_values, values, sizeof(Datum) * shape->natts);
            memcpy(slot->tts_isnull, nulls, sizeof(bool) * shape->natts);
            ExecStoreVirtualTuple(slot);
            context->ecxt_scantuple = slot;
            int count = 0;
            ListCell *cell;
            foreach (cell, columns)
            {
                arguments[count] = values[lfirst_int(cell) - 1];
                marks[count++] = nulls[lfirst_int(cell) - 1] ? 'n' : ' ';
            }
            if (ExecQual(qual, context))
            {
                if (SPI_execute_plan(plan, arguments, marks, false, 0) < 0)
                    elog(ERROR, "could not insert a row");
                rows += SPI_processed;
            }
        }
        MemoryContextSwitchTo(caller);
        if (!more)
            break;
    }
    error_context_stack = line.previous;
    SPI_finish();
    ExecDropSingleTupleTableSlot(slot);
    FreeExecutorState(executor);
    return rows;
}

// The user's own condition, prepared as the server does it.
List *prepare_condition(ParseState *parse, const CopyStmt *statement)
{
    if (statement->whereClause == nullptr)
        return NIL;
    Node *condition = transformExpr(
        parse, static_cast<Node *>(copyObjectImpl(statement->whereClause)), EXPR_KIND_COPY_WHERE);
    condition = coerce_to_boolean(parse, condition, "WHERE");
    assign_expr_collations(parse, condition);
    condition = eval_const_expressions(nullptr, condition);
    condition =
        reinterpret_cast<Node *>(canonicalize_qual(reinterpret_cast<Expr *>(condition), false));
    return make_ands_implicit(reinterpret_cast<Expr *>(condition));
}

// require_own_row(isolation condition): raises for a row of another tenant, with the line number
// that COPY adds to every error.
Expr *make_check(Relation relation)
{
    Oid boolean = BOOLOID;
    const Oid function =
        GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("require_own_row"),
                        PointerGetDatum(buildoidvector(&boolean, 1)),
                        ObjectIdGetDatum(registry::relations().schema));
    if (!OidIsValid(function))
        elog(ERROR, "function tenancy.require_own_row(boolean) does not exist");
    return reinterpret_cast<Expr *>(makeFuncExpr(
        function, BOOLOID, list_make1(copyObjectImpl(wall::require_condition(relation))),
        InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
}

} // namespace

Way way_of(const CopyStmt *statement)
{
    if (statement->relation == nullptr || !context::is_set() || !registry::is_installed())
        return Way::leave;
    if (statement->is_from)
    {
        const bool walled = is_behind_the_wall(statement->relation, false) &&
                            (wall::is_up() || !is_behind_the_wall(statement->relation, true));
        return walled ? Way::with_check : Way::leave;
    }
    return wall::is_up() && is_behind_the_wall(statement->relation, true) ? Way::as_query
                                                                          : Way::leave;
}

PlannedStmt *as_query(const PlannedStmt *planned)
{
    auto *copy = static_cast<PlannedStmt *>(copyObjectImpl(planned));
    auto *statement = castNode(CopyStmt, copy->utilityStmt);
    SelectStmt *select = makeNode(SelectStmt);
    ListCell *cell;
    if (statement->attlist == NIL)
        select->targetList = list_make1(nullptr);
    foreach (cell, statement->attlist)
        select->targetList = lappend(select->targetList, lfirst(cell));
    // In place of each column name, or of the one empty place: a target of the query.
    foreach (cell, select->targetList)
    {
        ColumnRef *column = makeNode(ColumnRef);
        column->fields = list_make1(
            lfirst(cell) != nullptr ? lfirst(cell) : static_cast<void *>(makeNode(A_Star)));
        column->location = -1;
        ResTarget *target = makeNode(ResTarget);
        target->val = reinterpret_cast<Node *>(column);
        target->location = -1;
        lfirst(cell) = target;
    }
    // COPY of a table leaves out its children.
    statement->relation->inh = false;
    select->fromClause = list_make1(statement->relation);
    statement->relation = nullptr;
    statement->attlist = NIL;
    statement->query = reinterpret_cast<Node *>(select);
    return copy;
}

uint64 run(const PlannedStmt *planned, const char *source)
{
    const auto *statement = castNode(CopyStmt, planned->utilityStmt);
    (void)context::require_current();
    check_source_privilege(statement);

    ParseState *parse = make_parsestate(nullptr);
    parse->p_sourcetext = source;
    Relation relation = table_openrv(statement->relation, RowExclusiveLock);
    ParseNamespaceItem *item =
        addRangeTableEntryForRelation(parse, relation, RowExclusiveLock, nullptr, false, false);
    addNSItemToQuery(parse, item, false, true, true);

    Bitmapset *columns = nullptr;
    ListCell *cell;
    foreach (cell, CopyGetAttnums(RelationGetDescr(relation), relation, statement->attlist))
        columns = bms_add_member(columns, lfirst_int(cell) - FirstLowInvalidHeapAttributeNumber);
    pg::check_insert_permission(parse, item, columns);
    if (!relation->rd_islocaltemp)
        PreventCommandIfReadOnly("COPY FROM");
    // The table may have changed since its name was looked up without a lock.
    if (policy::isolation_condition(relation) == nullptr)
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_IN_USE),
                 errmsg("table \"%s\" was detached meanwhile", RelationGetRelationName(relation))));
    List *condition = prepare_condition(parse, statement);
    const bool inserts = needs_insert(relation);
    if (inserts)
        refuse_options(relation, statement);
    // Last, so that it is asked only of rows that the user's condition lets in.
    List *checked = inserts ? NIL : lappend(list_copy(condition), make_check(relation));
    CopyFromState state =
        BeginCopyFrom(parse, relation, reinterpret_cast<Node *>(checked), statement->filename,
                      statement->is_program, nullptr, statement->attlist, statement->options);
    const uint64 rows =
        inserts
            ? insert_rows(state, relation,
                          CopyGetAttnums(RelationGetDescr(relation), relation, statement->attlist),
                          condition)
            : CopyFrom(state);
    EndCopyFrom(state);
    table_close(relation, NoLock);
    free_parsestate(parse);
    return rows;
}

} // namespace tenancy::copy

using namespace tenancy;

TENANCY_FUNCTION(tenancy_require_own_row)
{
    if (!PG_ARGISNULL(0) && PG_GETARG_BOOL(0))
        PG_RETURN_BOOL(true);
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("row belongs to another tenant"),
             errdetail("The session acts for tenant \"%s\".", context::name()),
             errhint("Leave the tenant column out of the list of columns: its default is the "
                     "current tenant.")));
}
