// Marks on plans, and the tenant as a constant.
// SPDX-License-Identifier: PostgreSQL
#include "plans.hpp"

#include "context.hpp"

namespace tenancy::plans
{

namespace
{

// The functions whose presence in a plan makes it depend on the tenant.
struct TenantFunction
{
    const char *name;
    Oid oid;
    uint32 hash; // under which plans list it among what invalidates them
};
constinit TenantFunction functions[] = {{"current_tenant", InvalidOid, 0},
                                        {"current_tenant_text", InvalidOid, 0},
                                        {"current_tenant_uuid", InvalidOid, 0},
                                        {"current_tenant_bigint", InvalidOid, 0},
                                        {"current_tenant_int", InvalidOid, 0}};
constinit uint64 functions_generation = 0;

// Among the items that invalidate a plan: no caches of the server's, so they never do.
constexpr int kMadeFor = -0x7451;
constexpr int kPastWall = -0x7452;

void look_up_functions()
{
    if (likely(functions_generation == registry::generation()))
        return;
    const uint64 generation = registry::generation();
    const Oid schema = registry::relations().schema;
    oidvector *no_arguments = buildoidvector(nullptr, 0);
    for (TenantFunction &function : functions)
    {
        function.oid =
            GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(function.name),
                            PointerGetDatum(no_arguments), ObjectIdGetDatum(schema));
        function.hash = GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(function.oid));
    }
    functions_generation = generation; // not the present one: looking up may have brought news
}

// A plan made with the values of its parameters is used once (the plan cache keeps only generic
// ones), and so is the plan of a query that came as text: its text is the message itself, while
// the plan cache has a copy of its own. In a client's backend debug_query_string is always one of
// these two, so that it is safe to ask where it was allocated.
bool is_used_once(const Draft &draft)
{
    return draft.params != nullptr ||
           (MyBackendType == B_BACKEND && draft.source != nullptr &&
            draft.source == debug_query_string &&
            GetMemoryChunkContext(const_cast<char *>(draft.source)) == MessageContext);
}

// The value that a call would return; nullptr when that is an error, which is left to the call.
Const *value_of(const FuncExpr *call, const registry::Tenant *tenant)
{
    switch (call->funcresulttype)
    {
    case TEXTOID:
        return makeConst(TEXTOID, -1, call->funccollid, -1,
                         PointerGetDatum(cstring_to_text(tenant->id)), false, false);
    case UUIDOID: {
        if (!tenant->is_uuid)
            return nullptr;
        auto *uuid = static_cast<pg_uuid_t *>(palloc(sizeof(pg_uuid_t)));
        *uuid = tenant->uuid;
        return makeConst(UUIDOID, -1, InvalidOid, UUID_LEN, UUIDPGetDatum(uuid), false, false);
    }
    case INT8OID:
        if (!tenant->is_number)
            return nullptr;
        return makeConst(INT8OID, -1, InvalidOid, sizeof(int64), Int64GetDatum(tenant->number),
                         false, FLOAT8PASSBYVAL);
    case INT4OID:
        if (!tenant->is_number || tenant->number > PG_INT32_MAX)
            return nullptr;
        return makeConst(INT4OID, -1, InvalidOid, sizeof(int32),
                         Int32GetDatum(static_cast<int32>(tenant->number)), false, true);
    default:
        return nullptr;
    }
}

bool is_tenant_function(Oid oid)
{
    for (const TenantFunction &function : functions)
        if (function.oid == oid)
            return true;
    return false;
}

PlanInvalItem *make_item(int cache, uint32 hash)
{
    PlanInvalItem *item = makeNode(PlanInvalItem);
    item->cacheId = cache;
    item->hashValue = hash;
    return item;
}

// The column that a condition compares with the tenant as attach() writes it; nullptr for any other.
// Policies are their tables' owners' to make: another operator is code of theirs, and behind a cast that
// computes the column's values, which the statistics have, are none of the operator's type.
const Var *compared_column(const Expr *condition)
{
    if (!IsA(condition, OpExpr))
        return nullptr;
    const auto *comparison = reinterpret_cast<const OpExpr *>(condition);
    if (list_length(comparison->args) != 2 || !IsA(lsecond(comparison->args), FuncExpr) ||
        !is_tenant_function(static_cast<const FuncExpr *>(lsecond(comparison->args))->funcid))
        return nullptr;
    switch (get_opcode(comparison->opno))
    {
    case F_TEXTEQ:
    case F_UUID_EQ:
    case F_INT8EQ:
    case F_INT4EQ:
    case F_INT48EQ:
    case F_INT84EQ:
        break;
    default:
        return nullptr;
    }
    const auto *column = static_cast<const Node *>(linitial(comparison->args));
    while (IsA(column, RelabelType))
        column = reinterpret_cast<const Node *>(reinterpret_cast<const RelabelType *>(column)->arg);
    return IsA(column, Var) ? reinterpret_cast<const Var *>(column) : nullptr;
}

