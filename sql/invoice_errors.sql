-- What cannot be invoiced is refused, and nothing is left of the attempt.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET tenancy.clock = '2026-03-10 00:00:00';
SELECT tenancy.create_plan('ie_plan'), tenancy.set_fee('ie_plan', 'base', 1), tenancy.create_tenant('ie_acme', 'ie_plan', time_zone => 'America/New_York'),
    tenancy.create_tenant('ie_none'), tenancy.create_tenant('ie_gone', 'ie_plan');
SELECT tenancy.close_tenant('ie_gone');
SET tenancy.clock = '2026-04-01 03:59:59';
SELECT tenancy.issue_invoice('ie_acme', '2026-03-15');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.issue_invoice('ie_acme', '2026-02-28');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.issue_invoice('ie_none', '2026-03-15');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.issue_invoice('ie_gone', '2026-04-15');
SELECT tenancy.issue_invoice('ie_unknown', '2026-03-15');
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.issue_invoice(NULL, '2026-03-15');
SELECT tenancy.issue_invoice('ie_acme', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT tenancy.issue_invoice('ie_acme', 'infinity');
SELECT * FROM tenancy.issue_invoices(NULL);
SELECT * FROM tenancy.verify_invoice(-1);
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM tenancy.invoices WHERE tenant_id LIKE 'ie\_%';
-- a second later, and closed within the month
SET tenancy.clock = '2026-04-01 04:00:00';
SELECT tenancy.issue_invoice('ie_acme', '2026-03-15') IS NOT NULL AS acme, tenancy.issue_invoice('ie_gone', '2026-03-15') IS NOT NULL AS gone;
DELETE FROM tenancy.tenants WHERE id LIKE 'ie\_%';
RESET tenancy.clock;
