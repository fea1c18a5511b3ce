// The backend's copy of what the registry tables say about tenants, and when it is out of date.
// SPDX-License-Identifier: PostgreSQL
//
// Entries are interned: a Tenant keeps its address until the end of a transaction that finds the
// cache too large, so that a query may hold a pointer into it for as long as it runs.
#pragma once

#include "pg.hpp"

#include "core/tenant_id.hpp"

namespace tenancy::registry
{

inline constexpr size_t kNameSize = core::kMaxTenantIdLength + 1;

enum class Status : uint8 { active, suspended, closed };

struct Tenant
{
    char key[kNameSize]; // the id in lower case: the hash key
    uint32 serial;       // of this entry in this backend; never 0, never given twice
    uint64 generation;   // of the registry when the rest was read; 0 = not read yet
    char id[kNameSize];  // as registered
    alignas(8) char text_form[VARHDRSZ + kNameSize]; // the id as a text datum
    pg_uuid_t uuid;
    int64 number;
    bool is_uuid;
    bool is_number;
    bool exists;
    Status status;
    TimestampTz status_changed_at;
    char status_reason[256];
    char plan[kNameSize]; // "" = none
    char time_zone[kNameSize];
};

struct Relations
{
    Oid schema;
    Oid tenants;
    Oid tenants_key; // unique index on lower(id)
    Oid metrics;
    Oid plan_limits;
    Oid tenant_limits;
    Oid cost_stops;
    Oid plan_settings;
    Oid plan_settings_key; // unique index, led by plan
    Oid tenant_settings;
    Oid tenant_settings_key; // unique index, led by tenant
    Oid ledger;
    Oid ledger_stamp; // its index
    Oid role_tenants;
    Oid role_tenants_key; // unique index, led by role
    Oid token_secrets;
    Oid token_secrets_key; // unique index on kid
    Oid counted_tables;
    Oid counted_tables_key; // unique index on relation
    Oid row_changes;
    Oid storage_tables;
};

void init();

enum class Presence : uint8 { unknown, absent, outdated, present };

// What is_installed() and generation() answer from: both are asked several times a statement.
extern Presence presence;
extern uint64 current_generation;
bool find_out_presence();

// Grows whenever anything cached from the registry may have changed.
inline uint64 generation()
{
    return current_generation;
}

// Is the extension installed in this database? Needs a transaction.
inline bool is_installed()
{
    return likely(presence == Presence::present) ||
           (presence == Presence::unknown && find_out_presence());
}

// It is, but its tables are older than this library, which therefore cannot tell tenants apart.
inline bool is_outdated()
{
    return !is_installed() && presence == Presence::outdated;
}

// The registry's relations; an error when the extension is not installed here.
const Relations &relations();

// The owner of the extension's tables, who writes the ledger on behalf of everybody.
Oid table_owner();

// Finds or makes the entry for a folded id and reads it again if it is out of date.
Tenant *lookup(const char *key);

// Drops the cache if it has grown too large; true if it did, and then no Tenant pointer is good.
bool trim_at_transaction_end();

} // namespace tenancy::registry
