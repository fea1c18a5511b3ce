// Telling that use has reached a threshold of a limit: once a window, with the transaction that reached it.
// SPDX-License-Identifier: PostgreSQL
//
// A session knows from which use on there is something to tell (Slot::tell_at) and asks the table only
// then. Whoever finds a threshold reached and no row, writes the row at pre-commit; the primary key
// decides between those that do so at once. Use is what is reserved, as everywhere: the last of
// those that commit has seen the use of all of them, so none is missed.
#pragma once

#include "pg.hpp"

#include "quota.hpp"

namespace tenancy::alerts
{

// The limits, the windows or what has been told of them have changed.
void arm(quota::Slot *slot);

// What has just been admitted may have reached a threshold.
void note_if_crossed(quota::Slot *slot, const core::Windows &windows);
inline void note(quota::Slot *slot, const quota::Outcome &outcome)
{
    if (unlikely(outcome.decision.remaining <= slot->tell_below))
        note_if_crossed(slot, outcome.state.windows);
}

// What a request would meet now.
using Look = void (*)(quota::Slot *slot, int64 amount, quota::Outcome *outcome);

// The ends of transactions. Only write() can fail; it comes after all rows that count.
void write(Look look);
void settle(bool committed);

} // namespace tenancy::alerts
