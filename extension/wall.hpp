// The wall for roles that bypass row security: the isolation policy's condition, added to their plans.
// SPDX-License-Identifier: PostgreSQL
//
// Row security does not apply to superusers, BYPASSRLS roles, and whatever runs with their rights
// (views, SECURITY DEFINER functions). While a tenant is set, the planner hook gives every query the
// condition and the check that the rewriter left out. Without a tenant they see everything.
#pragma once

#include "pg.hpp"

#include "plans.hpp"

namespace tenancy::wall
{

// Is the wall up for roles that bypass row security?
bool is_up();

// Adds what is missing to a query that is about to be planned, and to all queries within it, and
// gives the plan its tenant where it may have one.
void complete(Query *query, plans::Draft &draft);

// The condition of an attached relation, for a statement that asks it of each row itself. An error where
// it could run code of the table's owner as a role that bypasses row security.
Expr *require_condition(Relation relation);

// Does a query, or one within it, reach an attached table without the condition?
bool is_past(Query *query);

// While a query is planned, SQL functions with such a query must not be inlined: their bodies would
// not pass through complete(). Where the wall is not up they may, and the plan is one past the wall.
struct Planning
{
    int depth;
    bool is_past_wall;
};
bool keeps_from_inlining(Oid function); // one that is not the server's own
Planning planning_begins();
bool planning_ends(
    const Planning &outer); // what planning_begins() returned; none = end of transaction

// Queries of foreign keys have the owner's row security lifted. That is for the query itself, and was heeded
// when it was rewritten and completed: around its planning, start and run there is no more of it, or
// whatever is called then (triggers, functions in rules, indexes and constraints) would see all rows, too.
// An error undoes it with the (sub)transaction.
struct Level
{
    bool was_lifted;
    Oid user;
    int security;
};
bool is_foreign_key_query(); // is it one that is prepared or started now?
Level begin_level();
void end_level(const Level &level);

// The context, a setting or the glass changes: plans made under the other state must not be used
// again. Cannot fail.
void forget_plans();

// Does this role reach the relation's rows past row security?
bool is_bypassed(Oid relation, Oid role);

// At the end of a transaction: closes the glass whose time is over.
void close_glass_if_over();

} // namespace tenancy::wall
