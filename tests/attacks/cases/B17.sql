-- what: read the changes of all tenants by logical replication
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed super=open
-- types: text
-- kinds: plain
-- twin: none, row security has no part in replication
-- do: give REPLICATION, slots and subscriptions only to operators; replicate one tenant with a row filter
-- setup
SELECT count(*) FROM pg_create_logical_replication_slot('attacks', 'test_decoding');
UPDATE :t SET amount = amount WHERE tenant_id = :'other';
-- attack
CREATE PUBLICATION everything FOR ALL TABLES;
\echo want 42501 got :SQLSTATE
SELECT data FROM pg_logical_slot_peek_changes('attacks', NULL, NULL);
\if :is_super
\echo want 00000 got :SQLSTATE
\else
\echo want 42501 got :SQLSTATE
\endif
-- after
SELECT pg_drop_replication_slot('attacks');
