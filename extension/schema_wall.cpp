// Refusing what lies in another tenant's schema.
// SPDX-License-Identifier: PostgreSQL
#include "schema_wall.hpp"

#include "context.hpp"
#include "core/search_path.hpp"
#include "guc.hpp"
#include "registry.hpp"
#include "schemas.hpp"
#include "wall.hpp"

namespace tenancy::schema_wall
{

namespace
{

using schemas::is_used;
using schemas::Kind;
using schemas::kind_of;

// The schema that is being made, which nobody could reach yet.
constinit Oid under_construction = InvalidOid;

constinit Oid checking_function = InvalidOid;
constinit uint64 checking_function_generation = 0;

// Who is asked about without a tenant. Index builds and ANALYZE run as a table's owner, on behalf of
// whoever started them.
bool is_bypassing()
{
    return has_bypassrls_privilege(InSecurityRestrictedOperation() ? GetSessionUserId()
                                                                   : GetUserId());
}

bool is_own(Oid oid)
{
    char name[core::kSchemaNameSize];
    core::schema_name(context::key(), name);
    const char *other = get_namespace_name(oid);
    return other != nullptr && strcmp(name, other) == 0;
}

bool may_pass()
{
    return is_bypassing() && (!context::is_set() || !wall::is_up());
}

// May the session reach what lies in the schema? Foreign keys are checked by queries of the server's
// own, which must see all rows; what triggers do within them must not.
bool is_reachable(Oid oid)
{
    if (kind_of(oid) != Kind::tenant || oid == under_construction)
        return true;
    return (context::is_set() && is_own(oid)) || may_pass() || wall::is_foreign_key_query();
}

bool is_changeable(Oid oid)
{
    const Kind kind = kind_of(oid);
    return is_reachable(oid) && (kind != Kind::template_schema || !context::is_set() || may_pass());
}

[[noreturn]] void refuse(Oid schema)
{
    const bool is_template = kind_of(schema) == Kind::template_schema;
    ereport(
        ERROR,
        (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
         is_template
             ? errmsg("the template of tenants' schemas cannot be changed while a tenant is set")
             : errmsg("schema \"%s\" is out of reach", get_namespace_name(schema)),
         is_template ? errdetail("It is schema \"%s\", from which the schema of each new tenant "
                                 "is made.",
                                 get_namespace_name(schema))
         : context::is_set()
             ? errdetail("It belongs to another tenant than \"%s\".", context::name())
             : errdetail("It belongs to a tenant, and no tenant is set."),
         context::is_set() ? errhint("Leave the tenant first: SELECT tenancy.reset_tenant().")
                           : errhint("Run SET %s = '...' or tenancy.set_tenant() first.",
                                     guc::tenant_setting_name())));
}

// The schema of an object that may have been made by the present command, so that no cache has it.
Oid schema_of(Oid catalog, Oid object)
{
    Oid by_oid;
    AttrNumber oid_column;
    AttrNumber schema_column;
    switch (catalog)
    {
    case NamespaceRelationId:
        return object;
    case RelationRelationId:
        by_oid = ClassOidIndexId, oid_column = Anum_pg_class_oid;
        schema_column = Anum_pg_class_relnamespace;
        break;
    case ProcedureRelationId:
        by_oid = ProcedureOidIndexId, oid_column = Anum_pg_proc_oid;
        schema_column = Anum_pg_proc_pronamespace;
        break;
    case TypeRelationId:
        by_oid = TypeOidIndexId, oid_column = Anum_pg_type_oid;
        schema_column = Anum_pg_type_typnamespace;
        break;
    default:
        return InvalidOid;
    }
    Oid schema = InvalidOid;
    Relation relation = table_open(catalog, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, oid_column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object));
    SysScanDesc scan = systable_beginscan(relation, by_oid, true, SnapshotSelf, 1, &key);
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple))
    {
        bool is_null;
        schema = DatumGetObjectId(
            heap_getattr(tuple, schema_column, RelationGetDescr(relation), &is_null));
    }
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
    return schema;
}

bool is_sequence_function(Oid function)
{
    return function == F_NEXTVAL || function == F_CURRVAL || function == F_SETVAL_REGCLASS_INT8 ||
           function == F_SETVAL_REGCLASS_INT8_BOOL || function == F_PG_SEQUENCE_LAST_VALUE ||
           pg::is_sequence_data(function);
}

