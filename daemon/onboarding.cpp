// Creates tenants, one or a whole file: all or nothing, or as many as can be.
// SPDX-License-Identifier: PostgreSQL
#include "onboarding.hpp"

#include "secret.hpp"

#include <algorithm>
#include <optional>
#include <span>

namespace tenancyd
{

namespace
{

// More would push the summary off the screen; --json has them all.
constexpr size_t kShown = 20;

using Batch = std::span<const Tenant>;

std::string json_array(Batch batch)
{
    std::string array = "[";
    for (const auto &tenant : batch)
        array += (array.size() > 1 ? "," : "") + tenant.json;
    return array + "]";
}

void create(pg::Connection &connection, Batch batch, bool keep_going, std::vector<Onboarded> &done)
{
    const auto answer = connection.exec(
        "SELECT * FROM tenancy.create_tenants($1::jsonb, $2::boolean) ORDER BY position",
        {json_array(batch), keep_going ? "true" : "false"});
    for (int row = 0; row < answer.rows(); row++)
    {
        const size_t position = std::stoul(answer.text(row, "position"));
        if (position < 1 || position > batch.size())
            throw Error("tenancy.create_tenants() answered for a position that was not asked for",
                        "XX000");
        const auto &tenant = batch[position - 1];
        done.push_back({tenant.line, tenant.id, answer.text(row, "result"),
                        answer.text(row, "sqlstate"), answer.text(row, "message"),
                        answer.text(row, "hint")});
    }
}

// With keep_going, one value that jsonb itself refuses must not take its whole batch along: halve
// until it stands alone.
void create_all_that_can_be(pg::Connection &connection, Batch batch, std::vector<Onboarded> &done)
{
    try
    {
        pg::Transaction transaction(connection);
        create(connection, batch, true, done);
        transaction.commit();
    }
    catch (const Error &error)
    {
        if (error.sqlstate.substr(0, 2) != "22")
            throw;
        if (batch.size() == 1)
        {
            done.push_back(
                {batch[0].line, batch[0].id, "failed", error.sqlstate, error.what(), error.hint});
            return;
        }
        const size_t half = batch.size() / 2;
        create_all_that_can_be(connection, batch.first(half), done);
        create_all_that_can_be(connection, batch.subspan(half), done);
    }
}

std::vector<Onboarded> only_failed(const std::vector<Onboarded> &tenants)
{
    std::vector<Onboarded> failed;
    std::copy_if(tenants.begin(), tenants.end(), std::back_inserter(failed),
                 [](const Onboarded &tenant) { return tenant.result == "failed"; });
    return failed;
}

std::string describe(const Onboarded &tenant)
{
    std::string text;
    if (tenant.line)
        text = "line " + std::to_string(tenant.line) + ": ";
    text += tenant.message;
    if (!tenant.sqlstate.empty())
        text += " (" + tenant.sqlstate + ")";
    if (!tenant.hint.empty())
        text += "\n    " + tenant.hint;
    return text;
}

std::string list(const std::vector<Onboarded> &tenants, const std::string &separator,
                 std::string (*show)(const Onboarded &))
{
    std::string text;
    for (size_t i = 0; i < std::min(tenants.size(), kShown); i++)
        text += (i ? separator : "") + show(tenants[i]);
    if (tenants.size() > kShown)
        text += separator + "... and " + std::to_string(tenants.size() - kShown) +
                " more (--json lists all)";
    return text;
}

Json row_json(const Onboarded &tenant)
{
    Json row{{"line", tenant.line}, {"id", tenant.id}, {"result", tenant.result}};
    if (!tenant.line)
        row.erase("line");
    if (tenant.result == "failed")
    {
        row["sqlstate"] = tenant.sqlstate;
        row["message"] = redact(tenant.message);
        row["hint"] = redact(tenant.hint);
    }
    return row;
}

class Onboarding
{
public:
    Onboarding(pg::Connection &connection, const TenantFile &file, const OnboardOptions &options,
               const std::function<void(size_t)> &progress)
        : connection_(connection), file_(file), options_(options), progress_(progress)
    {}

    OnboardReport run()
    {
        OnboardReport report{options_.dry_run, {}};
        if (options_.dry_run)
        {
            pg::Transaction trial(connection_);
            report.tenants = try_each();
        }
        else if (options_.keep_going)
        {
            report.tenants = batch_by_batch();
        }
        else
        {
            report.tenants = all_or_nothing();
        }
        auto before = as_failed(file_.bad_rows);
        report.tenants.insert(report.tenants.end(), before.begin(), before.end());
        std::stable_sort(report.tenants.begin(), report.tenants.end(),
                         [](const Onboarded &a, const Onboarded &b) { return a.line < b.line; });
        return report;
    }

private:
    template <typename F>
    void for_each_batch(F run)
    {
        const Batch all(file_.tenants);
        for (size_t at = 0; at < all.size();)
        {
            const Batch batch = all.subspan(at, std::min(options_.batch_size, all.size() - at));
            run(batch);
            at += batch.size();
            if (progress_)
                progress_(at);
        }
    }

