// Rollups and invoices: the calls, and how their results are shown.
// SPDX-License-Identifier: PostgreSQL
#include "billing.hpp"

namespace tenancyd
{

pg::Result rollup(pg::Connection &connection)
{
    return connection.exec("SELECT * FROM tenancy.rollup()");
}

InvoiceRun issue_invoices(pg::Connection &connection, Month month)
{
    InvoiceRun run{
        connection.exec("SELECT * FROM tenancy.issue_invoices($1::date)", {first_day(month)})};
    for (int row = 0; row < run.rows.rows(); row++)
    {
        run.created += run.rows.text(row, "created") == "t";
        if (const auto error = run.rows.text(row, "error"); !error.empty())
        {
            run.failed++;
            run.first_error = run.first_error.empty() ? error : run.first_error;
        }
    }
    return run;
}

Invoice issue_invoice(pg::Connection &connection, const std::string &tenant, Month month)
{
    const auto id =
        connection
            .exec("SELECT tenancy.issue_invoice($1, $2::date) AS id", {tenant, first_day(month)})
            .value(0, "id");
    return {connection.exec(R"(
                SELECT i.id, i.tenant_id, i.plan, i.period_start, i.period_end, i.status, i.total,
                       i.currency, i.issued_at
                FROM tenancy.invoices i WHERE i.id = $1::bigint)",
                            {id}),
            connection.exec(R"(
                SELECT l.line_no, l.component, l.metric, l.model, l.quantity, l.unit_amount,
                       l.exact_amount, l.amount
                FROM tenancy.invoice_lines l WHERE l.invoice_id = $1::bigint ORDER BY l.line_no)",
                            {id})};
}

int exit_code(const InvoiceRun &run)
{
    if (run.failed == 0)
        return kOk;
    return run.failed == run.rows.rows() ? kFailure : kPartial;
}

Json to_json(const Invoice &invoice)
{
    Json document = to_json(invoice.head, 0);
    document["lines"] = to_json(invoice.lines);
    return document;
}

void print_invoice(std::ostream &out, const Invoice &invoice)
{
    const auto &head = invoice.head;
    out << "invoice " << head.text(0, "id") << " for " << head.text(0, "tenant_id") << ", plan "
        << head.text(0, "plan") << ", " << head.text(0, "period_start") << " to "
        << head.text(0, "period_end") << "\n\n";
    if (invoice.lines.rows())
        print_table(out, invoice.lines);
    out << "\ntotal " << head.text(0, "total") << " " << head.text(0, "currency") << std::endl;
}

} // namespace tenancyd
