// Plans and the tenant they were made under: which depend on it, and which hold it as a constant.
// SPDX-License-Identifier: PostgreSQL
//
// The isolation condition calls a current_tenant function, so that one plan serves all tenants. A
// plan that is used once and thrown away can have the tenant itself in that place: it is compared
// without a call, and partitions, partial indexes and statistics are chosen by it when the plan is
// made. Such a plan carries a mark, and the guard refuses to run it for anybody else.
#pragma once

#include "pg.hpp"

#include "registry.hpp"
#include "sizes.hpp"

namespace tenancy::plans
{

// A plan in the making.
struct Draft
{
    const char *source; // the query's text, and its parameters
    ParamListInfo params;
    const registry::Tenant *tenant; // whom it holds, if any
    bool is_past_wall;              // it reaches an attached table without the condition
    int table_count;                // otherwise: the attached tables it reads, the first of them
    sizes::Table tables[8];
};

void begin(Draft &draft, const char *source, ParamListInfo params);

// Puts the tenant into the security conditions of a query's table, or notes the table.
void visit(Draft &draft, RangeTblEntry *entry);

void finish(const Draft &draft, PlannedStmt *plan);

// Policies are their tables' owners' to make: may this condition of one, unlike those of attach(), call
// code of theirs?
bool may_run_foreign_code(Expr *condition);

// What running a plan demands of the context.
struct Dependence
{
    bool on_tenant;    // it calls a current_tenant function, or has a tenant as a constant
    bool is_past_wall; // it was made to see the rows of all tenants
    uint32 made_for;   // the serial number of that tenant; 0 = none
};
Dependence dependence_of(const PlannedStmt *plan);

// Is the tenant that a plan was made for the present one?
bool is_present(uint32 made_for);

} // namespace tenancy::plans