extern "C" {
static bool complete_walker(Node *node, void *nothing)
{
    if (node == nullptr)
        return false;
    if (IsA(node, Query))
        return query_tree_walker(reinterpret_cast<Query *>(node), pg::walker(complete_walker),
                                 nothing, 0);
    if (IsA(node, FuncExpr) && is_sequence_function(reinterpret_cast<FuncExpr *>(node)->funcid))
    {
        auto *call = reinterpret_cast<FuncExpr *>(node);
        auto *argument = static_cast<Node *>(linitial(call->args));
        if (!IsA(argument, FuncExpr) ||
            reinterpret_cast<FuncExpr *>(argument)->funcid != checking_function)
            linitial(call->args) =
                makeFuncExpr(checking_function, REGCLASSOID, list_make1(argument), InvalidOid,
                             InvalidOid, COERCE_EXPLICIT_CALL);
    }
    return expression_tree_walker(node, pg::walker(complete_walker), nothing);
}
}

Oid relation_schema(Oid relation)
{
    return relation < FirstNormalObjectId ? InvalidOid : get_rel_namespace(relation);
}

} // namespace

bool check_plan(const PlannedStmt *plan)
{
    if (!is_used())
        return false;
    bool is_tenants = false;
    ListCell *cell;
    foreach (cell, plan->relationOids)
    {
        const Oid schema = relation_schema(lfirst_oid(cell));
        if (!OidIsValid(schema))
            continue;
        if (!is_reachable(schema))
            refuse(schema);
        is_tenants = is_tenants || kind_of(schema) == Kind::tenant;
    }
    foreach (cell, plan->resultRelations)
    {
        const Oid schema = relation_schema(rt_fetch(lfirst_int(cell), plan->rtable)->relid);
        if (OidIsValid(schema) && !is_changeable(schema))
            refuse(schema);
    }
    return is_tenants;
}

bool depends_on_tenant(const PlannedStmt *plan)
{
    if (!is_used())
        return false;
    ListCell *cell;
    foreach (cell, plan->relationOids)
    {
        const Oid schema = relation_schema(lfirst_oid(cell));
        if (OidIsValid(schema) && kind_of(schema) == Kind::tenant)
            return true;
    }
    return false;
}

void complete(Query *query)
{
    if (query->commandType == CMD_UTILITY || !is_used())
        return;
    if (checking_function_generation != registry::generation())
    {
        const Oid regclass = REGCLASSOID;
        checking_function =
            GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("require_reachable"),
                            PointerGetDatum(buildoidvector(&regclass, 1)),
                            ObjectIdGetDatum(registry::relations().schema));
        checking_function_generation = registry::generation();
    }
    if (OidIsValid(checking_function))
        (void)complete_walker(reinterpret_cast<Node *>(query), nullptr);
}

bool keeps_from_inlining(Oid function)
{
    // The sequence functions are volatile, so a function that is not cannot be inlined to one.
    return function >= FirstNormalObjectId && is_used() &&
           func_volatile(function) == PROVOLATILE_VOLATILE;
}

void check_access(ObjectAccessType access, Oid catalog, Oid object, void *argument)
{
    if (access == OAT_FUNCTION_EXECUTE)
    {
        if (object >= FirstNormalObjectId && is_used())
        {
            const Oid schema = get_func_namespace(object);
            if (!is_reachable(schema))
                refuse(schema);
        }
        return;
    }
    if (access == OAT_NAMESPACE_SEARCH)
    {
        auto *search = static_cast<ObjectAccessNamespaceSearch *>(argument);
        if (is_reachable(object))
        {
            // What stands in the tenant's place, but was not made for it, is not put before others.
            if (!search->ereport_on_violation && context::is_set() && is_used() &&
                kind_of(object) == Kind::other && is_own(object))
                search->result = false;
            return;
        }
        if (search->ereport_on_violation)
            refuse(object);
        search->result = false;
        return;
    }
    if ((access != OAT_POST_CREATE && access != OAT_POST_ALTER && access != OAT_DROP &&
         access != OAT_TRUNCATE) ||
        object < FirstNormalObjectId || !is_used())
        return;
    const Oid schema = schema_of(catalog, object);
    if (OidIsValid(schema) && !is_changeable(schema))
        refuse(schema);
}

