// What clients are told of limits: refusals, and the limits one by one.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include "quota.hpp"

namespace tenancy::answers
{

// The error of a refused request.
[[noreturn]] void refuse(const quota::Slot *slot, const quota::Outcome &outcome, int64 amount);

// A row a limit of the slot, as check_quota() returns them.
void put_rows(const quota::Slot *slot, const quota::Outcome &outcome, int64 amount,
              ReturnSetInfo *result);

} // namespace tenancy::answers
