-- A credit note gives back to prepaid credit what that has paid: an invoice and its notes come to what the tenant pays in money, and
-- never is more refunded than that. The figures are worked out by hand beside each step.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2032-01-01 00:00:00';
SELECT tenancy.create_plan('ib_plan'), tenancy.create_metric('ib.calls'), tenancy.set_fee('ib_plan', 'base', 10), tenancy.set_price('ib_plan', 'ib.calls', 0.10), tenancy.set_minimum('ib_plan', 50),
    tenancy.create_tenant('ib_acme', 'ib_plan');
SELECT tenancy.create_coupon('ib_calls', percent_off => 20, component => 'ib.calls'), tenancy.create_coupon('ib_ten', amount_off => 10, currency => 'USD', periods => 1),
    tenancy.redeem_coupon('ib_acme', 'ib_calls'), tenancy.redeem_coupon('ib_acme', 'ib_ten'), tenancy.set_tax('ib_acme', 'VAT', 19), tenancy.set_tax('ib_acme', 'city', 2.5);
SELECT tenancy.grant_credit('ib_acme', 7, expires_at => '2032-02-10', reason => 'ending') > 0 AS ending, tenancy.grant_credit('ib_acme', 15, reason => 'staying') > 0 AS staying;
SET tenancy.tenant_id = 'ib_acme';
SELECT tenancy.record_usage('ib.calls', 123);
RESET tenancy.tenant_id;
SET tenancy.clock = '2032-02-01 00:00:00';
SELECT tenancy.issue_invoice('ib_acme', '2032-01-15') AS id \gset
-- 10 + 12.30 + 27.70 to the minimum = 50; less 20 % of 12.30 = 2.46 and 10 = 37.54; VAT 7.1326, city 0.9385; 45.61, of which 7 and 15 are credit
SELECT line_no, kind, component, amount FROM tenancy.invoice_lines WHERE invoice_id = :id ORDER BY 1;
SELECT subtotal, discount, tax, credits, total FROM tenancy.invoices WHERE id = :id;
SELECT tenancy.pay_invoice(:id, 'wire');
CREATE TEMPORARY VIEW grants AS SELECT g.reason, g.amount, g.balance, g.expires_at FROM tenancy.credit_grants g WHERE g.tenant_id = 'ib_acme' ORDER BY g.id;
CREATE TEMPORARY VIEW books AS SELECT r.* FROM tenancy.reconcile('2032-01-01', '2033-01-01', 'ib_acme') r;
-- 30 of 50: discount 12.46 x 3/5 = 7.476; VAT 7.13 x 3/5 = 4.278, city 0.94 x 3/5 = 0.564; 27.36, of which 22 x 27.36 / 45.61 = 13.197 are credit: from the one that was drawn last
SELECT tenancy.issue_credit_note(:id, '[{"line": 1, "amount": "10"}, {"line": 2, "amount": "20"}]') AS first \gset
SELECT kind, amount FROM tenancy.invoice_lines WHERE invoice_id = :first ORDER BY line_no;
SELECT subtotal, discount, tax, credits, total FROM tenancy.invoices WHERE id = :first;
SELECT * FROM grants;
-- the rest after the end of the first grant: 1.80 to the one, 7 to a new one; the money, 9.45, becomes credit
SET tenancy.clock = '2032-03-01 12:00:00';
SELECT tenancy.issue_credit_note(:id, as_credit => true) AS rest \gset
SELECT kind, amount FROM tenancy.invoice_lines WHERE invoice_id = :rest ORDER BY line_no;
SELECT subtotal, discount, tax, credits, total FROM tenancy.invoices WHERE id = :rest;
SELECT regexp_replace(reason, 'CN-[0-9]+', 'CN-') AS reason, amount, balance, expires_at FROM grants;
SELECT i.total + sum(c.total) AS money_left, i.credits + sum(c.credits) AS credit_left FROM tenancy.invoices i JOIN tenancy.invoices c ON c.corrects = i.id WHERE i.id = :id GROUP BY i.id;
SELECT count(*) FILTER (WHERE NOT v.ok) AS wrong FROM tenancy.invoices i, tenancy.verify_invoice(i.id) v WHERE i.tenant_id = 'ib_acme';
SELECT * FROM books;
\echo all of it paid by credit, in notes of a cent each: never any money back
SET tenancy.clock = '2032-04-01 00:00:00';
SELECT tenancy.create_plan('ib_cents'), tenancy.set_fee('ib_cents', 'base', 0.07), tenancy.create_tenant('ib_beta', 'ib_cents'), tenancy.set_tax('ib_beta', 'VAT', 50), tenancy.grant_credit('ib_beta', 1) > 0 AS credit;
SET tenancy.clock = '2032-05-01 00:00:00';
SELECT tenancy.issue_invoice('ib_beta', '2032-04-15') AS cents \gset
SELECT subtotal, tax, credits, total FROM tenancy.invoices WHERE id = :cents;
SELECT count(tenancy.issue_credit_note(:cents, '[{"line": 1, "amount": "0.01"}]')) FROM generate_series(1, 7);
SELECT subtotal, tax, credits, total FROM tenancy.invoices WHERE corrects = :cents ORDER BY id;
SELECT balance FROM tenancy.credit_grants WHERE tenant_id = 'ib_beta';
SELECT r.* FROM tenancy.reconcile('2032-01-01', '2033-01-01', 'ib_beta') r;
\echo a note that gives back what was not drawn is told
BEGIN;
UPDATE tenancy.credit_entries SET amount = 1 WHERE kind = 'return' AND amount = 0.02 AND invoice_id = (SELECT min(id) FROM tenancy.invoices WHERE corrects = :cents);
SELECT part, expected, actual, detail FROM tenancy.reconcile('2032-01-01', '2033-01-01', 'ib_beta');
ROLLBACK;
DELETE FROM tenancy.tenants WHERE id LIKE 'ib\_%';
RESET tenancy.clock;