namespace
{

void check_schema_name(const char *name)
{
    const Oid schema = get_namespace_oid(name, true);
    if (OidIsValid(schema) && !is_changeable(schema))
        refuse(schema);
}

void check_schema_names(const List *names)
{
    ListCell *cell;
    foreach (cell, names)
        check_schema_name(strVal(lfirst(cell)));
}

// The name is what tells whose a schema is.
void check_rename(const RenameStmt *statement)
{
    if (statement->renameType != OBJECT_SCHEMA)
        return;
    check_schema_name(statement->subname);
    const Oid schema = get_namespace_oid(statement->subname, true);
    if (OidIsValid(schema) && kind_of(schema) != Kind::other)
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("schema \"%s\" cannot be renamed", statement->subname),
                 errdetail("It is known by its name as a tenant's schema, or as the template."),
                 errhint("Another template is chosen with tenancy.set_template_schema().")));
}

void check_copy(const CopyStmt *statement)
{
    if (!statement->is_from || statement->relation == nullptr)
        return;
    const Oid relation = RangeVarGetRelid(statement->relation, NoLock, true);
    const Oid schema = OidIsValid(relation) ? get_rel_namespace(relation) : InvalidOid;
    if (OidIsValid(schema) && !is_changeable(schema))
        refuse(schema);
}

} // namespace

void check_utility(const Node *statement)
{
    if (!is_used())
        return;
    switch (nodeTag(statement))
    {
    case T_RenameStmt:
        check_rename(reinterpret_cast<const RenameStmt *>(statement));
        break;
    case T_GrantStmt:
        if (reinterpret_cast<const GrantStmt *>(statement)->objtype == OBJECT_SCHEMA)
            check_schema_names(reinterpret_cast<const GrantStmt *>(statement)->objects);
        break;
    case T_CommentStmt:
        if (reinterpret_cast<const CommentStmt *>(statement)->objtype == OBJECT_SCHEMA)
            check_schema_name(strVal(reinterpret_cast<const CommentStmt *>(statement)->object));
        break;
    case T_AlterDefaultPrivilegesStmt: {
        ListCell *cell;
        foreach (cell, reinterpret_cast<const AlterDefaultPrivilegesStmt *>(statement)->options)
        {
            const auto *option = static_cast<const DefElem *>(lfirst(cell));
            if (strcmp(option->defname, "schemas") == 0)
                check_schema_names(reinterpret_cast<const List *>(option->arg));
        }
        break;
    }
    case T_CopyStmt:
        check_copy(reinterpret_cast<const CopyStmt *>(statement));
        break;
    default:
        break;
    }
}

} // namespace tenancy::schema_wall

using namespace tenancy;

// Around the argument of nextval(), setval() and their like, which take any sequence's OID.
TENANCY_FUNCTION(tenancy_require_reachable)
{
    const Oid schema = schema_wall::relation_schema(PG_GETARG_OID(0));
    if (OidIsValid(schema) && !schema_wall::is_changeable(schema))
        schema_wall::refuse(schema);
    PG_RETURN_OID(PG_GETARG_OID(0));
}

// Runs a statement as a role that is given, for a schema that is being made. As the owner of what it
// makes, so that nothing an owner wrote into a definition ever runs with the extension's rights; restricted
// and with its settings undone, so that it leaves nothing behind, such as a deferred trigger, that would
// run later with those of the caller.
TENANCY_FUNCTION(tenancy_build_schema)
{
    const char *schema = text_to_cstring(PG_GETARG_TEXT_PP(0));
    const Oid role = PG_GETARG_OID(1);
    const char *statement = text_to_cstring(PG_GETARG_TEXT_PP(2));
    Oid user;
    int security_context;
    const Oid outer = schema_wall::under_construction;
    GetUserIdAndSecContext(&user, &security_context);
    schema_wall::under_construction = get_namespace_oid(schema, false);
    const int setting_level = NewGUCNestLevel();
    SetUserIdAndSecContext(role, security_context | SECURITY_LOCAL_USERID_CHANGE |
                                     SECURITY_RESTRICTED_OPERATION);
    PG_TRY();
    {
        SPI_connect();
        if (SPI_execute(statement, false, 0) < 0)
            elog(ERROR, "could not run: %s", statement);
        SPI_finish();
        AtEOXact_GUC(false, setting_level);
    }
    PG_FINALLY();
    {
        schema_wall::under_construction = outer;
        SetUserIdAndSecContext(user, security_context);
    }
    PG_END_TRY();
    PG_RETURN_VOID();
}
