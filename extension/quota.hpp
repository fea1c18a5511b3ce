// Limits and their windows: what a tenant may use of a metric, and whether a request fits.
// SPDX-License-Identifier: PostgreSQL
//
// Owns the backend's copy of metrics and limits and asks `reservations` (or, without shared memory,
// the tables under a lock) for the decision. It does not know what becomes of admitted usage:
// that is the ledger's.
#pragma once

#include "pg.hpp"

#include "core/admission.hpp"
#include "limits.hpp"
#include "registry.hpp"
#include "reservations.hpp"

namespace tenancy::quota
{

using reservations::Act;
using Outcome = reservations::Answer;

// One tenant's use of one metric, as this backend knows it.
struct Slot
{
    reservations::Key key; // the hash key
    uint32 hash;           // of the key in shared memory
    uint64 generation;     // of the registry when the rest was read
    limits::Limits known;
    char tenant_id[registry::kNameSize];
    char time_zone[registry::kNameSize];
    core::WindowStarts starts;
    TimestampTz ends[core::kPeriods];
    TimestampTz valid_until;       // limits, starts and ends hold from starts.at[kHour] to here
    void *pending;                 // the ledger's list of this transaction's usage
    int64 releasing;               // by this transaction
    int64 tell_at[core::kPeriods]; // from this use on there is something to tell
    int64 tell_below;              // and only if no more than this remains of the tightest limit
    int told[core::kPeriods];    // the highest threshold of the window that has been told, percent
    int telling[core::kPeriods]; // the same, once the running transaction commits
    bool crossed;                // by this transaction: it is in alerts' list
    Slot *next_crossed;
    void *charges;     // the same of a metric of rows: row_quota's list
    bool is_unchecked; // ... with changes that are still to be checked
    Slot *next_unchecked;
};

// The slot of the present tenant and a metric; an error when the metric is unknown.
Slot *slot_of_current_tenant(const text *metric);
Slot *slot_of(const registry::Tenant *tenant, const text *metric);

// The same by names as they stand in tables; nullptr when there is no such tenant or metric any more.
Slot *slot_if_known(const char *tenant, const char *metric);

// The windows that contain an instant, in the tenant's time zone.
core::WindowStarts windows_at(Slot *slot, TimestampTz at);

// Usage of the running transaction that the ledger has not written yet, for the way without shared
// memory.
using PendingSum = void (*)(const Slot *slot, core::State *state);

struct Asked
{
    Act act;
    bool pin; // this transaction has no pin on the entry yet
    int64 amount;
    TimestampTz at;
    core::Share own; // of this transaction, as far as the act depends on it
    PendingSum pending;
};

void request(Slot *slot, const Asked &asked, Outcome *outcome);

// The end of a share, and of one pin. Cannot fail.
void settle(const Slot *slot, const core::WindowStarts &when, const core::Share &share,
            core::End end);
void unpin(const Slot *slot);

// Pins once more an entry that is pinned already. Cannot fail.
void pin(const Slot *slot);

// The counts behind a metric of rows have changed: they are read again, by everybody. Cannot fail.
void forget_metric(const char *metric);

// Other thresholds hold from now on. Cannot fail.
void rearm_alerts();

void forget_cache();

} // namespace tenancy::quota
