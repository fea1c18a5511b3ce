// Rollups and invoices: the calls, and how their results are shown.
// SPDX-License-Identifier: PostgreSQL
#pragma once

#include "output.hpp"
#include "period.hpp"
#include "pg.hpp"

namespace tenancyd
{

// rows_rolled, tenants, watermark_from, watermark_to, pending.
pg::Result rollup(pg::Connection &connection);

struct InvoiceRun
{
    pg::Result rows; // tenant_id, invoice_id, total, currency, created, error: one a tenant
    int created = 0, failed = 0;
    std::string first_error{};
};

// Repeating it issues nothing again. A tenant that fails does not stop the others.
InvoiceRun issue_invoices(pg::Connection &connection, Month month);
int exit_code(const InvoiceRun &run);

struct Invoice
{
    pg::Result head, lines;
};

Invoice issue_invoice(pg::Connection &connection, const std::string &tenant, Month month);

Json to_json(const Invoice &invoice);
void print_invoice(std::ostream &out, const Invoice &invoice);

} // namespace tenancyd
