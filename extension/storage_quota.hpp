// Refuses writes of a tenant that takes up more than its plan allows, as last measured.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

namespace tenancy::storage_quota
{

// May a plan that is about to run, or a COPY FROM, have to be refused? Cheap where nothing is limited.
bool is_to_be_checked(const PlannedStmt *plan);
bool is_to_be_checked();

// An error if the present tenant is above its limit, and this writes to its tables. Reads what it takes
// up, at most once a second.
void check(const PlannedStmt *plan);
void check(const CopyStmt *statement);

// A table that a statement makes from a query. Whose it is shows when it has been made, and attached.
struct NewTable
{
    Oid schema; // InvalidOid: none that is to be checked
    const char *name;
};
NewTable new_table_of(const Node *statement);
void check(const NewTable &table);

} // namespace tenancy::storage_quota
