// Whether tenants are kept apart: check() and prove_isolation(), for people and for CI.
// SPDX-License-Identifier: PostgreSQL
#include "check.hpp"

#include "error.hpp"

namespace tenancyd
{

FailOn parse_fail_on(const std::string &text)
{
    if (text == "warning")
        return FailOn::warning;
    if (text == "error")
        return FailOn::error;
    throw UsageError("--fail-on must be warning or error, not \"" + text + "\"");
}

CheckReport check(pg::Connection &connection, bool prove)
{
    CheckReport report{connection.exec("SELECT * FROM tenancy.check()"), {}};
    for (int row = 0; row < report.findings.rows(); row++)
    {
        const auto level = report.findings.text(row, "level");
        report.errors += level == "ERROR";
        report.warnings += level == "WARN";
    }
    if (!prove)
        return report;
    // What held is the rule, and too much to read.
    report.proof = connection.exec(R"(
        SELECT relation, attack, role, outcome, detail
        FROM tenancy.prove_isolation() WITH ORDINALITY AS p(relation, attack, role, outcome, detail, place)
        WHERE outcome <> 'held'
        ORDER BY array_position(ARRAY['BROKEN', 'leaks', 'not tried'], outcome), place)");
    for (int row = 0; row < report.proof->rows(); row++)
    {
        const auto outcome = report.proof->text(row, "outcome");
        report.errors += outcome == "BROKEN";
        report.warnings += outcome == "leaks";
    }
    return report;
}

int exit_code(const CheckReport &report, FailOn fail_on)
{
    const bool failed = report.errors > 0 || (fail_on == FailOn::warning && report.warnings > 0);
    return failed ? kFailure : kOk;
}

Json to_json(const CheckReport &report)
{
    Json document{{"errors", report.errors},
                  {"warnings", report.warnings},
                  {"findings", to_json(report.findings)}};
    if (report.proof)
        document["proof"] = to_json(*report.proof);
    return document;
}

void print_check(std::ostream &out, const CheckReport &report)
{
    if (report.findings.rows())
        print_table(out, report.findings);
    if (report.proof && report.proof->rows())
        print_table(out, *report.proof);
    out << report.errors << " errors, " << report.warnings << " warnings" << std::endl;
}

} // namespace tenancyd
