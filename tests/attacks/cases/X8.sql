-- what: change the tenant in the middle of a query: in its output, a function, a `SET` clause, while it is planned
-- SPDX-License-Identifier: PostgreSQL
-- outcome: closed
-- attack
CREATE FUNCTION pg_temp.become(text) RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN PERFORM set_config('tenancy.tenant_id', $1, false); RETURN 1; END $$;
CREATE FUNCTION pg_temp.becoming(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM set_config('tenancy.tenant_id', $1, false); RETURN 1; END $$;
SELECT format('CREATE FUNCTION pg_temp.as_other(query text) RETURNS text LANGUAGE plpgsql SET tenancy.tenant_id = %L AS %L', :'other',
    'DECLARE found text; BEGIN EXECUTE query INTO found; RETURN found; END') \gexec
SELECT body, pg_temp.become(:'other') FROM :t;
\echo want 55006 got :SQLSTATE
SELECT body FROM :t WHERE pg_temp.become(:'other') = 1;
SELECT pg_temp.as_other('SELECT string_agg(body, '','') FROM ' || :'t') FROM :t;
UPDATE :t SET amount = pg_temp.become(:'other');
RESET tenancy.tenant_id;
SELECT body FROM :t WHERE pg_temp.becoming(:'own') = 1;
\if :is_walled
SELECT :'SQLSTATE' AS state \gset
\echo want 55006 got :state
\endif