    std::vector<Onboarded> try_each()
    {
        std::vector<Onboarded> done;
        for_each_batch([&](Batch batch) { create_all_that_can_be(connection_, batch, done); });
        return done;
    }

    std::vector<Onboarded> batch_by_batch()
    {
        try
        {
            return try_each();
        }
        catch (Error &error)
        {
            if (error.hint.empty())
                error.hint = "What was onboarded so far stays; run the command again to go on.";
            throw;
        }
    }

    std::vector<Onboarded> all_or_nothing()
    {
        std::vector<Onboarded> done;
        try
        {
            pg::Transaction transaction(connection_);
            for_each_batch([&](Batch batch) { create(connection_, batch, false, done); });
            if (auto failed = only_failed(done); !failed.empty())
                refuse(failed);
            transaction.commit();
            return done;
        }
        catch (const Error &)
        {
            if (!connection_.alive())
                throw;
            // Nothing is made; the server stopped at the first bad row, a trial run finds them all.
            const auto failed = find_failures();
            if (failed.empty())
                throw;
            if (failed[0].line == 0)
                throw Error(failed[0].message, failed[0].sqlstate, "", failed[0].hint);
            refuse(failed);
        }
    }

    std::vector<Onboarded> find_failures()
    {
        try
        {
            pg::Transaction trial(connection_);
            return only_failed(try_each());
        }
        catch (const Error &)
        {
            return {}; // not the rows' fault: the first error says what is wrong
        }
    }

    pg::Connection &connection_;
    const TenantFile &file_;
    const OnboardOptions &options_;
    const std::function<void(size_t)> &progress_;
};

} // namespace

size_t OnboardReport::count(const char *result) const
{
    return std::count_if(tenants.begin(), tenants.end(),
                         [&](const Onboarded &tenant) { return tenant.result == result; });
}

OnboardReport onboard(pg::Connection &connection, const TenantFile &file,
                      const OnboardOptions &options, const std::function<void(size_t)> &progress)
{
    if (!file.bad_rows.empty() && !options.keep_going && !options.dry_run)
        refuse(as_failed(file.bad_rows));
    return Onboarding(connection, file, options, progress).run();
}

void refuse(const std::vector<Onboarded> &failed)
{
    const bool one = failed.size() == 1;
    Error error((one ? "1 row is" : std::to_string(failed.size()) + " rows are") +
                    std::string(" not valid, nothing was onboarded"),
                failed[0].sqlstate, list(failed, "\n  ", describe),
                "Correct the file, or onboard the good rows with --keep-going.");
    error.rows = Json::array();
    for (const auto &row : failed)
        error.rows.push_back(row_json(row));
    throw error;
}

std::vector<Onboarded> as_failed(const std::vector<BadRow> &rows)
{
    std::vector<Onboarded> failed;
    for (const auto &row : rows)
        failed.push_back({row.line, row.id, "failed", row.sqlstate, row.message, row.hint});
    return failed;
}

int exit_code(const OnboardReport &report)
{
    const size_t failed = report.count("failed");
    if (failed == 0)
        return kOk;
    return report.dry_run || failed == report.tenants.size() ? kFailure : kPartial;
}

Json to_json(const OnboardReport &report)
{
    Json rows = Json::array();
    for (const auto &tenant : report.tenants)
        rows.push_back(row_json(tenant));
    return {{"dry_run", report.dry_run},
            {"created", report.count("created")},
            {"unchanged", report.count("unchanged")},
            {"failed", report.count("failed")},
            {"tenants", std::move(rows)}};
}

void print_report(std::ostream &out, std::ostream &problems, const OnboardReport &report)
{
    if (const auto failed = only_failed(report.tenants); !failed.empty())
        problems << redact(list(failed, "\n", describe)) << std::endl;
    if (report.tenants.size() <= kShown)
        for (const auto &tenant : report.tenants)
            if (tenant.result != "failed")
                out << tenant.result << " " << tenant.id << "\n";
    out << (report.dry_run ? "dry run, nothing kept: " : "") << report.count("created")
        << " created, " << report.count("unchanged") << " unchanged, " << report.count("failed")
        << " failed" << std::endl;
}

} // namespace tenancyd
