-- The books as text, without what differs between runs that did the same: ids, stamps, times of the machine.
-- SPDX-License-Identifier: PostgreSQL
SET timezone = 'UTC';
SELECT 'hour', tenant_id, metric, hour, quantity, events FROM tenancy.usage_hourly ORDER BY 2, 3, 4;
SELECT 'invoice', number, tenant_id, plan, period_start, period_end, kind, status, subtotal, discount, tax, credits, total, issued_at FROM tenancy.invoices ORDER BY number;
SELECT 'line', i.number, l.line_no, l.kind, l.component, l.quantity, l.exact_amount, l.amount, l.billed_before, l.item_start, l.item_end
FROM tenancy.invoices i JOIN tenancy.invoice_lines l ON l.invoice_id = i.id ORDER BY 2, 3;
SELECT 'grant', tenant_id, amount, balance, starts_at, expires_at FROM tenancy.credit_grants ORDER BY 2, 5, 6, 3;
SELECT 'entry', g.tenant_id, e.kind, e.amount, i.number FROM tenancy.credit_entries e JOIN tenancy.credit_grants g ON g.id = e.grant_id
LEFT JOIN tenancy.invoices i ON i.id = e.invoice_id ORDER BY 2, g.starts_at, 3, 4, 5;
SELECT 'plan', id, plan, status FROM tenancy.tenants ORDER BY 2;
SELECT 'event', tenant_id, type, payload - 'invoice' FROM tenancy.events_outbox ORDER BY 2, 3, 4;
SELECT 'audit', action, object, count(*) FROM tenancy.audit_log WHERE action <> 'schedule_job' GROUP BY 2, 3 ORDER BY 2, 3;
