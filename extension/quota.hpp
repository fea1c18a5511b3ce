// Limits and their windows: what a tenant may use of a metric, and whether a request fits.
// SPDX-License-Identifier: PostgreSQL
//
// Owns the backend's copy of metrics and limits and asks `reservations` (or, without shared memory,
// the tables under a lock) for the decision. It does not know what becomes of admitted usage:
// that is the ledger's.
#pragma once

#include "pg.hpp"

#include "core/admission.hpp"
#include "registry.hpp"
#include "reservations.hpp"

namespace tenancy::quota
{

// One tenant's use of one metric, as this backend knows it.
struct Slot
{
    reservations::Key key; // the hash key
    uint32 hash;           // of the key in shared memory
    uint64 generation;     // of the registry when the rest was read
    bool metric_exists;
    char tenant_id[registry::kNameSize];
    char time_zone[registry::kNameSize];
    core::Limits limits;
    core::WindowStarts starts;
    TimestampTz ends[core::kPeriods];
    TimestampTz valid_until; // starts and ends hold from starts.at[kHour] to here
    void *pending;           // the ledger's list of this transaction's usage
};

// The slot of the present tenant and a metric; an error when the metric is unknown.
Slot *slot_of_current_tenant(const text *metric);

// The windows that contain an instant, in the tenant's time zone.
core::WindowStarts windows_at(Slot *slot, TimestampTz at);

// Usage of the running transaction that the ledger has not written yet, for the way without shared
// memory.
using PendingSum = void (*)(const Slot *slot, core::Windows *windows);

enum class Mode {
    enforce, // reserve within the limits
    record,  // reserve, whatever the limits say
    look,    // only decide
};

struct Outcome
{
    core::Decision decision;
    core::Windows windows;
    core::WindowStarts when;
};

[[nodiscard]] Outcome request(Slot *slot, Mode mode, int64 amount, TimestampTz at, bool pin,
                              PendingSum pending);

// Gives back what was reserved, or lets go of the entry. Neither can fail.
void release(const Slot *slot, const core::WindowStarts &when, int64 amount);
void unpin(const Slot *slot);

// Pins once more an entry that is pinned already. Cannot fail.
void pin(const Slot *slot);

const char *period_name(int period);

[[noreturn]] void report_refusal(const Slot *slot, const core::Decision &decision, int64 amount);

void forget_cache();

} // namespace tenancy::quota