extern "C" {
static bool is_foreign_function(Oid function, void *)
{
    return !is_tenant_function(function) && function != F_CURRENT_SETTING_TEXT &&
           function != F_CURRENT_SETTING_TEXT_BOOL &&
           (function >= FirstNormalObjectId || func_volatile(function) != PROVOLATILE_IMMUTABLE);
}

// The kinds of expression that are known to call nothing else, over types of the server's own: others'
// come with functions to compare, cast and read them.
static bool is_foreign_walker(Node *node, void *nothing)
{
    if (node == nullptr)
        return false;
    switch (nodeTag(node))
    {
    case T_List:
    case T_BoolExpr:
    case T_NullTest:
    case T_BooleanTest:
        break;
    case T_Var: // a domain's is read as its base type, and no code
        return getBaseType(exprType(node)) >= FirstNormalObjectId;
    case T_Const:
    case T_RelabelType:
    case T_CoerceViaIO:
    case T_OpExpr:
    case T_FuncExpr:
        if (exprType(node) >= FirstNormalObjectId ||
            check_functions_in_node(node, is_foreign_function, nothing))
            return true;
        break;
    default:
        return true;
    }
    return expression_tree_walker(node, pg::walker(is_foreign_walker), nothing);
}
}

void note_table(Draft &draft, const RangeTblEntry *entry, const OpExpr *comparison)
{
    const Var *column = compared_column(reinterpret_cast<const Expr *>(comparison));
    if (column == nullptr || draft.table_count == lengthof(draft.tables))
        return;
    draft.tables[draft.table_count++] = {
        entry->relid,
        entry->relkind == RELKIND_PARTITIONED_TABLE,
        column->varattno,
        exprType(static_cast<Node *>(lsecond(comparison->args))),
        get_opcode(comparison->opno),
        comparison->inputcollid,
    };
}

pg_noinline void mark(const Draft &draft, PlannedStmt *plan)
{
    if (draft.tenant != nullptr)
        plan->invalItems = lappend(plan->invalItems, make_item(kMadeFor, draft.tenant->serial));
    if (draft.is_past_wall)
        plan->invalItems = lappend(plan->invalItems, make_item(kPastWall, 0));
    for (int i = 0; i < draft.table_count; i++)
        plan->invalItems =
            lappend(plan->invalItems, make_item(PROCOID, sizes::mark_plan(draft.tables[i])));
}

pg_noinline Dependence read_dependence(const List *items)
{
    Dependence dependence{};
    look_up_functions();
    ListCell *cell;
    foreach (cell, items)
    {
        const auto *item = static_cast<const PlanInvalItem *>(lfirst(cell));
        if (item->cacheId == kMadeFor)
        {
            dependence.on_tenant = true;
            dependence.made_for = item->hashValue;
        }
        else if (item->cacheId == kPastWall)
            dependence.is_past_wall = true;
        else if (item->cacheId == PROCOID)
            for (const TenantFunction &function : functions)
                dependence.on_tenant = dependence.on_tenant || item->hashValue == function.hash;
    }
    return dependence;
}

} // namespace

void begin(Draft &draft, const char *source, ParamListInfo params)
{
    draft.source = source;
    draft.params = params;
    draft.tenant = nullptr;
    draft.is_past_wall = false;
    draft.table_count = 0;
}

void visit(Draft &draft, RangeTblEntry *entry)
{
    const bool may_hold_tenant = is_used_once(draft);
    // Who cannot be used is left to the guard, which says why.
    const registry::Tenant *tenant = may_hold_tenant ? context::usable() : nullptr;
    if (may_hold_tenant && tenant == nullptr)
        return;
    look_up_functions();
    ListCell *cell;
    foreach (cell, entry->securityQuals)
    {
        auto *comparison = static_cast<OpExpr *>(lfirst(cell));
        if (!IsA(comparison, OpExpr) || list_length(comparison->args) != 2 ||
            !IsA(lsecond(comparison->args), FuncExpr))
            continue;
        const auto *call = static_cast<const FuncExpr *>(lsecond(comparison->args));
        if (!is_tenant_function(call->funcid))
            continue;
        if (tenant == nullptr)
            note_table(draft, entry, comparison);
        else if (Const *value = value_of(call, tenant))
        {
            lsecond(comparison->args) = value;
            draft.tenant = tenant;
        }
    }
}

bool may_run_foreign_code(Expr *condition)
{
    look_up_functions();
    return compared_column(condition) == nullptr &&
           is_foreign_walker(reinterpret_cast<Node *>(condition), nullptr);
}

void finish(const Draft &draft, PlannedStmt *plan)
{
    if (draft.tenant != nullptr || draft.is_past_wall || draft.table_count > 0)
        mark(draft, plan);
}

bool is_present(uint32 made_for)
{
    const registry::Tenant *tenant = context::current();
    return tenant != nullptr && tenant->serial == made_for;
}

Dependence dependence_of(const PlannedStmt *plan)
{
    return plan->invalItems == NIL || !registry::is_installed() ? Dependence{}
                                                                : read_dependence(plan->invalItems);
}

} // namespace tenancy::plans
