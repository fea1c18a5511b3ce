// Reading the bodies of SQL functions as the planner does when it inlines them.
// SPDX-License-Identifier: PostgreSQL
#include "inlining.hpp"

#include "wall.hpp"

namespace tenancy::inlining
{

namespace
{

// As inline_set_returning_function() asks.
bool can_be_inlined(HeapTuple tuple)
{
    const auto *function = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    return function->prolang == SQLlanguageId && function->prokind == PROKIND_FUNCTION &&
           function->proretset && !function->proisstrict && !function->prosecdef &&
           function->provolatile != PROVOLATILE_VOLATILE && function->prorettype != VOIDOID &&
           heap_attisnull(tuple, Anum_pg_proc_proconfig, nullptr);
}

// Its parameters' types are the caller's, who is not known here: it cannot be analyzed.
bool is_polymorphic(HeapTuple tuple)
{
    const auto *function = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
    for (int i = 0; i < function->pronargs; i++)
        if (IsPolymorphicType(function->proargtypes.values[i]))
            return true;
    return false;
}

bool names_table(Node *node, void *context)
{
    return node != nullptr && (IsA(node, RangeVar) ||
                               raw_expression_tree_walker(node, pg::walker(names_table), context));
}

// What reads no table can be judged without its types: functions in it are asked about by themselves.
Body judge_unanalyzed(HeapTuple tuple)
{
    bool is_null;
    const Datum source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &is_null);
    List *statements = pg_parse_query(TextDatumGetCString(source));
    if (list_length(statements) != 1)
        return Body::harmless;
    Node *statement = linitial_node(RawStmt, statements)->stmt;
    return IsA(statement, SelectStmt) && !names_table(statement, nullptr) ? Body::harmless
                                                                          : Body::unknown;
}

extern "C" {
// As the server does: an error in the body is shown in the body, and not in the query that calls it.
static void on_error(void *argument)
{
    auto *tuple = static_cast<HeapTuple>(argument);
    const int position = geterrposition();
    if (position > 0)
    {
        bool is_null;
        const Datum source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &is_null);
        errposition(0);
        internalerrposition(position);
        internalerrquery(TextDatumGetCString(source));
    }
    errcontext("SQL function \"%s\" during inlining",
               NameStr(reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->proname));
}
}

// The rewritten queries of the body, if it has one statement.
List *read_body(HeapTuple tuple)
{
    bool is_null;
    const Datum parsed = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &is_null);
    if (!is_null)
    {
        auto *body = static_cast<Node *>(stringToNode(TextDatumGetCString(parsed)));
        List *queries = IsA(body, List) ? linitial_node(List, reinterpret_cast<List *>(body))
                                        : list_make1(body);
        if (list_length(queries) != 1)
            return NIL;
        auto *query = linitial_node(Query, queries);
        AcquireRewriteLocks(query, true, false);
        return pg_rewrite_query(query);
    }
    const Datum unparsed = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &is_null);
    const char *source = TextDatumGetCString(unparsed);
    List *statements = pg_parse_query(source);
    if (list_length(statements) != 1)
        return NIL;
    return pg_analyze_and_rewrite_withcb(
        linitial_node(RawStmt, statements), source,
        reinterpret_cast<ParserSetupHook>(reinterpret_cast<void *>(sql_fn_parser_setup)),
        prepare_sql_fn_parse_info(tuple, nullptr, InvalidOid), nullptr);
}

Body judge(HeapTuple tuple)
{
    if (is_polymorphic(tuple))
        return judge_unanalyzed(tuple);
    ListCell *cell;
    foreach (cell, read_body(tuple))
        if (wall::is_past(lfirst_node(Query, cell)))
            return Body::past_wall;
    return Body::harmless;
}

} // namespace

Body look_into(Oid function)
{
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(tuple))
        return Body::harmless;
    Body body = Body::harmless;
    if (can_be_inlined(tuple))
    {
        MemoryContext scratch =
            AllocSetContextCreate(CurrentMemoryContext, "tenancy inlining", ALLOCSET_DEFAULT_SIZES);
        MemoryContext previous = MemoryContextSwitchTo(scratch);
        ErrorContextCallback context = {error_context_stack, on_error, tuple};
        error_context_stack = &context;
        body = judge(tuple);
        error_context_stack = context.previous;
        MemoryContextSwitchTo(previous);
        MemoryContextDelete(scratch);
    }
    ReleaseSysCache(tuple);
    return body;
}

} // namespace tenancy::inlining
