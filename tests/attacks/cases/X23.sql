-- what: read the registry, usage, invoices and audit log of all tenants
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed super=open
-- do: operators and superusers may; grant them to nobody else
-- types: text
-- kinds: plain
-- twin: none, these tables have no wall but privileges
-- setup
UPDATE tenancy.tenants SET name = 'LEAK' WHERE id = 'other';
-- attack
SELECT name FROM tenancy.tenants;
\if :is_super
\echo want 00000 got :SQLSTATE
\else
\echo want 42501 got :SQLSTATE
SELECT * FROM tenancy.audit_log;
\echo want 42501 got :SQLSTATE
SELECT * FROM tenancy.usage_ledger;
\echo want 42501 got :SQLSTATE
SELECT * FROM tenancy.invoices;
\echo want 42501 got :SQLSTATE
\endif
-- after
UPDATE tenancy.tenants SET name = id WHERE id = 'other';
