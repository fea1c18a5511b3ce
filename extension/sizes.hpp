// Sizes of tenants: a kept plan is made for one, and dropped when a tenant of quite another one comes.
// SPDX-License-Identifier: PostgreSQL
//
// A plan without parameters is made once, with the row estimates of the tenant that came first. It
// lists, among what invalidates it, a mark for each attached table. When the tenant changes to one
// whose rows in a table are estimated at eight times more or less than those the plans were made
// for, the server is told that the mark has changed, and drops these plans and no others. What is
// known of a tenant is kept, so that changing to it reads no catalog; what is not known counts as
// different.
#pragma once

#include "pg.hpp"

namespace tenancy::sizes
{

// A table in a plan, and how its tenant column is compared.
struct Table
{
    Oid relation;
    bool is_partitioned;
    AttrNumber column;
    Oid type; // of the tenant's value
    Oid equal;
    Oid collation;

    bool operator==(const Table &) const = default;
};

void init();

// A plan that may be kept reads a table: returns the hash of the mark that it is to carry, under
// PROCOID. Drops plans made for another size.
uint32 mark_plan(const Table &table);

// Is there a plan that depends on a tenant's size?
bool is_of_interest();

// Before a tenant is set, where catalogs can be read: learns how much it has.
void learn(const char *key);

// The tenant changes: drops what was planned for another size. Cannot fail.
void change_to(const char *key);

} // namespace tenancy::sizes
