// The session's cursors over tenants' tables.
// SPDX-License-Identifier: PostgreSQL
#include "cursors.hpp"

#include "context.hpp"
#include "policy.hpp"
#include "registry.hpp"
#include "schema_wall.hpp"

namespace tenancy::cursors
{

namespace
{

// Cursors over tenants' tables, and whose rows they were opened for. One that is held outlives its
// transaction.
struct Cursor
{
    char name[NAMEDATALEN];
    char tenant[registry::kNameSize]; // empty: none
    bool is_shut;
};
constinit HTAB *opened = nullptr;

bool reads_attached_table(const PlannedStmt *plan)
{
    ListCell *cell;
    foreach (cell, plan->rtable)
    {
        const auto *entry = static_cast<const RangeTblEntry *>(lfirst(cell));
        if (entry->rtekind == RTE_RELATION && policy::is_attached(entry->relid))
            return true;
    }
    return false;
}

// What is held has its rows stored, whatever it read them from: a function may have read tenants'
// tables.
bool is_tenants(const Portal portal)
{
    const auto *plan = linitial_node(PlannedStmt, portal->stmts);
    return reads_attached_table(plan) || schema_wall::depends_on_tenant(plan) ||
           ((portal->cursorOptions & CURSOR_OPT_HOLD) != 0 && context::is_set());
}

// PL/pgSQL and cursor_to_xml() fetch without a statement, and from stored rows without the executor:
// there is no hook. The server itself asks a portal whether it is ready.
pg_noinline void shut_or_open()
{
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, opened);
    while (auto *cursor = static_cast<Cursor *>(hash_seq_search(&status)))
    {
        const Portal portal = GetPortalByName(cursor->name);
        if (!PortalIsValid(portal) || portal->holdStore == nullptr)
            continue;
        const bool is_others = strcmp(cursor->tenant, context::key()) != 0;
        if (is_others && portal->status == PORTAL_READY)
        {
            portal->status = PORTAL_DONE;
            cursor->is_shut = true;
        }
        else if (!is_others && cursor->is_shut && portal->status == PORTAL_DONE)
        {
            portal->status = PORTAL_READY;
            cursor->is_shut = false;
        }
    }
}

pg_noinline void forget_lost_ones()
{
    HASH_SEQ_STATUS status;
    hash_seq_init(&status, opened);
    while (const auto *cursor = static_cast<const Cursor *>(hash_seq_search(&status)))
        if (!PortalIsValid(GetPortalByName(cursor->name)))
            (void)hash_search(opened, cursor->name, HASH_REMOVE, nullptr);
}

} // namespace

void forget(const char *name)
{
    if (opened == nullptr)
        return;
    if (name != nullptr)
        (void)hash_search(opened, name, HASH_REMOVE, nullptr);
    else
    {
        hash_destroy(opened);
        opened = nullptr;
    }
}

void remember(const char *name)
{
    forget(name);
    const Portal portal = GetPortalByName(name);
    if (!PortalIsValid(portal) || portal->stmts == NIL || !registry::is_installed() ||
        !is_tenants(portal))
        return;
    if (opened == nullptr)
    {
        HASHCTL control{};
        control.keysize = NAMEDATALEN;
        control.entrysize = sizeof(Cursor);
        control.hcxt = TopMemoryContext;
        opened =
            hash_create("tenancy cursors", 16, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
    }
    auto *cursor = static_cast<Cursor *>(hash_search(opened, name, HASH_ENTER, nullptr));
    strlcpy(cursor->tenant, context::key(), sizeof(cursor->tenant));
    cursor->is_shut = false;
}

void tenant_changed()
{
    if (opened != nullptr)
        shut_or_open();
}

void forget_lost()
{
    if (opened != nullptr)
        forget_lost_ones();
}

// A cursor that was opened past the wall goes on past it, and one that is held has its rows stored,
// where no condition reaches them any more.
void check_fetch(const FetchStmt *statement)
{
    if (opened == nullptr || statement->portalname == nullptr)
        return;
    const auto *cursor =
        static_cast<const Cursor *>(hash_search(opened, statement->portalname, HASH_FIND, nullptr));
    if (cursor != nullptr && strcmp(cursor->tenant, context::key()) != 0)
        ereport(ERROR,
                (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                 errmsg("cursor \"%s\" was opened for another tenant", statement->portalname),
                 errhint("Close it, or set the tenant it was opened for.")));
}

} // namespace tenancy::cursors
