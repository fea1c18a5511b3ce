// Use that waits in prepared transactions: counted as theirs until somebody commits them or rolls them back.
// SPDX-License-Identifier: PostgreSQL
//
// A prepared transaction is no session's, and outlives the server. What it has used stands in its rows of
// the ledger, which are written before it is prepared; nobody sees them until it ends, but a scan that asks
// for rows of running transactions finds them, by their stamp. So an entry in shared memory can be
// loaded while prepared transactions exist, and need not be kept for them. The command that ends one holds
// all entries that it concerns: none can be loaded from a state that is about to change.
#pragma once

#include "pg.hpp"

#include "quota.hpp"

namespace tenancy::prepared
{

// Adds to a state what prepared transactions hold of the slot's tenant and metric.
void load(quota::Slot *slot, core::State *state);

// What a prepared transaction has done to entries; pins them. Nullptr if it has used nothing, or is not
// there, or not here.
struct Shares;
[[nodiscard]] Shares *hold(const char *gid);

// It has ended, or not (an error). Neither can fail.
void settle(const Shares *shares, core::End end);
void let_go(const Shares *shares);

} // namespace tenancy::prepared
