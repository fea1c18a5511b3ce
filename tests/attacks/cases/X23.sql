-- what: read the registry, usage, invoices, events, logs of all tenants, or name another one to a function
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
-- All of them, also those to come.
SELECT count(*) AS readable FROM pg_class c
 WHERE c.relnamespace = 'tenancy'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.relname <> 'attached_tables'
   AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT, USAGE, UPDATE')
            ELSE has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES') END \gset
\echo want 0 got :readable
SELECT string_agg(p.proname, ',' ORDER BY p.proname) AS naming FROM (
    SELECT DISTINCT proname FROM pg_proc
     WHERE pronamespace = 'tenancy'::regnamespace AND has_function_privilege(oid, 'EXECUTE')
       AND proargnames && '{tenant,tenants,tenant_id,id,name,invoice,role}') p \gset
-- save_adoption() and backfill_batch() are about a table of one's own, run_as() about roles of one's own.
\echo want backfill_batch,run_as,save_adoption,set_tenant got :naming
\endif
-- after
UPDATE tenancy.tenants SET name = id WHERE id = 'other';
