// The list of what `serve` does by itself.
// SPDX-License-Identifier: PostgreSQL
#include "jobs.hpp"

#include "billing.hpp"
#include "server.hpp"
#include "status.hpp"

#include <spdlog/spdlog.h>

namespace tenancyd
{

namespace
{

void run_rollup(pg::Connection &connection, Metrics &metrics)
{
    const auto done = rollup(connection);
    const auto rows = done.text(0, "rows_rolled");
    metrics.rolled_up(std::stod(rows));
    spdlog::log(rows == "0" ? spdlog::level::debug : spdlog::level::info,
                "rolled up {} ledger rows of {} tenants, {} pending", rows, done.text(0, "tenants"),
                done.text(0, "pending"));
}

// Issues what is due, a month a transaction, and remembers the last month that is complete: what
// failed is tried again.
class Invoicing
{
public:
    Invoicing(int look_back, Metrics &metrics) : look_back_(look_back), metrics_(metrics) {}

    void operator()(pg::Connection &connection)
    {
        const auto due = months_to_invoice(server_clock(connection), done_, look_back_);
        if (due.empty())
            return;
        run_rollup(connection, metrics_);
        int failed = 0;
        std::string first_error;
        for (const Month month : due)
        {
            const auto run = issue_invoices(connection, month);
            metrics_.invoices_issued(run.created);
            if (run.created)
                spdlog::info("issued {} invoices for {}", run.created, to_string(month));
            if (failed == 0 && run.failed == 0)
                done_ = month;
            failed += run.failed;
            if (first_error.empty())
                first_error = run.first_error;
        }
        if (failed)
            throw Error(std::to_string(failed) + " invoices could not be issued", "",
                        "The first: " + first_error + ".");
    }

private:
    const int look_back_;
    Metrics &metrics_;
    std::optional<Month> done_;
};

void observe(pg::Connection &connection, Metrics &metrics)
{
    const auto tenants = count_tenants(connection);
    for (int row = 0; row < tenants.rows(); row++)
        metrics.tenants(tenants.text(row, "status"), std::stod(tenants.text(row, "tenants")));
    if (const auto ledger = ledger_state(connection); ledger.rows())
        metrics.pending_rows(std::stod(ledger.text(0, "pending")));
}

} // namespace

std::vector<Job> make_jobs(const Settings &settings, Metrics &metrics)
{
    const auto interval = settings.rollup_interval;
    std::vector<Job> jobs{
        {"rollup", interval, true, [&](auto &connection) { run_rollup(connection, metrics); }}};
    if (settings.invoice)
        jobs.push_back({"invoice", interval, true, Invoicing(settings.invoice_months, metrics)});
    jobs.push_back(
        {"observe", interval, false, [&](auto &connection) { observe(connection, metrics); }});
    return jobs;
}

} // namespace tenancyd
