// Adopting a table: takes tenancy's steps one by one, and runs outside a transaction what has to be.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "output.hpp"
#include "pg.hpp"

#include <chrono>
#include <functional>

namespace tenancyd
{

struct AdoptOptions
{
    std::string table;
    pg::Value default_tenant, tenant_column, column_type, tenant_from, tenant_map, fire_triggers;
    bool rebuild_keys = true, attach = true, rollback = false;
    int batch_size = 5000, lock_retries = 100;
    std::chrono::milliseconds pause{0}, lock_timeout{200};
};

struct AdoptReport
{
    std::string result;             // adopted, ready, rolled back, not adopted
    std::vector<std::string> notes; // keys that stay, and why
};

// A step has been taken (done and total are rows of the backfill) or waits for a lock.
using AdoptProgress = std::function<void(const std::string &step, const std::string &statement,
                                         size_t done, size_t total)>;

// How long to wait before the next try, after so many in vain.
std::chrono::milliseconds lock_wait(int tries);

AdoptReport adopt(pg::Connection &connection, const AdoptOptions &options,
                  const AdoptProgress &progress);

// unit, step, statement, lock, in_transaction, note: what adopt() would do; nothing is kept.
pg::Result plan_adoption(pg::Connection &connection, const AdoptOptions &options);

} // namespace tenancyd
