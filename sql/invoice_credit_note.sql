-- Credit notes: lines or all of an invoice, with their share of discount and tax; together never more than it was.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET tenancy.clock = '2026-03-01 00:00:00';
SELECT tenancy.create_plan('ic_plan'), tenancy.set_fee('ic_plan', 'a', 10), tenancy.set_fee('ic_plan', 'b', 20.01), tenancy.create_tenant('ic_acme', 'ic_plan'), tenancy.set_tax('ic_acme', 'VAT', 19),
    tenancy.create_coupon('ic_off', percent_off => 10), tenancy.redeem_coupon('ic_acme', 'ic_off');
SET tenancy.clock = '2026-04-01 00:00:00';
SELECT tenancy.issue_invoice('ic_acme', '2026-03-15') AS id \gset
SELECT line_no, kind, amount FROM tenancy.invoice_lines WHERE invoice_id = :id ORDER BY 1;
SELECT tenancy.issue_credit_note(:id, '[{"line": 1, "amount": "3.33"}]', 'outage') AS first \gset
SELECT kind, number LIKE 'CN-%' AS numbered, subtotal, discount, tax, total FROM tenancy.invoices WHERE id = :first;
-- (the messages have numbers that other tests move)
\set VERBOSITY sqlstate
SELECT tenancy.issue_credit_note(:id, '[{"line": 1, "amount": "7"}]');
SELECT tenancy.issue_credit_note(:id, '[{"line": 1, "amount": "0.001"}]');
SELECT tenancy.issue_credit_note(:id, '[{"line": 9}]');
SELECT tenancy.issue_credit_note(:id, '[{"line": 1, "amount": "-1"}]');
SELECT tenancy.issue_credit_note(:first);
SELECT tenancy.issue_credit_note(-1);
-- the rest, as credit
SELECT tenancy.issue_credit_note(:id, as_credit => true) AS second \gset
SELECT i.total + sum(c.total) AS left_over, count(*) AS notes FROM tenancy.invoices i JOIN tenancy.invoices c ON c.corrects = i.id WHERE i.id = :id GROUP BY i.total;
SELECT g.balance = -i.total AS credited FROM tenancy.invoices i JOIN tenancy.credit_grants g ON g.invoice_id = i.id WHERE i.id = :second;
SELECT tenancy.issue_credit_note(:id);
SELECT tenancy.void_invoice(:id, 'no');
SELECT count(*) FILTER (WHERE NOT v.ok) AS wrong FROM tenancy.invoices i, tenancy.verify_invoice(i.id) v WHERE i.tenant_id = 'ic_acme';
-- what was credited is not billed again
SET tenancy.clock = '2026-05-01 00:00:00';
SELECT tenancy.issue_invoice('ic_acme', '2026-04-15') AS next \gset
SELECT subtotal FROM tenancy.invoices WHERE id = :next;
-- lines named twice, and what is none
\set VERBOSITY sqlstate
SELECT tenancy.issue_credit_note(:next, '[{"line": 2}, {"line": 2}]');
SELECT tenancy.issue_credit_note(:next, '[{"line": 2, "amount": "20.01"}, {"line": "2", "amount": "20.01"}]');
SELECT tenancy.issue_credit_note(:next, '{"line": 2}');
SELECT tenancy.issue_credit_note(:next, '[{"line": 2, "amount": "NaN"}]');
SELECT tenancy.issue_credit_note(:next, '[{"line": 2, "sum": "1"}]');
\echo an invoice with an item below zero: never more than all of it, and all of it
SELECT tenancy.create_plan('ic_small'), tenancy.create_plan('ic_large'), tenancy.set_fee('ic_small', 'base', 30, timing => 'advance'), tenancy.set_fee('ic_large', 'base', 60), tenancy.create_tenant('ic_beta', 'ic_small');
SELECT cardinality(tenancy.open_accounts('ic_beta')), tenancy.set_tax('ic_beta', 'VAT', 10);
SET tenancy.clock = '2026-05-16 12:00:00';
SELECT tenancy.change_plan('ic_beta', 'ic_large') IS NOT NULL AS changed;
SET tenancy.clock = '2026-06-01 00:00:00';
SELECT tenancy.issue_invoice('ic_beta', '2026-05-15') AS mixed \gset
SELECT line_no, kind, amount FROM tenancy.invoice_lines WHERE invoice_id = :mixed ORDER BY 1;
SELECT tenancy.issue_credit_note(:mixed, '[{"line": 1}]');
SELECT tenancy.issue_credit_note(:mixed, '[{"line": 2}]');
SELECT tenancy.issue_credit_note(:mixed, '[{"line": 2, "amount": "5"}]') AS part \gset
SELECT tenancy.issue_credit_note(:mixed) AS rest \gset
SELECT id = :part AS part, subtotal, tax, total FROM tenancy.invoices WHERE id IN (:part, :rest) ORDER BY id;
SELECT i.total + sum(c.total) AS left_over FROM tenancy.invoices i JOIN tenancy.invoices c ON c.corrects = i.id WHERE i.id = :mixed GROUP BY i.total;
SELECT tenancy.issue_credit_note(:mixed);
SELECT count(*) FROM tenancy.reconcile('2026-03-01', '2026-07-01') WHERE tenant_id LIKE 'ic\_%';
UPDATE tenancy.invoices SET total = total WHERE id = :first;
DELETE FROM tenancy.invoice_lines WHERE invoice_id = :first;
DELETE FROM tenancy.tenants WHERE id LIKE 'ic\_%';
RESET tenancy.clock;
