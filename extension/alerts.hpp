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

inline bool has_crossed(const quota::Slot *slot, const quota::Outcome &outcome)
{
    if (likely(outcome.decision.remaining > slot->tell_below))
        return false;
    bool crossed = false;
    for (int p = 0; p < core::kPeriods; p++)
        crossed |= outcome.state.windows.used[p] >= slot->tell_at[p];
    return crossed;
}

void write(quota::Slot *slot, const core::Windows &windows);
void settle(quota::Slot *slot, bool committed);

} // namespace tenancy::alerts
