// Rows of the table usage_ledger: their stamps, and the fastest way to write them.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "pg.hpp"

#include "ledger.hpp"

namespace tenancy::rows
{

// Columns of tenancy.usage_ledger; upgrades only append, and then rows are written by SQL.
enum LedgerColumn : int {
    kId,
    kTenant,
    kMetric,
    kAmount,
    kAt,
    kStamp,
    kKey,
    kAttributes,
    kRecordedAt,
    kLedgerColumns
};

void insert(const quota::Slot *slot, int64 amount, TimestampTz at, const ledger::Event &event);

// An error if this transaction has begun the ledger's era.
void refuse_prepare();

// A transaction or savepoint ends, which may have begun the era. Cannot fail.
void end_transaction(bool committed);

} // namespace tenancy::rows
