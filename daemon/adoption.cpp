// Adopting a table: the loop over tenancy.adopt_step().
// SPDX-License-Identifier: PostgreSQL
#include "adoption.hpp"

#include <algorithm>
#include <thread>

namespace tenancyd
{

namespace
{

std::string text(bool value)
{
    return value ? "true" : "false";
}

std::string text(std::chrono::milliseconds value)
{
    return std::to_string(value.count()) + " ms";
}

void start(pg::Connection &connection, const AdoptOptions &options)
{
    connection.exec("SELECT tenancy.start_adoption($1::regclass, $2, $3::name, $4::regtype, "
                    "$5::name, $6::regclass, $7::boolean, $8::boolean)",
                    {options.table, options.default_tenant, options.tenant_column,
                     options.column_type, options.tenant_from, options.tenant_map,
                     text(options.rebuild_keys), options.fire_triggers});
}

pg::Result statements(pg::Connection &connection, const AdoptOptions &options)
{
    return connection.exec("SELECT * FROM tenancy.adoption_statements($1::regclass)",
                           {options.table});
}

std::vector<std::string> notes(pg::Connection &connection, const AdoptOptions &options)
{
    std::vector<std::string> found;
    const auto rest = statements(connection, options);
    for (int row = 0; row < rest.rows(); row++)
        if (!rest.value(row, "statement"))
            found.push_back(rest.text(row, "note"));
    return found;
}

// With the session's own lock_timeout: a concurrent build waits for the transactions of others while it
// makes nobody wait, and would never end on a busy server with the short one.
bool run_outside(pg::Connection &connection, const std::string &statement)
{
    try
    {
        connection.exec(statement.c_str());
        return true;
    }
    catch (const Error &error)
    {
        if (error.sqlstate != "55P03" && error.sqlstate != "40P01")
            throw;
        return false;
    }
}

} // namespace

std::chrono::milliseconds lock_wait(int tries)
{
    return std::min(std::chrono::milliseconds(2000),
                    std::chrono::milliseconds(20 << std::clamp(tries, 0, 10)));
}

pg::Result plan_adoption(pg::Connection &connection, const AdoptOptions &options)
{
    pg::Transaction trial(connection);
    if (options.rollback)
        connection.exec("SELECT tenancy.start_rollback($1::regclass)", {options.table});
    else
        start(connection, options);
    return statements(connection, options);
}

AdoptReport adopt(pg::Connection &connection, const AdoptOptions &options,
                  const AdoptProgress &progress)
{
    if (!options.rollback)
        start(connection, options);
    else if (connection
                 .exec("SELECT tenancy.start_rollback($1::regclass) AS begun", {options.table})
                 .text(0, "begun") != "t")
        return {"not adopted", {}};
    size_t seen = 0;
    for (int tries = 0;;)
    {
        const auto taken =
            connection.exec("SELECT * FROM tenancy.adopt_step($1::regclass, attach => $2::boolean, "
                            "batch_size => $3::integer, lock_timeout => $4::interval)",
                            {options.table, text(options.attach),
                             std::to_string(options.batch_size), text(options.lock_timeout)});
        const auto result = taken.text(0, "result"), statement = taken.text(0, "statement");
        if (result == "failed")
            throw Error(taken.text(0, "message"), taken.text(0, "sql_state"),
                        taken.text(0, "detail"), taken.text(0, "hint"));
        bool done = result == "working";
        if (result == "needs statement")
            done = run_outside(connection, statement);
        else if (!done && result != "waiting")
            return {result, result == "rolled back" ? std::vector<std::string>()
                                                    : notes(connection, options)};
        if (done)
        {
            const auto step = taken.text(0, "step");
            const size_t rows = std::stoull(taken.text(0, "rows_done"));
            // Looking at locked rows once more is no progress.
            if (step != "backfill" || rows > seen)
                tries = 0;
            seen = rows;
            progress(step, statement, rows, std::stoull(taken.text(0, "rows_total")));
            std::this_thread::sleep_for(options.pause);
        }
        else if (++tries > options.lock_retries)
            throw Error("step \"" + taken.text(0, "step") + "\" of table " + options.table +
                            " does not get its locks",
                        "55P03", taken.text(0, "message"),
                        "What is done stays. End the transactions that hold the table, and run the "
                        "command again.");
        else
            std::this_thread::sleep_for(lock_wait(tries));
    }
}

} // namespace tenancyd
