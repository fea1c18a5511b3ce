-- What a void invoice gives back to a grant that has ended meanwhile is not lost: it goes on in a new one of the same length.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2031-01-01 00:00:00';
SELECT tenancy.create_plan('cr_plan'), tenancy.set_fee('cr_plan', 'base', 100), tenancy.create_tenant('cr_acme', 'cr_plan');
-- 40 that end on 2031-02-10, of which 5 may roll over; 30 that stay
SELECT tenancy.grant_credit('cr_acme', 40, expires_at => '2031-02-10', max_rollover => 5, reason => 'welcome') > 0 AS ending,
    tenancy.grant_credit('cr_acme', 30, priority => 1) > 0 AS staying;
CREATE TEMPORARY VIEW grants AS SELECT g.amount, g.balance, g.priority, g.starts_at, g.expires_at, g.max_rollover, o.reason AS rolled_from
FROM tenancy.credit_grants g LEFT JOIN tenancy.credit_grants o ON o.id = g.rolled_from WHERE g.tenant_id = 'cr_acme' ORDER BY g.id;
CREATE TEMPORARY VIEW books AS SELECT r.* FROM tenancy.reconcile('2031-01-01', '2032-01-01', 'cr_acme') r;
SET tenancy.clock = '2031-02-01 00:00:00';
SELECT tenancy.issue_invoice('cr_acme', '2031-01-15') AS first \gset
SELECT subtotal, credits, total FROM tenancy.invoices WHERE id = :first;
\echo in time: each grant has its own again
BEGIN;
SELECT tenancy.void_invoice(:first, 'mistake');
SELECT * FROM grants;
ROLLBACK;
\echo ten days after the end of the first: 40 + 30 can be drawn again, and are
SET tenancy.clock = '2031-02-20 00:00:00';
SELECT tenancy.expire_credits('cr_acme'), tenancy.void_invoice(:first, 'mistake'), tenancy.expire_credits('cr_acme') AS expired;
SELECT * FROM grants;
SELECT g.reason, e.kind, e.amount FROM tenancy.credit_entries e JOIN tenancy.credit_grants g ON g.id = e.grant_id WHERE g.tenant_id = 'cr_acme' ORDER BY e.id;
SELECT tenancy.issue_invoice('cr_acme', '2031-01-15') AS again \gset
SELECT a.subtotal, a.credits, a.total, a.total = f.total AS same FROM tenancy.invoices a, tenancy.invoices f WHERE a.id = :again AND f.id = :first;
SELECT * FROM grants;
SELECT * FROM books;
\echo and once more, after the end of the new one
SET tenancy.clock = '2031-06-01 00:00:00';
SELECT tenancy.void_invoice(:again, 'again');
SELECT sum(balance) FROM tenancy.credit_grants WHERE tenant_id = 'cr_acme';
SELECT * FROM books;
DELETE FROM tenancy.tenants WHERE id LIKE 'cr\_%';
RESET tenancy.clock;
