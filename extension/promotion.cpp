// Second look for index paths, with the functions trusted that cannot be a tenant's own.
// SPDX-License-Identifier: PostgreSQL
//
// Behind row security a condition may use an index only if its functions are leakproof, and LIKE,
// jsonb, arrays, full text, ranges and numeric are not. Running such an operator on another tenant's
// index entry is harmless if the operator cannot pass on what it sees. A tenant cannot make one that
// does: operator classes are a superuser's to create, and here only the server's own functions and
// those of extensions are trusted. Filters keep their order: whatever else stands in the query sees a
// row only after the isolation condition has let it through.
//
// An index may leave it to the table scan to ask the operator again, of rows of all tenants. So an
// operator is not trusted with a pattern that makes it tell by an error or by its time what it saw.
#include "promotion.hpp"

#include "guc.hpp"
#include "policy.hpp"
#include "registry.hpp"

namespace tenancy::promotion
{

namespace
{

// Contrib modules whose operators are plain comparisons; tenancy.index_promotion = on trusts all
// extensions.
constexpr const char *kTrustedExtensions[] = {"pg_trgm", "btree_gin", "btree_gist",   "citext",
                                              "hstore",  "intarray",  "ltree",        "cube",
                                              "seg",     "unaccent",  "fuzzystrmatch"};

extern "C" {
static bool is_foreign_function(Oid function, void *)
{
    if (function < FirstUnpinnedObjectId)
        return false;
    const Oid extension = getExtensionOfObject(ProcedureRelationId, function);
    if (!OidIsValid(extension))
        return true;
    if (guc::index_promotion == guc::kPromoteAll)
        return false;
    const char *name = get_extension_name(extension);
    for (const char *trusted : kTrustedExtensions)
        if (name != nullptr && strcmp(name, trusted) == 0)
            return false;
    return true;
}

static bool is_like(Oid function, void *)
{
    switch (function)
    {
    case F_TEXTLIKE:
    case F_LIKE_TEXT_TEXT:
    case F_TEXTICLIKE:
    case F_BPCHARLIKE:
    case F_BPCHARICLIKE:
    case F_NAMELIKE:
    case F_LIKE_NAME_TEXT:
    case F_NAMEICLIKE:
    case F_BYTEALIKE:
    case F_LIKE_BYTEA_BYTEA:
        return true;
    default:
        return false;
    }
}

static bool is_regular_expression(Oid function, void *)
{
    return function == F_TEXTREGEXEQ || function == F_TEXTICREGEXEQ || function == F_NAMEREGEXEQ ||
           function == F_NAMEICREGEXEQ || function == F_BPCHARREGEXEQ ||
           function == F_BPCHARICREGEXEQ;
}
}

// LIKE raises an error at an escape character that ends the pattern, but only for a text that matches
// all before it.
constexpr bool ends_in_escape(const char *pattern, int length)
{
    int escapes = 0;
    while (escapes < length && pattern[length - 1 - escapes] == '\\')
        escapes++;
    return escapes % 2 == 1;
}
static_assert(ends_in_escape("a\\", 2) && !ends_in_escape("a\\\\", 3) && !ends_in_escape("", 0));

// A back reference makes the time of a match grow without bounds with the text.
constexpr bool has_back_reference(const char *pattern, int length)
{
    for (int i = 1; i < length; i++)
        if (pattern[i - 1] == '\\' && pattern[i] >= '0' && pattern[i] <= '9')
            return true;
    return false;
}
static_assert(has_back_reference("(a*)\\1", 6) && !has_back_reference("a\\d1", 4));

// Could this operator tell by its pattern what it has seen? One that is not known yet could.
bool has_telling_pattern(Node *node)
{
    const bool like = check_functions_in_node(node, is_like, nullptr);
    if (!like && !check_functions_in_node(node, is_regular_expression, nullptr))
        return false;
    const List *arguments = IsA(node, OpExpr)     ? castNode(OpExpr, node)->args
                            : IsA(node, FuncExpr) ? castNode(FuncExpr, node)->args
                                                  : NIL;
    if (list_length(arguments) != 2 || !IsA(lsecond(arguments), Const))
        return true;
    const auto *pattern = castNode(Const, lsecond(arguments));
    if (pattern->constisnull)
        return false;
    // Both text and bytea: bytes with a length before them.
    const auto *value = reinterpret_cast<text *>(DatumGetPointer(pattern->constvalue));
    const char *bytes = VARDATA_ANY(value);
    const int length = static_cast<int>(VARSIZE_ANY_EXHDR(value));
    return like ? ends_in_escape(bytes, length) : has_back_reference(bytes, length);
}

extern "C" {
static bool can_tell(Node *node, void *nothing)
{
    if (node == nullptr)
        return false;
    // A sub-select could read anything.
    if (IsA(node, SubLink) || IsA(node, SubPlan))
        return true;
    if (check_functions_in_node(node, is_foreign_function, nothing) || has_telling_pattern(node))
        return true;
    return expression_tree_walker(node, pg::walker(can_tell), nothing);
}
}

// The entry whose security conditions hold for the relation: its own, or its topmost parent's.
const RangeTblEntry *guarding_entry(PlannerInfo *root, RelOptInfo *relation, RangeTblEntry *entry)
{
    if (relation->reloptkind != RELOPT_OTHER_MEMBER_REL)
        return entry;
    Index index = relation->relid;
    while (root->append_rel_array != nullptr && root->append_rel_array[index] != nullptr)
        index = root->append_rel_array[index]->parent_relid;
    return root->simple_rte_array[index];
}

// Is the wall the only barrier? With further policies in the way nothing is promoted.
bool has_only_the_wall(const RangeTblEntry *entry)
{
    if (list_length(entry->securityQuals) != 1 || entry->rtekind != RTE_RELATION)
        return false;
    return policy::is_attached(entry->relid);
}

// Marks trusted conditions leakproof, or takes the marks back; returns how many.
int mark(List *conditions, List **marked)
{
    int count = 0;
    ListCell *cell;
    foreach (cell, conditions)
    {
        auto *condition = static_cast<RestrictInfo *>(lfirst(cell));
        if (condition->leakproof || condition->security_level == 0 || condition->pseudoconstant ||
            can_tell(reinterpret_cast<Node *>(condition->clause), nullptr))
            continue;
        condition->leakproof = true;
        *marked = lappend(*marked, condition);
        count++;
    }
    return count;
}

pg_noinline void add_paths_behind_wall(PlannerInfo *root, RelOptInfo *relation,
                                       RangeTblEntry *entry)
{
    if (guc::index_promotion == guc::kPromoteNone || relation->indexlist == NIL ||
        entry->rtekind != RTE_RELATION ||
        (relation->reloptkind != RELOPT_BASEREL && relation->reloptkind != RELOPT_OTHER_MEMBER_REL))
        return;
    const RangeTblEntry *guarding = guarding_entry(root, relation, entry);
    if (guarding->securityQuals == NIL || !registry::is_installed() || !has_only_the_wall(guarding))
        return;
    List *marked = NIL;
    if (mark(relation->baserestrictinfo, &marked) + mark(relation->joininfo, &marked) == 0)
        return;
    create_index_paths(root, relation);
    ListCell *cell;
    foreach (cell, marked)
        static_cast<RestrictInfo *>(lfirst(cell))->leakproof = false;
}

} // namespace

void add_paths(PlannerInfo *root, RelOptInfo *relation, RangeTblEntry *entry)
{
    if (entry->securityQuals != NIL || relation->reloptkind == RELOPT_OTHER_MEMBER_REL)
        add_paths_behind_wall(root, relation, entry);
}

} // namespace tenancy::promotion
