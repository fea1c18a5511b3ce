// The program's commands: the options of each, and what it does.
// SPDX-License-Identifier: PostgreSQL
#include "commands.hpp"

#include "adoption.hpp"
#include "billing.hpp"
#include "check.hpp"
#include "error.hpp"
#include "init.hpp"
#include "jobs.hpp"
#include "onboarding.hpp"
#include "progress.hpp"
#include "serve.hpp"
#include "server.hpp"
#include "status.hpp"

#include <algorithm>
#include <iostream>

#include <unistd.h>

namespace tenancyd
{

namespace po = boost::program_options;

namespace
{

po::typed_value<std::string> *text(const char *value_name)
{
    return po::value<std::string>()->value_name(value_name);
}

std::string get(const Values &values, const char *name)
{
    return values.count(name) ? values[name].as<std::string>() : "";
}

bool is_set(const Values &values, const char *name)
{
    return values[name].as<bool>();
}

void add_json(po::options_description &options)
{
    options.add_options()("json", po::bool_switch(), "print JSON, for machines");
}

pg::Connection connect(const Settings &settings)
{
    pg::Connection connection(settings.connection);
    require_extension(connection);
    return connection;
}

void add_init_options(po::options_description &options)
{
    auto add = options.add_options();
    add("create-extension", po::bool_switch(),
        "create the extension when it is not there (needs a superuser)");
    add("role", text("ROLE"),
        "grant the operator's privileges to this role, the one tenancyd logs in as");
    add("app-role", text("ROLE"), "grant the application's privileges to this role");
    add_json(options);
}

int run_init(const Values &values, const Settings &settings)
{
    pg::Connection connection(settings.connection);
    const auto steps = init(connection, {is_set(values, "create-extension"), get(values, "role"),
                                         get(values, "app-role")});
    if (is_set(values, "json"))
        print_json(std::cout, to_json(steps));
    else
        print_steps(std::cout, steps);
    return kOk;
}

void add_onboard_options(po::options_description &options)
{
    auto add = options.add_options();
    add("id", text("ID"), "the tenant's id, 1 to 63 bytes");
    add("plan", text("PLAN"), "its plan");
    add("name", text("NAME"), "its name");
    add("time-zone", text("ZONE"), "its time zone, such as Europe/Berlin (default: UTC)");
    add("config", text("JSON"), "its configuration, a JSON object");
    add("csv", text("FILE"),
        "onboard every row of a CSV file instead (- is standard input); the header row names the "
        "columns: id, plan, name, time_zone, config");
    add("keep-going", po::bool_switch(),
        "leave bad rows out, and commit batch by batch, instead of all or nothing");
    add("batch-size", po::value<int>()->value_name("ROWS")->default_value(5000),
        "rows sent at a time");
    add("dry-run", po::bool_switch(), "try everything, keep nothing");
    add_json(options);
}

constexpr const char *kTenantOptions[] = {"id", "plan", "name", "time-zone", "config"};

TenantFile read_tenants(const Values &values)
{
    if (values.count("csv"))
    {
        for (const char *name : kTenantOptions)
            if (values.count(name))
                throw UsageError("--" + std::string(name) + " and --csv exclude each other");
        return parse_tenants(read_file(get(values, "csv")));
    }
    if (!values.count("id"))
        throw UsageError("neither --id nor --csv is given");
    TenantFile file;
    file.tenants.push_back(make_tenant({get(values, "id"), get(values, "plan"), get(values, "name"),
                                        get(values, "time-zone"), get(values, "config")},
                                       0));
    return file;
}

int run_onboard(const Values &values, const Settings &settings)
{
    const bool json = is_set(values, "json");
    const int batch_size = values["batch-size"].as<int>();
    if (batch_size < 1 || batch_size > 100'000)
        throw UsageError("--batch-size must lie between 1 and 100000");
    const OnboardOptions options{is_set(values, "keep-going"), is_set(values, "dry-run"),
                                 size_t(batch_size)};
    const TenantFile file = read_tenants(values);
    if (!file.bad_rows.empty() && !options.keep_going && !options.dry_run)
        refuse(as_failed(file.bad_rows)); // no server is needed to know

    auto connection = connect(settings);
    OnboardReport report;
    {
        Progress progress(std::cerr, isatty(STDERR_FILENO), file.tenants.size());
        const bool several = values.count("csv");
        report = onboard(connection, file, options, [&](size_t done) {
            if (several)
                progress.update(done);
        });
    }
    if (json)
        print_json(std::cout, to_json(report));
    else
        print_report(std::cout, std::cerr, report);
    return exit_code(report);
}

void add_adopt_options(po::options_description &options)
{
    auto add = options.add_options();
    add("table", text("TABLE"), "the table, as SCHEMA.NAME");
    add("default-tenant", text("ID"), "whose the rows are that nothing else says a tenant for");
    add("tenant-column", text("COLUMN"), "the column to add (default: tenancy.tenant_column)");
    add("column-type", text("TYPE"), "its type (default: that of the attached tables, or text)");
    add("tenant-from", text("COLUMN"), "the column that says whose a row is");
    add("tenant-map", text("TABLE"),
        "the table that --tenant-from refers to, which has the tenant");
    add("fire-triggers", text("BOOL"),
        "whether the table's triggers fire for rows that get theirs");
    add("keep-keys", po::bool_switch(), "leave keys and foreign keys as they are");
    add("no-attach", po::bool_switch(), "make all ready, but neither cut over nor attach");
    add("rollback", po::bool_switch(), "take back what has been done to the table");
    add("batch-size", po::value<int>()->value_name("ROWS")->default_value(5000),
        "rows that get their tenant at a time");
    add("pause", po::value<int>()->value_name("MS")->default_value(0),
        "milliseconds between steps");
    add("lock-timeout", po::value<int>()->value_name("MS")->default_value(200),
        "milliseconds that others wait behind a lock it waits for");
    add("lock-retries", po::value<int>()->value_name("N")->default_value(100),
        "how often in a row it tries to get a lock");
    add("dry-run", po::bool_switch(), "print what it would do, and the locks; do nothing");
    add_json(options);
}

AdoptOptions read_adopt_options(const Values &values)
{
    if (!values.count("table"))
        throw UsageError("--table is not given");
    for (const char *name : {"table", "tenant-map"})
        if (const auto table = get(values, name);
            values.count(name) && table.find('.') == table.npos)
            throw UsageError("--" + std::string(name) + " has no schema", "",
                             "Write it as SCHEMA.NAME, such as public." + table + ".");
    const auto optional = [&](const char *name) {
        return values.count(name) ? pg::Value(get(values, name)) : std::nullopt;
    };
    const auto number = [&](const char *name, int least) {
        const int value = values[name].as<int>();
        if (value < least || value > 1'000'000)
            throw UsageError("--" + std::string(name) + " must lie between " +
                             std::to_string(least) + " and 1000000");
        return value;
    };
    AdoptOptions options;
    options.table = get(values, "table");
    options.default_tenant = optional("default-tenant");
    options.tenant_column = optional("tenant-column");
    options.column_type = optional("column-type");
    options.tenant_from = optional("tenant-from");
    options.tenant_map = optional("tenant-map");
    options.fire_triggers = optional("fire-triggers");
    options.rebuild_keys = !is_set(values, "keep-keys");
    options.attach = !is_set(values, "no-attach");
    options.rollback = is_set(values, "rollback");
    options.batch_size = number("batch-size", 1);
    options.lock_retries = number("lock-retries", 0);
    options.pause = std::chrono::milliseconds(number("pause", 0));
    options.lock_timeout = std::chrono::milliseconds(number("lock-timeout", 1));
    return options;
}

int run_adopt(const Values &values, const Settings &settings)
{
    const bool json = is_set(values, "json");
    const auto options = read_adopt_options(values);
    auto connection = connect(settings);
    if (is_set(values, "dry-run"))
    {
        const auto plan = plan_adoption(connection, options);
        if (json)
            print_json(std::cout, {{"table", options.table}, {"statements", to_json(plan)}});
        else
            print_table(std::cout, plan);
        return kOk;
    }
    std::optional<Progress> progress;
    Json steps = Json::array();
    const auto report = adopt(
        connection, options,
        [&](const std::string &step, const std::string &statement, size_t done, size_t total) {
            if (step == "backfill")
            {
                if (!progress)
                    progress.emplace(std::cerr, isatty(STDERR_FILENO), std::max(total, done));
                progress->update(done);
                return;
            }
            progress.reset();
            steps.push_back({{"step", step}, {"statement", statement}});
            if (!json)
                std::cout << step << ": " << statement << std::endl;
        });
    if (json)
        print_json(std::cout, {{"table", options.table},
                               {"result", report.result},
                               {"steps", std::move(steps)},
                               {"notes", report.notes}});
    else
    {
        for (const auto &note : report.notes)
            std::cout << note << "\n";
        std::cout << "table " << options.table << " is " << report.result << std::endl;
    }
    return kOk;
}

int run_rollup(const Values &values, const Settings &settings)
{
    auto connection = connect(settings);
    const auto done = rollup(connection);
    if (is_set(values, "json"))
        print_json(std::cout, to_json(done, 0));
    else
        print_table(std::cout, done);
    return kOk;
}

void add_invoice_options(po::options_description &options)
{
    auto add = options.add_options();
    add("period", text("YYYY-MM"), "the month (default: the last one that is over)");
    add("tenant", text("ID"), "issue and show the invoice of one tenant (default: all tenants)");
    add_json(options);
}

int run_invoice(const Values &values, const Settings &settings)
{
    std::optional<Month> month;
    if (values.count("period"))
        month = parse_month(get(values, "period"));
    auto connection = connect(settings);
    if (!month)
        month = last_ended_month(server_clock(connection));

    const bool json = is_set(values, "json");
    if (values.count("tenant"))
    {
        const auto invoice = issue_invoice(connection, get(values, "tenant"), *month);
        if (json)
            print_json(std::cout, to_json(invoice));
        else
            print_invoice(std::cout, invoice);
        return kOk;
    }
    const auto run = issue_invoices(connection, *month);
    if (json)
        print_json(std::cout, {{"period", to_string(*month)}, {"invoices", to_json(run.rows)}});
    else if (run.rows.rows())
        print_table(std::cout, run.rows);
    else
        std::cout << "no invoices for " << to_string(*month) << std::endl;
    return exit_code(run);
}

void add_check_options(po::options_description &options)
{
    auto add = options.add_options();
    add("prove", po::bool_switch(), "attack the wall of every table, too (best as a superuser)");
    add("fail-on", text("LEVEL")->default_value("error"),
        "exit with 1 from this level on: warning or error");
    add_json(options);
}

int run_check(const Values &values, const Settings &settings)
{
    const FailOn fail_on = parse_fail_on(get(values, "fail-on"));
    auto connection = connect(settings);
    const auto report = check(connection, is_set(values, "prove"));
    if (is_set(values, "json"))
        print_json(std::cout, to_json(report));
    else
        print_check(std::cout, report);
    return exit_code(report, fail_on);
}

int run_status(const Values &values, const Settings &settings)
{
    auto connection = connect(settings);
    const auto report = status(connection);
    if (is_set(values, "json"))
        print_json(std::cout, report);
    else
        print_status(std::cout, report);
    return kOk;
}

void add_jobs_options(po::options_description &options)
{
    auto add = options.add_options();
    add("runs", po::value<int>()->value_name("COUNT")->default_value(0),
        "show the last runs, the newest first, instead of the jobs");
    add_json(options);
}

int run_jobs(const Values &values, const Settings &settings)
{
    const int count = values["runs"].as<int>();
    if (count < 0)
        throw UsageError("--runs must not be negative");
    auto connection = connect(settings);
    const auto rows = count ? list_runs(connection, count) : list_jobs(connection);
    if (is_set(values, "json"))
        print_json(std::cout, {{count ? "runs" : "jobs", to_json(rows)}});
    else
        print_table(std::cout, rows);
    return kOk;
}

void add_run_options(po::options_description &options)
{
    options.add_options()("job", text("JOB"), "the job; --job may be left out");
    add_json(options);
}

int run_run(const Values &values, const Settings &settings)
{
    if (!values.count("job"))
        throw UsageError("no job is named", "", "tenancyd jobs shows those there are.");
    const auto name = get(values, "job");
    auto connection = connect(settings);
    const auto run = run_job(connection, name);
    if (!run)
        throw Error("job \"" + name + "\" is running", "55006", "",
                    "tenancyd jobs --runs 1 shows where.");
    const auto details = run_details(connection, run->id);
    if (is_set(values, "json"))
        print_json(std::cout, {{"job", run->name},
                               {"run", std::stoll(run->id)},
                               {"attempt", run->attempt},
                               {"steps", run->steps},
                               {"seconds", run->took.count()},
                               {"details", Json::parse(details)},
                               {"error", run->error.empty() ? Json() : Json(run->error)}});
    else if (run->error.empty())
        std::cout << "job " << run->name << " done in " << run->steps
                  << (run->steps == 1 ? " step: " : " steps: ") << details << std::endl;
    if (!run->error.empty() && !is_set(values, "json"))
        throw Error("job \"" + run->name + "\" failed", "", run->error);
    return run->error.empty() ? kOk : kFailure;
}

void add_serve_options(po::options_description &options)
{
    const auto settings = serve_options();
    for (const auto &option : settings.options())
        options.add(option);
}

int run_serve(const Values &, const Settings &settings)
{
    return serve(settings);
}

constexpr Command kCommands[] = {
    {"init", "check the server and the extension, grant privileges", add_init_options, run_init},
    {"onboard", "create one tenant from flags, or many from a CSV file", add_onboard_options,
     run_onboard},
    {"adopt", "give a table in use the tenant column, and attach it, without downtime",
     add_adopt_options, run_adopt},
    {"serve", "run jobs on schedule, send webhooks, serve metrics, until stopped",
     add_serve_options, run_serve},
    {"jobs", "show the jobs of serve: schedules, last runs, what is next", add_jobs_options,
     run_jobs},
    {"run", "run a job now", add_run_options, run_run, "job"},
    {"rollup", "roll up the usage ledger once", add_json, run_rollup},
    {"invoice", "issue the invoices of a month", add_invoice_options, run_invoice},
    {"check", "report what endangers isolation; exit with 1 when something does", add_check_options,
     run_check},
    {"status", "show server, extension, tenants, ledger and leader", add_json, run_status},
};

} // namespace

std::span<const Command> commands()
{
    return kCommands;
}

} // namespace tenancyd
