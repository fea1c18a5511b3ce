// Second look for index paths, with the functions trusted that cannot be a tenant's own.
// SPDX-License-Identifier: PostgreSQL
//
// Behind row security a condition may use an index only if its functions are leakproof, and LIKE,
// jsonb, arrays, full text, ranges and numeric are not. Running such an operator on another tenant's
// index entry is harmless if the operator cannot pass on what it sees. A tenant cannot make one that
// does: operator classes are a superuser's to create, and here only the server's own functions and
// those of extensions are trusted. Filters keep their order: whatever else stands in the query sees a
// row only after the isolation condition has let it through.
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

static bool has_foreign_function(Node *node, void *nothing)
{
    if (node == nullptr)
        return false;
    // A sub-select could read anything.
    if (IsA(node, SubLink) || IsA(node, SubPlan))
        return true;
    if (check_functions_in_node(node, is_foreign_function, nothing))
        return true;
    return expression_tree_walker(node, pg::walker(has_foreign_function), nothing);
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
            has_foreign_function(reinterpret_cast<Node *>(condition->clause), nullptr))
            continue;
        condition->leakproof = true;
        *marked = lappend(*marked, condition);
        count++;
    }
    return count;
}

} // namespace

void add_paths(PlannerInfo *root, RelOptInfo *relation, RangeTblEntry *entry)
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

} // namespace tenancy::promotion
