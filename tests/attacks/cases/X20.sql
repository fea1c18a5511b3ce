-- what: a procedure that commits in a loop over another tenant's rows, or over all tenants', and goes on under its own
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: the procedure opened the loop as the other tenant, or as a role that sees all, and has its rows; so as A1
-- attack
SELECT format('CREATE PROCEDURE pg_temp.mix() LANGUAGE plpgsql AS %L',
    'DECLARE r record; BEGIN PERFORM set_config(''tenancy.tenant_id'', ''other'', true);
     FOR r IN SELECT body FROM ' || :'t' || ' LOOP COMMIT; PERFORM set_config(''tenancy.tenant_id'', ''own'', true); RAISE WARNING ''saw %'', r.body; END LOOP; END') \gexec
\echo want 00000 got :SQLSTATE
CALL pg_temp.mix();
