// The list of open queries.
// SPDX-License-Identifier: PostgreSQL
#include "open_queries.hpp"

#include "context.hpp"

namespace tenancy::open_queries
{

namespace
{

// Lies in the memory of the query itself.
struct Open
{
    MemoryContextCallback callback;
    const EState *state;
    Open *newer;
    Open *older;
    char tenant[registry::kNameSize]; // empty: none
};

constinit Open *newest = nullptr;
constinit int of_tenants = 0;       // how many were opened for a tenant
constinit bool has_changed = false; // the tenant, since the oldest was opened

extern "C" {
static void on_memory_gone(void *gone)
{
    auto *query = static_cast<Open *>(gone);
    if (query->tenant[0] != '\0')
        of_tenants--;
    if (query->newer != nullptr)
        query->newer->older = query->older;
    else
        newest = query->older;
    if (query->older != nullptr)
        query->older->newer = query->newer;
    if (newest == nullptr)
        has_changed = false;
}
}

// A loop in PL/pgSQL, which nobody but the code around it can read from. It was opened by who may see
// all tenants, to go through them; whatever else is opened then would be a way around the wall.
bool is_loop_over_tenants(const Open *query, const QueryDesc *running)
{
    return query->tenant[0] == '\0' && ActivePortal != nullptr &&
           ActivePortal->queryDesc == running && ActivePortal->portalPinned;
}

} // namespace

void watch(const QueryDesc *query)
{
    // The query's memory goes at its end, and at an error: no other event is as sure.
    auto *opened =
        static_cast<Open *>(MemoryContextAllocZero(query->estate->es_query_cxt, sizeof(Open)));
    opened->state = query->estate;
    strlcpy(opened->tenant, context::key(), sizeof(opened->tenant));
    opened->callback.func = on_memory_gone;
    opened->callback.arg = opened;
    MemoryContextRegisterResetCallback(query->estate->es_query_cxt, &opened->callback);
    if (opened->tenant[0] != '\0')
        of_tenants++;
    opened->older = newest;
    if (newest != nullptr)
        newest->newer = opened;
    newest = opened;
}

bool is_any()
{
    return of_tenants > 0;
}

void tenant_changed()
{
    has_changed = newest != nullptr;
}

void check(const QueryDesc *query)
{
    if (likely(!has_changed))
        return;
    const Open *opened = newest;
    while (opened != nullptr && opened->state != query->estate)
        opened = opened->older;
    if (opened == nullptr || strcmp(opened->tenant, context::key()) == 0 ||
        is_loop_over_tenants(opened, query))
        return;
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("the query was opened for another tenant"),
                    opened->tenant[0] != '\0'
                        ? 0
                        : errdetail("It was opened without a tenant, and sees the rows of all."),
                    errhint("Close it before the tenant changes, or set the tenant it was opened "
                            "for.")));
}

} // namespace tenancy::open_queries
